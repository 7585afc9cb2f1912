"""A recording of the bulk backlog: how fast it is made, and how fast events come out of it, on one core."""

import os
import subprocess

import measurement
from backlogs import PUBLICATION, standard
from peers import check

HEADINGS = [
    ("events/s", "events_per_second", "{:,.0f}"),
    ("MB/s", "mb_per_second", "{:,.0f}"),
    ("seconds", "seconds", "{:.2f}"),
    ("client CPU s/1M", "client_cpu_per_million", "{:.2f}"),
    ("peak RSS MB", "peak_rss_mb", "{:.1f}"),
]
SECONDS = 600


def measure(bench):
    recording = os.path.join(bench.directory, "bulk.walcap")
    events = os.path.join(bench.directory, "replayed.ndjson")
    replay = [bench.tailrace, "replay", recording, "--log-level", "warning"]
    one_core = ["taskset", "--cpu-list", str(max(os.sched_getaffinity(0)))]
    rounds = []
    with standard("bulk", bench.options.rows, 0).loaded(bench.server) as backlog:
        try:
            for _ in range(bench.options.runs):
                rounds.append({})
                run(bench, rounds[-1], "capture", backlog, recording, [
                    bench.tailrace, "capture", "--database", bench.server.dsn(backlog.database), "--publication",
                    PUBLICATION, "--slot", "template", "--output", recording, "--until", backlog.until,
                    "--log-level", "warning"])
                run(bench, rounds[-1], "replay, one core, to /dev/null", backlog, recording, [*one_core, *replay])
                os.path.exists(events) and os.remove(events)
                run(bench, rounds[-1], "replay, one core, to a file", backlog, recording,
                    [*one_core, *replay, "--sink", f"file:{events}"])
                check(events, backlog, "replay")
                os.remove(recording)
        except measurement.Failure as error:
            bench.fail(f"replay: {error}")
        finally:
            bench.conclude(rounds, headings=HEADINGS, rows=backlog.rows)


def run(bench, figures, name, backlog, recording, command):
    """Capture confirms nothing, so that it can have the same slot again."""
    measured = measurement.run(command, name=name, environment=bench.environment, seconds=SECONDS,
                               output=subprocess.DEVNULL)
    figures[name] = measured.figures(backlog.rows)
    figures[name]["mb_per_second"] = os.path.getsize(recording) / 1e6 / measured.wall
