"""Instructions for each step of one event's way: counted, not timed, so that they are the same every time."""

import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys

import report
from server import SCRIPTS

STEPS = ["decode", "map", "envelope", "pipeline", "avro-contract", "json-contract", "dataschema", "handover", "avro-handover",
         "avro-encoded", "checksum"]
# What encoding may cost: the step, the same without it, and how many times as much; None where that is only told.
RATIOS = [("avro-encoded", "avro-handover", 1.6), ("avro-handover", "handover", None), ("avro-encoded", "handover", None)]
# The difference between two counts leaves out how the program starts.
COUNTS = (1000, 11000)
THRESHOLDS = os.path.join(os.path.dirname(SCRIPTS), "Tests/Microbenchmarks/thresholds.json")
# Other processors have other ways to copy bytes.
TOLERANCE = 0.03


def build():
    """Builds the program as tailrace is built and gives its path."""
    done = subprocess.run(
        [os.path.join(SCRIPTS, "build"), "--product", "microbenchmarks"], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def instructions(program, step, count):
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, step, str(count)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=300, check=True)
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def count(directory):
    """How many instructions each step takes for a row."""
    if not shutil.which("valgrind"):
        raise RuntimeError("needs valgrind (Scripts/prerequisites --test)")
    # Valgrind stumbles over the debugging information of newer compilers.
    program = os.path.join(directory, "microbenchmarks")
    subprocess.run(["strip", "-g", "-o", program, build()], check=True)

    def of_step(step):
        low, high = (instructions(program, step, rows) for rows in COUNTS)
        return (high - low) / (COUNTS[1] - COUNTS[0])

    # What is counted is the same however many run beside it.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as side_by_side:
        return dict(zip(STEPS, side_by_side.map(of_step, STEPS), strict=True))


def run(directory, check=False):
    """Prints the table, and gives the exit code; with `check`, not 0 where a step takes more than the thresholds allow."""
    found = count(directory)
    with open(THRESHOLDS, encoding="utf-8") as file:
        thresholds = json.load(file)
    rows = [[step, f"{found[step]:,.0f}", f"{thresholds[step]:,}"] for step in STEPS]
    print(report.table(["a row of about 430 bytes", "instructions", "threshold"], rows))
    dear = []
    for step, plain, most in RATIOS:
        ratio = found[step] / found[plain]
        print(f"{step} is {ratio:.2f} × {plain}" + (f", of {most} × at most" if most else ""))
        if most and ratio > most:
            dear.append(f"{step} takes more than {most} × the instructions of {plain}")
    for words in dear:
        print(f"benchmark: {words}", file=sys.stderr)
    slower = [step for step in STEPS if found[step] > thresholds[step] * (1 + TOLERANCE)]
    faster = [step for step in STEPS if found[step] < thresholds[step] * (1 - TOLERANCE)]
    for step in slower:
        print(f"benchmark: {step} takes more instructions than {os.path.relpath(THRESHOLDS, os.path.dirname(SCRIPTS))}"
              f" allows, by more than {TOLERANCE:.0%}", file=sys.stderr)
    for step in faster:
        print(f"benchmark: {step} takes fewer instructions than its threshold: lower that", file=sys.stderr)
    return 1 if check and (slower or dear) else 0
