"""What all scripts in Python do alike on their command lines, and where they find the program."""

import argparse
import os
import subprocess
import sys

SCRIPTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Parser(argparse.ArgumentParser):
    """The script's own text is its help: a paragraph in front of the options, the others behind them."""

    def __init__(self, text):
        description, _, notes = text.strip().partition("\n\n")
        super().__init__(
            prog=f"Scripts/{os.path.basename(sys.argv[0])}", description=description, epilog=notes, allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter)

    def error(self, message):
        self.print_usage(sys.stderr)
        print(f"{self.prog}: {message}", file=sys.stderr)
        raise SystemExit(os.EX_USAGE)


def tailrace(*options):
    """The program: $TAILRACE_BINARY, else what Scripts/build makes with these options."""
    binary = os.environ.get("TAILRACE_BINARY")
    if not binary:
        done = subprocess.run([os.path.join(SCRIPTS, "build"), *options], stdout=subprocess.PIPE, text=True, check=True)
        binary = done.stdout.strip()
    if not os.access(binary, os.X_OK):
        raise SystemExit(f"{os.path.basename(sys.argv[0])}: {binary} is no program")
    return os.path.abspath(binary)
