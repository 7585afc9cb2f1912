"""How long events take from their COMMIT until their line is out while delivered rows are pruned beside them, and while not."""

import signal
import statistics
import subprocess
import time

import latency
import listener
from backlogs import PUBLICATION, Backlog
from measurement import Failure

RATE = 200
SLOT = "prune"


def measure(bench):
    """Rows are pruned in every other span of time until none is left, so that what else the machine does meets both alike."""
    rows = bench.options.huge_rows
    backlog = Backlog("prune", rows, 10_000)
    backlog.create(bench.server)
    rounds = []
    try:
        backlog.load(1800)
        deliver(bench, backlog)
        command = listener.commands(bench)["tailrace"](backlog.database, SLOT)
        with latency.script(bench) as script, listener.Listener(bench, command) as client:
            began = time.monotonic()
            while left(bench, backlog) and time.monotonic() - began < 3600:
                alone = latency.listen(bench, backlog, client, script, RATE)
                with Pruning(bench, backlog):
                    before = left(bench, backlog)
                    beside = latency.listen(bench, backlog, client, script, RATE)
                    beside["pruned"] = (before - left(bench, backlog)) / bench.options.seconds
                rounds.append({"alone": {**alone, "pruned": 0}, "while rows are pruned": beside})
        # In the last span there may have been nothing left to do for most of the time.
        if len(rounds) > 1:
            rounds.pop()
        worst = [statistics.median(figures[name]["p99"] for figures in rounds) for name in rounds[0]]
        bench.say(f"  {rows:,} rows, of which {left(bench, backlog):,} are left; p99 while rows are pruned is "
                  f"{worst[1] / worst[0]:.2f} of that alone (medians of {len(rounds)} spans of {bench.options.seconds} s)")
        if worst[1] >= 2 * worst[0]:
            bench.fail(f"prune: p99 is {worst[1]:.2f} ms instead of {worst[0]:.2f} ms")
    except Failure as error:
        bench.fail(f"prune: {error}")
    finally:
        bench.conclude(rounds, headings=[*latency.HEADINGS, ("rows pruned/s", "pruned", "{:,.0f}")],
                       seconds=bench.options.seconds, rate=RATE, rows=rows)
        backlog.drop()


def deliver(bench, backlog):
    """Delivers the rows, with which a prune begins."""
    bench.server.query(f"ALTER PUBLICATION {PUBLICATION} SET (publish = 'insert')", backlog.database)
    backlog.slot(SLOT)
    backlog.drop_slot("template")
    names = ["--database", bench.server.dsn(backlog.database), "--publication", PUBLICATION, "--slot", SLOT]
    for arguments in (["setup", "--prunable", *names], ["stream", "--until", "now", *names]):
        done = subprocess.run([bench.tailrace, *arguments], env=bench.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise Failure(f"{arguments[0]} ended with {done.returncode}: {done.stderr}")


def left(bench, backlog):
    """How many of the backlog's rows there are; those that come meanwhile are younger."""
    old = "SELECT count(*) FROM outbox WHERE occurred_at < now() - interval '1 day'"
    return int(bench.server.query(old, backlog.database)[0])


class Pruning:
    """`tailrace prune`, for a while."""

    def __init__(self, bench, backlog):
        self.bench, self.backlog = bench, backlog
        self.command = [bench.tailrace, "prune", "--database", bench.server.dsn(backlog.database), "--slot", SLOT,
                        "--older-than", "1d", "--before-slot"]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, env=self.bench.environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        # It waits for the slot before.
        before, deadline = left(self.bench, self.backlog), time.monotonic() + 30
        while left(self.bench, self.backlog) == before and self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.2)
        return self

    def __exit__(self, kind, *_):
        self.process.send_signal(signal.SIGTERM)
        said = self.process.communicate(timeout=60)[1]
        if kind is None and self.process.returncode:
            raise Failure(f"prune ended with {self.process.returncode}: {said}")
