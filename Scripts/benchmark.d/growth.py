"""Whether an event costs the same when there are more of them, more tables, or more columns than are used."""

import measurement
from backlogs import Backlog
from draining import Draining
from peers import Tailrace

# A client's start costs as much as thousands of events: what a single event takes is taken off the others.
START = "1 event"

HEADINGS = [
    ("client CPU µs/event", "client_cpu_per_million", "{:.2f}"),
    ("without the start", "without_start", "{:.2f}"),
    ("walsender CPU µs/event", "walsender_cpu_per_million", "{:.2f}"),
    ("events/s", "events_per_second", "{:,.0f}"),
    ("peak RSS MB", "peak_rss_mb", "{:.1f}"),
]


def cases(rows):
    """Thirty times fewer events than otherwise, three times fewer, and three times more."""
    return [
        Backlog(START, 1, 1),
        *(Backlog(f"{count} events", count, 1000) for count in (max(rows // 30, 1), rows // 3, rows * 10 // 3)),
        Backlog("50 tables", rows // 3, 1000, tables=50),
        Backlog("60 columns", rows // 3, 1000, further_columns=54),
    ]


def measure(bench):
    rounds = [{} for _ in range(bench.options.runs)]
    try:
        for case in cases(bench.options.rows):
            with case.loaded(bench.server) as backlog:
                draining = Draining(bench, backlog, [])
                for figures in rounds:
                    try:
                        figures.update(draining.drain(Tailrace(case.name, bench)))
                    except measurement.Failure as error:
                        bench.fail(f"growth: {error}")
    finally:
        for figures in rounds:
            take_off_start(figures)
        bench.conclude(rounds, headings=HEADINGS, rows=bench.options.rows)


def take_off_start(figures):
    """Adds what each event cost beyond the start."""
    start = figures.get(START, {}).get("client_cpu_per_million", 0) / 1e6
    for values in figures.values():
        events = values["seconds"] * values["events_per_second"]
        values["without_start"] = max(values["client_cpu_per_million"] - start / events * 1e6, 0)
