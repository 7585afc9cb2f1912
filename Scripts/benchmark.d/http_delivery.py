"""The bulk backlog over HTTP, each event its own request and in batches, beside wrk posting bodies of the same size.

wrk knows no keys, keeps no order, makes no events and forgets what it sent: what it gets is the most that can be got
from this receiver on this machine with as many connections.
"""

import os
import re
import shutil

import measurement
import receiver_server
from backlogs import standard
from draining import Draining
from peers import Tailrace

CONNECTIONS = 64

HEADINGS = [
    ("events/s", "events_per_second", "{:,.0f}"),
    ("requests", "requests", "{:,.0f}"),
    ("seconds", "seconds", "{:.2f}"),
    ("client CPU s/1M", "client_cpu_per_million", "{:.2f}"),
    ("peak RSS MB", "peak_rss_mb", "{:.1f}"),
]

POST = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/cloudevents+json"
wrk.body = string.rep("x", {size})
"""


class Poster(Tailrace):
    """tailrace posting to the receiver, which counts."""

    def __init__(self, name, bench, receiver, mode):
        super().__init__(name, bench, "--http-mode", mode, "--max-in-flight", str(CONNECTIONS))
        self.receiver, self.mode = receiver, mode
        self.sink = receiver.address

    def command(self, backlog, slot):
        self.before = self.receiver.requests()
        command = super().command(backlog, slot)
        command[command.index("--sink") + 1] = self.receiver.address
        return command

    def conclude(self, backlog, measure):
        self.count = self.receiver.requests() - self.before
        if self.mode != "batch" and self.count != backlog.rows:
            raise measurement.Failure(f"{self.name}: {self.count} requests came instead of {backlog.rows}")


def measure(bench):
    if not receiver_server.program() or not shutil.which("wrk"):
        bench.say("  left out: needs nginx and wrk (Scripts/prerequisites --benchmark)")
        return
    rounds = []
    with standard("bulk", bench.options.rows, 0).loaded(bench.server) as backlog, \
            receiver_server.Receiver(bench.directory) as receiver:
        try:
            size = event_size(bench, backlog)
            draining = Draining(bench, backlog, [])
            posters = [Poster(f"tailrace, {mode}", bench, receiver, mode) for mode in ("structured", "binary", "batch")]
            for _ in range(bench.options.runs):
                rounds.append({})
                rounds[-1]["wrk"] = wrk(bench, receiver, size)
                for poster in posters:
                    rounds[-1][poster.name] = {**draining.drain(poster)[poster.name], "requests": poster.count}
        except measurement.Failure as error:
            bench.fail(f"http: {error}")
        finally:
            bench.conclude(rounds, headings=HEADINGS, compare=["wrk"], rows=backlog.rows, connections=CONNECTIONS)


def event_size(bench, backlog):
    """The mean size of an event of the backlog."""
    writer = Tailrace("tailrace", bench)
    sizes = []
    writer.conclude = lambda backlog, measure: sizes.append(os.path.getsize(writer.path) // backlog.rows)
    Draining(bench, backlog, []).drain(writer)
    writer.remove()
    bench.say(f"  {backlog.rows} events of {sizes[0]} bytes, {CONNECTIONS} connections")
    return sizes[0]


def wrk(bench, receiver, size):
    """Posts for a while; gives figures as for a client that sends events."""
    script = os.path.join(bench.directory, "post.lua")
    with open(script, "w", encoding="utf-8") as file:
        file.write(POST.format(size=size))
    measured = measurement.run(
        ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{bench.options.seconds}s",
         "--script", script, receiver.address],
        name="wrk", environment=bench.environment, seconds=bench.options.seconds + 30)
    said = measured.output.decode()
    if "Non-2xx" in said or "Socket errors" in said:
        raise measurement.Failure(f"wrk: {said}")
    count = int(re.search(r"(\d+) requests in", said).group(1))
    return {**measured.figures(count), "requests": count}
