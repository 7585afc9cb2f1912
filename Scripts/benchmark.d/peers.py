"""Who drains a backlog: tailrace, and what it is compared with."""

import json
import os
import re
import subprocess
import sys

from backlogs import PUBLICATION
from measurement import Failure

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = [sys.executable, "-B"]


class Peer:
    """A client of a backlog: how to start it, and what to make of its run."""

    def __init__(self, name, bench):
        self.name, self.bench = name, bench

    def dsn(self, backlog):
        """How it connects."""
        return self.bench.server.dsn(backlog.database)

    def command(self, backlog, slot):
        raise NotImplementedError

    def output(self):
        return subprocess.PIPE

    def conclude(self, backlog, measure):
        """Checks what arrived, when the clock has stopped."""

    def further(self, backlog, measure):
        """What else a run tells, under names of its own."""
        return {}


class Tailrace(Peer):
    """Writes CloudEvents lines into a file that is fsync'd before a position is confirmed."""

    def __init__(self, name, bench, *more, sink="file"):
        super().__init__(name, bench)
        self.more, self.sink = more, sink
        self.path = os.path.join(bench.directory, "events.ndjson")

    def command(self, backlog, slot):
        self.remove()
        sink = f"file:{self.path}" if self.sink == "file" else "stdout"
        return [self.bench.tailrace, "stream", "--database", self.dsn(backlog), "--publication", PUBLICATION,
                "--slot", slot, "--sink", sink, "--until", backlog.until, "--no-retry", "--log-level", "warning",
                *(f"--table=public.{table}" for table in backlog.tables), *self.more]

    def output(self):
        return subprocess.DEVNULL

    def conclude(self, backlog, measure):
        if self.sink == "file":
            check(self.path, backlog, self.name)
            self.remove()

    def remove(self):
        for path in (self.path, self.path + ".state"):
            if os.path.exists(path):
                os.remove(path)


class Recvlogical(Peer):
    """PostgreSQL's own client, which writes the messages to /dev/null as they are."""

    def command(self, backlog, slot):
        return [os.path.join(self.bench.programs, "pg_recvlogical"), "--dbname", self.dsn(backlog), "--slot",
                slot, "--start", "--endpos", backlog.until, "--no-loop", "--file", "/dev/null",
                "--option", "proto_version=1", "--option", f"publication_names={PUBLICATION}"]


class Psycopg(Peer):
    """psycopg2 in Python."""

    def command(self, backlog, slot):
        return [*PYTHON, os.path.join(HERE, "psycopg_client.py"), self.dsn(backlog), slot, PUBLICATION,
                str(backlog.rows)]


class Ceiling(Peer):
    """A bare socket. Only its stream counts: that the language it is written in starts slowly says nothing."""

    def __init__(self, name, bench, streaming="off"):
        super().__init__(name, bench)
        self.pause, self.streaming = 200, streaming

    def command(self, backlog, slot):
        return [*PYTHON, "-S", os.path.join(HERE, "ceiling.py"), self.bench.server.port, backlog.database, slot,
                PUBLICATION, backlog.id(backlog.rows), str(self.pause), self.streaming]

    def conclude(self, backlog, measure):
        said = json.loads(measure.output)
        measure.wall, measure.cpu = said["seconds"], said["cpu"]


def check(path, backlog, name):
    """Raises unless a file has each event of a backlog exactly once, in order."""
    n = 0
    with open(path, "rb") as file:
        for n, line in enumerate(file, 1):
            found = re.search(rb'"id":"([^"]*)"', line)
            if n > backlog.rows or not found or found.group(1) != backlog.id(n).encode() or not line.endswith(b"}\n"):
                raise Failure(f"{name}: line {n} is not the event that comes there: {line[:300]!r}")
    if n != backlog.rows:
        raise Failure(f"{name}: {n} events came instead of {backlog.rows}")


def standard(bench):
    """The peers by name, in the order in which they take turns."""
    return {
        "ceiling": Ceiling("ceiling", bench),
        "pg_recvlogical": Recvlogical("pg_recvlogical", bench),
        "tailrace": Tailrace("tailrace", bench),
        "unpaced": Tailrace("tailrace, --read-pacing off", bench, "--read-pacing", "off"),
        "stdout": Tailrace("tailrace, to /dev/null", bench, sink="stdout"),
        "psycopg2": Psycopg("psycopg2", bench),
    }


def streaming(bench):
    """Those who take a large transaction while the server still decodes it, and tailrace that does not."""
    found = [Ceiling("ceiling, streaming", bench, "on")]
    if bench.has_option("stream", "--streaming"):
        found.append(Tailrace("tailrace, --streaming off", bench, "--streaming", "off"))
    return found
