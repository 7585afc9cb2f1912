"""The bulk backlog into a FIFO queue: that of a server which only answers, and that of moto, which is slower than whoever sends."""

import contextlib
import os
import socket
import subprocess
import time
import urllib.request

import broker
import measurement
import processes
from backlogs import PUBLICATION, standard
from broker_delivery import Into, lending, take_turns
from peers import HERE, PYTHON, Peer, Tailrace

KINDS = ["sqs", "sqs-moto"]
SLOW = 5000  # more rows would only measure moto
PATH = "123456789012/orders.fifo"


class Answering:
    """The server that only answers."""

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen([*PYTHON, os.path.join(HERE, "queue_server.py"), str(self.port)])
        self.environment = {
            "AWS_ACCESS_KEY_ID": "AKIDSCRATCH", "AWS_SECRET_ACCESS_KEY": "scratch", "AWS_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}"}
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError):
                self.empty()
                return
            if time.monotonic() > deadline:
                raise measurement.Failure("the answering server does not start")
            time.sleep(0.05)

    def ask(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=10) as answer:
            return answer.read()

    def empty(self):
        self.ask("empty")

    def count(self):
        return int(self.ask("count"))

    def processor_time(self):
        return processes.processor_time(self.process.pid)

    def destroy(self):
        self.process.terminate()
        self.process.wait(10)


class Moto(broker.Broker):
    """moto, begun anew for each run: what a queue was given it does not take again."""

    def __init__(self, directory):
        super().__init__("sqs", os.path.join(directory, "sqs"))

    def empty(self):
        broker.scratch_broker("restart", self.directory)

    def count(self):
        return int(self.control(
            f'print(sqs.get_queue_attributes(QueueUrl="http://127.0.0.1:{self.port}/{PATH}", AttributeNames=["All"])'
            '["Attributes"]["ApproximateNumberOfMessages"])'))

    def processor_time(self):
        with open(os.path.join(self.directory, "broker.pid"), encoding="utf-8") as file:
            return processes.processor_time(int(file.read()))


class TailraceInto(Into, Tailrace):
    """tailrace, as it is without settings."""

    def __init__(self, bench, found):
        super().__init__("tailrace", bench)
        self.broker = found

    def command(self, backlog, slot):
        self.begin()
        command = super().command(backlog, slot)
        place = command.index("--sink")
        return [*command[:place], "--sink", f"sqs:http://127.0.0.1:{self.broker.port}/{PATH}", *command[place + 2:]]


class ByHand(Into, Peer):
    """A relay written by hand."""

    def __init__(self, bench, found):
        super().__init__("boto3", bench)
        self.broker = found

    def command(self, backlog, slot):
        self.begin()
        return [*PYTHON, os.path.join(HERE, "queue_client.py"), self.dsn(backlog), slot, PUBLICATION, str(backlog.rows),
                f"http://127.0.0.1:{self.broker.port}/{PATH}"]


@contextlib.contextmanager
def running(bench, kind):
    broker.clients("sqs")
    clients = broker.scratch_broker("python", "sqs")
    with lending(bench, Answering() if kind == "sqs" else Moto(bench.directory), clients) as found:
        yield found


def drain(kind, bench):
    """tailrace and a relay written by hand, in turns."""
    rows = bench.options.rows if kind == "sqs" else min(SLOW, bench.options.rows)
    with standard("bulk", rows, 0).loaded(bench.server) as backlog, running(bench, kind) as found:
        take_turns(kind, bench, backlog, TailraceInto(bench, found), ByHand(bench, found))
