"""Streaming and polling side by side: how long an event takes at several rates of commits, what that costs the server, and how fast
a backlog is drained."""

import contextlib
import os
import subprocess
import time

import chart
import latency
import listener
import processes
from backlogs import PUBLICATION, Backlog, lsn
from measurement import Failure

RATES = [10, 200, 2000]
SLOT = "sources"
ALONE = "writers alone"

HEADINGS = [
    ("p50 ms", "p50", "{:.2f}"),
    ("p99 ms", "p99", "{:.2f}"),
    ("events/s", "events_per_second", "{:,.0f}"),
    ("server CPU %", "server_cpu", "{:.1f}"),
    ("client CPU %", "client_cpu", "{:.1f}"),
    ("log bytes/event", "log_bytes", "{:,.0f}"),
    ("dead rows/event", "dead_rows", "{:.2f}"),
]
DRAINED = [
    ("events/s", "events_per_second", "{:,.0f}"),
    ("client CPU s/1M", "client_cpu_per_million", "{:.2f}"),
    ("server CPU s/1M", "server_cpu_per_million", "{:.2f}"),
]


class Source:
    """One way from the table to standard output."""

    def __init__(self, name, *command, notifies=False):
        self.name, self.command, self.notifies = name, command, notifies

    @property
    def streams(self):
        return self.command[0] == "stream"

    def arguments(self, bench, database):
        own = ["--publication", PUBLICATION, "--slot", SLOT] if self.streams else []
        return [bench.tailrace, *self.command, *own, "--database", bench.server.dsn(database), "--no-retry", "--log-level",
                "warning"]


SOURCES = [
    Source("streaming", "stream"),
    Source("streaming, rows deleted", "stream", "--after-delivery", "delete"),
    Source("polling", "poll", "--after-delivery", "delete"),
    Source("polling, notified", "poll", "--after-delivery", "delete", notifies=True),
]


class Reader(listener.Listener):
    """A client of any kind; what it costs the server is not its own backend's time only."""

    def __init__(self, bench, command, settles=True):
        super().__init__(bench, command)
        self.settles = settles

    def _connected(self):
        deadline = time.monotonic() + 20
        while self.settles and self.process.poll() is None and not self.is_there():
            if time.monotonic() > deadline:
                raise Failure(f"{self.process.args[1]} does not connect: {self.said()}")
            time.sleep(0.05)
        if self.settles:
            time.sleep(1)  # until what the start left to do is done

    def is_there(self):
        count = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'tailrace%'"
        return int(self.bench.server.query(count)[0]) > 0

    def usage(self):
        """The processor seconds so far of the client and of the whole server."""
        return processes.processor_time(self.process.pid), server_time(self.bench)


