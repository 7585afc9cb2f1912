"""How long it takes from a row's insertion, just before its COMMIT, until its whole line is out, at several rates."""

import array
import contextlib
import os
import re
import statistics
import subprocess
import tempfile
import time

import listener
from backlogs import Backlog
from measurement import Failure

RATES = [200, 2000, 10000]
CLIENTS = 4
# While connections are made, nothing is like later.
WARM_UP = 1_000_000

# One statement, one transaction. The server's clock is the reader's: it is one machine.
SCRIPT = """\\set n random(1, 1000000)
INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, occurred_at)
  SELECT gen_random_uuid(), 'order', 'customer-' || :n % 1000, 'OrderPlaced',
    body(:n) || jsonb_build_object('at', (extract(epoch FROM clock_timestamp()) * 1000000)::bigint), now();
"""

HEADINGS = [
    ("p50 ms", "p50", "{:.2f}"),
    ("p99 ms", "p99", "{:.2f}"),
    ("max ms", "max", "{:.1f}"),
    ("commits/s", "commits_per_second", "{:,.0f}"),
    ("client CPU %", "client_cpu", "{:.1f}"),
    ("walsender CPU %", "walsender_cpu", "{:.1f}"),
    # The reader's, which must not be what is measured.
    ("own CPU %", "own_cpu", "{:.1f}"),
]


def measure(bench):
    backlog = Backlog("latency", 0, 1)
    backlog.create(bench.server)
    rounds = []
    clients = {name: command for name, command in listener.commands(bench).items() if "streaming" not in name}
    try:
        backlog.drop_slot("template")  # it would keep the log
        for number in range(1, bench.options.runs + 1):
            figures = {}
            rounds.append(figures)
            for rate in RATES:
                for name in sorted(clients, reverse=number % 2):
                    try:
                        figures[f"{name}, {rate}/s"] = once(bench, backlog, clients[name], rate)
                    except Failure as error:
                        bench.fail(f"latency: {name} at {rate}/s: {error}")
    finally:
        order = [f"{name}, {rate}/s" for rate in RATES for name in clients]
        bench.conclude([{name: figures[name] for name in order if name in figures} for figures in rounds],
                       headings=HEADINGS, seconds=bench.options.seconds, connections=CLIENTS)
        backlog.drop()


def once(bench, backlog, command, rate):
    """One client at one rate."""
    backlog.live_slot("latency")
    try:
        with script(bench) as path, listener.Listener(bench, command(backlog.database, "latency")) as client:
            return listen(bench, backlog, client, path, rate)
    finally:
        backlog.drop_slot("latency")


@contextlib.contextmanager
def script(bench):
    """The path of what a writer does again and again."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql", dir=bench.directory) as file:
        file.write(SCRIPT)
        file.flush()
        yield file.name


def writer(bench, backlog, script, rate):
    """The command that commits rows at a rate."""
    return [os.path.join(bench.programs, "pgbench"), "-n", "-f", script, "-M", "prepared", "-c", str(CLIENTS), "-j", "1",
            "-R", str(rate), "-T", str(bench.options.seconds), "-h", "127.0.0.1", "-p", bench.server.port, "-U", "postgres",
            backlog.database]


def committed(said):
    """How many transactions that was."""
    return int(re.search(r"actually processed: (\d+)", said).group(1))


def listen(bench, backlog, client, script, rate):
    seconds = bench.options.seconds
    began, used, own = time.time_ns() // 1000, client.usage(), time.process_time()
    with subprocess.Popen(
            writer(bench, backlog, script, rate), env=bench.environment, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as writing:
        try:
            latencies, count, expected, rest = array.array("d"), 0, None, b""
            deadline = time.monotonic() + seconds + 15
            while expected is None or count < expected:
                if time.monotonic() > deadline:
                    raise Failure(f"{count} of {expected} events came")
                piece = client.read(0.1)
                now = time.time_ns() // 1000
                # Both put a newline behind what is whole.
                whole, newline, rest = (rest + piece).rpartition(b"\n")
                for found in re.finditer(rb'"at": (\d{16})', whole) if newline else ():
                    count += 1
                    at = int(found.group(1))
                    if at - began > WARM_UP:
                        latencies.append((now - at) / 1000)
                if expected is None and writing.poll() is not None:
                    expected = committed(writing.stdout.read())
        finally:
            writing.kill()
    now, own = client.usage(), time.process_time() - own
    parts = statistics.quantiles(latencies, n=100)
    return {"p50": statistics.median(latencies), "p99": parts[98], "max": max(latencies),
            "commits_per_second": expected / seconds, "client_cpu": (now[0] - used[0]) / seconds * 100,
            "walsender_cpu": (now[1] - used[1]) / seconds * 100,
            "own_cpu": own / seconds * 100}
