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


def clients():
    """Lets confluent_kafka, kafka, pika and redis be imported."""
    path = scratch_broker("python")
    if path not in sys.path:
        sys.path.append(path)


class Broker:
    """One broker."""

    def __init__(self, kind, directory, *options):
        self.kind, self.directory = kind, directory
        self.address = scratch_broker("start", kind, directory, *options)
        self.port = int(re.search(r":(\d+)$", self.address).group(1))
        # What a program needs that talks to it.
        self.environment = {"LD_LIBRARY_PATH": scratch_broker("library")} if kind == "kafka" else {}

    def kill(self):
        scratch_broker("kill", self.directory)

    def start(self):
        scratch_broker("start", self.kind, self.directory)

    def control(self, *arguments):
        return scratch_broker("ctl", self.directory, *arguments)

    def destroy(self):
        scratch_broker("destroy", self.directory)
