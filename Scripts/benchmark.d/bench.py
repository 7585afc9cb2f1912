"""The server, the programs and the results that all workloads share."""

import os
import subprocess
import sys

import machine
import report
from server import SCRATCH_SERVER, SCRIPTS, Server, clean_environment

SETTINGS = [
    "max_wal_senders=10", "max_replication_slots=20", "shared_buffers=512MB", "max_wal_size=8GB",
    "checkpoint_timeout=1h", "full_page_writes=off", "autovacuum=off",
]
# Where Scripts/prerequisites --benchmark puts Python's packages.
PACKAGES = os.path.join(os.path.dirname(SCRIPTS), ".build", "benchmark-python")


class Bench:
    """One run of the benchmark."""

    def __init__(self, directory, tailrace, options):
        self.directory, self.tailrace, self.options = directory, tailrace, options
        self.programs = subprocess.run(
            [SCRATCH_SERVER, "bindir", *(["--version", options.server_version] if options.server_version else [])],
            stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        self.environment = clean_environment(PYTHONPATH=PACKAGES)
        self.problems = []
        self.results = {}
        self.server = Server(os.path.join(directory, "server"), options.server_version, SETTINGS)
        with open(os.path.join(directory, "server", "data", "postmaster.pid"), encoding="utf-8") as file:
            self.postmaster = int(file.readline())
        self.facts = machine.facts(self)
        self.say(", ".join(f"{name} {value}" for name, value in self.facts.items()))

    def say(self, text):
        print(text, flush=True)

    def begin(self, name):
        self.name = name
        self.say(f"\n{name}")

    def fail(self, problem):
        self.problems.append(problem)
        print(f"  FAILED {problem}", file=sys.stderr, flush=True)

    def conclude(self, rounds, *, part=None, headings=report.HEADINGS, compare=(), **settings):
        """Prints the figures of a workload, or of a part of it, and keeps them for the JSON."""
        if any(rounds):
            # About 2 is the benchmark's own; when it is more, others used the machine too.
            load = os.getloadavg()[0]
            self.say(f"  load {load:.1f}")
            self.results[f"{self.name}, {part}" if part else self.name] = {
                "settings": settings, "load": load, "summary": report.summary(rounds), "rounds": rounds}
            self.say(report.peers(rounds, headings, compare))

    def has_python(self, package):
        """Whether peers written in Python find a package."""
        done = subprocess.run([sys.executable, "-B", "-c", f"import {package}"], env=self.environment,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
        return done.returncode == 0

    def has_option(self, command, option):
        """Whether tailrace has an option; not every version has each."""
        done = subprocess.run([self.tailrace, command, "--help"], stdout=subprocess.PIPE, text=True, timeout=30)
        return option in done.stdout.split()

    def end(self, path):
        """Removes the server and writes what there is."""
        self.server.destroy()
        if self.results:
            os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
            report.write(path, {"machine": self.facts, "server_settings": SETTINGS, "workloads": self.results,
                                "problems": self.problems})
            self.say(f"\nfigures: {os.path.normpath(path)}")
