"""A scratch broker, and clients of it that are not ours."""

import os
import re
import subprocess
import sys

SCRATCH_BROKER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "scratch-broker")


def scratch_broker(*arguments, seconds=180):
    done = subprocess.run(
        [SCRATCH_BROKER, *arguments], text=True, timeout=seconds, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True)
    if done.returncode:
        raise RuntimeError(f"scratch-broker {arguments[0]} failed: {done.stderr.strip()[-600:]}")
    return done.stdout.strip()


# One place speaks both.
NAMES = {"sns": "sqs"}


def clients(kind=""):
    """Lets confluent_kafka, kafka, pika, redis and nats be imported, and boto3 for SQS and SNS."""
    paths = [scratch_broker("python")]
    if NAMES.get(kind, kind) == "sqs":
        paths.append(scratch_broker("python", "sqs"))
    sys.path += [path for path in paths if path not in sys.path]


class Broker:
    """One broker."""

    def __init__(self, kind, directory, *options):
        self.kind, self.directory = NAMES.get(kind, kind), directory
        self.address = scratch_broker("start", self.kind, directory, *options)
        self.port = int(re.search(r":(\d+)(/|$)", self.address).group(1))
        # What a program needs that talks to it.
        self.environment = {"LD_LIBRARY_PATH": scratch_broker("library")} if kind == "kafka" else {}
        if self.kind == "sqs":
            with open(os.path.join(directory, "keys.sh"), encoding="utf-8") as file:
                self.environment = dict(line.split()[1].split("=", 1) for line in file)

    def kill(self):
        scratch_broker("kill", self.directory)

    def start(self):
        scratch_broker("start", self.kind, self.directory)

    def control(self, *arguments):
        return scratch_broker("ctl", self.directory, *arguments)

    def destroy(self):
        scratch_broker("destroy", self.directory)
