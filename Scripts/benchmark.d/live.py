"""One large transaction while the client listens: from just before its COMMIT to its first and its last event."""

import threading
import time

import listener
from backlogs import Backlog
from measurement import Failure

HEADINGS = [
    ("first event s", "first", "{:.2f}"),
    ("last event s", "last", "{:.2f}"),
    ("insertion s", "insertion", "{:.1f}"),
    ("client CPU s/1M", "client_cpu_per_million", "{:.2f}"),
    ("walsender CPU s/1M", "walsender_cpu_per_million", "{:.2f}"),
    ("peak RSS MB", "peak_rss_mb", "{:.1f}"),
]
CLOCK = "SELECT extract(epoch FROM clock_timestamp());\n"
SECONDS = 900


class Writer(threading.Thread):
    """Inserts the rows; knows when it began, and when it was about to commit."""

    def __init__(self, backlog):
        super().__init__(name="writer", daemon=True)
        self.backlog = backlog
        self.times = None
        self.error = None

    def run(self):
        backlog = self.backlog
        try:
            lines = backlog.server.query(
                f"{CLOCK}BEGIN;\nINSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, occurred_at) "
                f"SELECT row_id('{backlog.name}', n), 'order', 'customer-' || n % 1000, 'OrderPlaced', body(n), now() "
                f"FROM generate_series(1, {backlog.rows}) AS n;\n{CLOCK}COMMIT;\n", backlog.database, seconds=SECONDS)
            self.times = [float(line) for line in lines]
        except Exception as error:
            self.error = error


def measure(bench):
    backlog = Backlog("live", bench.options.huge_rows, bench.options.huge_rows)
    bench.say(f"  one transaction of {backlog.rows} rows")
    rounds = []
    clients = listener.commands(bench)
    backlog.create(bench.server)
    try:
        backlog.drop_slot("template")  # it would keep the log
        for number in range(1, bench.options.runs + 1):
            rounds.append({})
            for name in sorted(clients, reverse=number % 2):
                try:
                    rounds[-1][name] = once(bench, backlog, name, clients[name])
                except Failure as error:
                    bench.fail(f"live: {name}: {error}")
    finally:
        bench.conclude(rounds, headings=HEADINGS, rows=backlog.rows)
        backlog.drop()


def once(bench, backlog, name, command):
    backlog.server.query("TRUNCATE outbox; CHECKPOINT;", backlog.database)
    backlog.live_slot("live")
    try:
        with listener.Listener(bench, command(backlog.database, "live")) as client:
            used = client.usage()
            writer = Writer(backlog)
            writer.start()
            first, last, lines = listen(client, writer, backlog.id(backlog.rows).encode())
            now = client.usage()
    finally:
        backlog.drop_slot("live")
    if name.startswith("tailrace") and lines != backlog.rows:
        raise Failure(f"{lines} lines came instead of {backlog.rows}")
    began, committed = writer.times
    return {"first": first - committed, "last": last - committed, "insertion": committed - began,
            "client_cpu_per_million": (now[0] - used[0]) / backlog.rows * 1e6,
            "walsender_cpu_per_million": (now[1] - used[1]) / backlog.rows * 1e6, "peak_rss_mb": now[2]}


def listen(client, writer, wanted):
    """When the first bytes came and when the last row was whole; how many lines that were."""
    first, lines, tail, is_found = None, 0, b"", False
    deadline = time.monotonic() + SECONDS
    while True:
        if writer.error:
            raise Failure(f"the writer: {writer.error}")
        if time.monotonic() > deadline:
            raise Failure(f"{lines} lines came")
        piece = client.read(0.2)
        if not piece:
            continue
        first = first or time.time()
        lines += piece.count(b"\n")
        window = tail + piece
        place = window.find(wanted)
        is_found = is_found or place >= 0
        if is_found and b"\n" in window[max(place, 0):]:
            last = time.time()
            writer.join(60)
            return first, last, lines
        tail = window[-len(wanted):]
