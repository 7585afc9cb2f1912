"""Instructions for each step of one event's way: counted, not timed, so that they are the same every time."""

import os
import re
import shutil
import subprocess

import report
from server import SCRIPTS

STEPS = ["decode", "map", "envelope", "pipeline", "checksum"]
# The difference between two counts leaves out how the program starts.
COUNTS = (1000, 11000)


def build():
    """Builds the program and gives its path."""
    command = ["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", "microbenchmarks"]
    root = os.path.dirname(SCRIPTS)
    subprocess.run(command, cwd=root, stdout=subprocess.DEVNULL, check=True)
    done = subprocess.run([*command, "--show-bin-path"], cwd=root, stdout=subprocess.PIPE, text=True, check=True)
    return os.path.join(done.stdout.strip(), "microbenchmarks")


def instructions(program, step, count):
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, step, str(count)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=300, check=True)
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def run(directory):
    """Prints the table."""
    if not shutil.which("valgrind"):
        raise RuntimeError("needs valgrind (Scripts/prerequisites --benchmark)")
    # Valgrind stumbles over the debugging information of newer compilers.
    program = os.path.join(directory, "microbenchmarks")
    subprocess.run(["strip", "-g", "-o", program, build()], check=True)
    rows = []
    for step in STEPS:
        low, high = (instructions(program, step, count) for count in COUNTS)
        rows.append([step, f"{(high - low) / (COUNTS[1] - COUNTS[0]):,.0f}"])
    print(report.table(["a row of about 430 bytes", "instructions"], rows))