def server_time(bench):
    """The processor seconds of a server with all its processes, those that have ended too."""
    with open(f"/proc/{bench.postmaster}/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    ended = sum(int(field) for field in fields[11:15]) / processes.TICKS
    return ended + sum(processes.processor_time(pid) for pid in processes.children(bench.postmaster))


def measure(bench):
    """Each source at each rate, in turn, then each with a backlog."""
    tables = {notifies: Backlog("sources_notified" if notifies else "sources", bench.options.rows, 1)
              for notifies in (False, True)}
    rounds, drained = [], []
    try:
        for notifies, table in tables.items():
            prepare(bench, table, notifies)
        for number in range(1, bench.options.runs + 1):
            rounds.append({})
            for rate in RATES:
                for source in SOURCES[::-1 if number % 2 else 1]:
                    attempt(bench, source, f"{source.name}, {rate}/s", rounds[-1],
                            lambda one=source, rate=rate: at_rate(bench, tables[one.notifies], one, rate))
                rounds[-1][f"{ALONE}, {rate}/s"] = alone(bench, tables[False], rate)
            drained.append({})
            for source in SOURCES[::-1 if number % 2 else 1]:
                attempt(bench, source, source.name, drained[-1], lambda one=source: drain(bench, tables[one.notifies], one))
    finally:
        order = [f"{name}, {rate}/s" for rate in RATES for name in [*(source.name for source in SOURCES), ALONE]]
        rounds = [{name: figures[name] for name in order if name in figures} for figures in rounds]
        bench.conclude(rounds, part="rates", headings=HEADINGS, seconds=bench.options.seconds, connections=latency.CLIENTS)
        bench.conclude(drained, part="backlog", headings=DRAINED, rows=bench.options.rows)
        chart.write(os.path.join(os.path.dirname(os.path.abspath(bench.options.json)), "sources.svg"), rounds, RATES,
                    [source.name for source in SOURCES])
        for table in tables.values():
            table.drop()


def attempt(bench, source, name, figures, measured):
    try:
        figures[name] = measured()
    except Failure as error:
        bench.fail(f"sources: {name}: {error}")


def prepare(bench, table, notifies):
    """A table that says in which order its rows were written."""
    table.create(bench.server)
    table.drop_slot("template")  # it would keep the log
    bench.server.query("ALTER TABLE outbox ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY UNIQUE;", table.database)
    if notifies:
        done = subprocess.run(
            [bench.tailrace, "setup", "--polling", "--database", bench.server.dsn(table.database)], env=bench.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        if done.returncode:
            raise Failure(f"setup: {done.stdout}")


@contextlib.contextmanager
def ready(bench, table, source):
    """The table is empty, and a stream has its slot."""
    bench.server.query("TRUNCATE outbox", table.database)
    if source.streams:
        table.live_slot(SLOT)
    try:
        yield
    finally:
        if source.streams:
            table.drop_slot(SLOT)


def at_rate(bench, table, source, rate):
    """One source at one rate."""
    with ready(bench, table, source), latency.script(bench) as script:
        before = log_end(bench, table), dead_rows(bench, table)
        with Reader(bench, source.arguments(bench, table.database)) as client:
            figures = latency.listen(bench, table, client, script, rate)
            end = log_end(bench, table)
        # A backend that has ended has told all that it did.
        after = end, dead_rows(bench, table)
    return {"p50": figures["p50"], "p99": figures["p99"], "events_per_second": figures["commits_per_second"],
            "server_cpu": figures["walsender_cpu"], "client_cpu": figures["client_cpu"],
            **cost(before, after, figures["commits_per_second"] * bench.options.seconds)}


def alone(bench, table, rate):
    """What the writers cost without anybody who reads."""
    bench.server.query("TRUNCATE outbox", table.database)
    with latency.script(bench) as script:
        before, used = (log_end(bench, table), dead_rows(bench, table)), server_time(bench)
        done = subprocess.run(
            latency.writer(bench, table, script, rate), env=bench.environment, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=bench.options.seconds + 60, check=True)
        used = server_time(bench) - used
        after = log_end(bench, table), dead_rows(bench, table)
    events = latency.committed(done.stdout)
    return {"p50": None, "p99": None, "events_per_second": events / bench.options.seconds,
            "server_cpu": used / bench.options.seconds * 100, "client_cpu": None, **cost(before, after, events)}


def drain(bench, table, source):
    """One source with all rows there before it begins; its start belongs to it."""
    with ready(bench, table, source):
        bench.server.query(
            f"SET synchronous_commit = off;\nCALL fill('sources', {table.rows}, 1, 0, 1);\nCHECKPOINT;", table.database,
            seconds=1800)
        began, used = time.monotonic(), server_time(bench)
        with Reader(bench, source.arguments(bench, table.database), settles=False) as client:
            count = 0
            while count < table.rows:
                if time.monotonic() - began > 900:
                    raise Failure(f"{count} of {table.rows} events came")
                count += client.read(0.2).count(b"\n")
            seconds = time.monotonic() - began
            cpu, server = client.usage()
    return {"events_per_second": table.rows / seconds, "client_cpu_per_million": cpu / table.rows * 1e6,
            "server_cpu_per_million": (server - used) / table.rows * 1e6}


def log_end(bench, table):
    return lsn(bench.server.query("SELECT pg_current_wal_insert_lsn()", table.database)[0])


def dead_rows(bench, table):
    """How many there were so far, whether or not somebody has cleared them away."""
    time.sleep(0.1)
    return int(bench.server.query(
        "SELECT n_tup_del + n_tup_upd FROM pg_stat_user_tables WHERE relname = 'outbox'", table.database)[0])


def cost(before, after, events):
    return {"log_bytes": (after[0] - before[0]) / events, "dead_rows": (after[1] - before[1]) / events}
