"""What a client costs while nothing happens."""

import subprocess
import time

import listener
import processes
from backlogs import Backlog
from measurement import Failure

HEADINGS = [
    ("CPU %", "cpu", "{:.3f}"),
    ("wake-ups/s", "wake_ups_per_second", "{:.2f}"),
    ("walsender CPU %", "walsender_cpu", "{:.3f}"),
    ("peak RSS MB", "peak_rss_mb", "{:.1f}"),
]


def measure(bench):
    # Longer than the heartbeats' interval, which is 10 s.
    seconds = max(2 * bench.options.seconds, 2)
    backlog = Backlog("idle", 0, 1)
    backlog.create(bench.server)
    figures = {}
    try:
        for name, command in listener.commands(bench).items():
            if "streaming" in name:
                continue  # nothing comes, in whatever way
            backlog.live_slot("idle")
            try:
                with listener.Listener(bench, command(backlog.database, "idle"), subprocess.DEVNULL) as client:
                    figures[name] = watch(client, seconds)
            except Failure as error:
                bench.fail(f"idle: {name}: {error}")
            finally:
                backlog.drop_slot("idle")
    finally:
        bench.conclude([figures], headings=HEADINGS, seconds=seconds)
        backlog.drop()


def watch(client, seconds):
    time.sleep(2)  # until what the start left to do is done
    before, woken = client.usage(), processes.wake_ups(client.process.pid)
    time.sleep(seconds)
    after = client.usage()
    if client.process.poll() is not None:
        raise Failure(f"it ended: {client.said()}")
    return {"cpu": (after[0] - before[0]) / seconds * 100,
            "wake_ups_per_second": (processes.wake_ups(client.process.pid) - woken) / seconds,
            "walsender_cpu": (after[1] - before[1]) / seconds * 100, "peak_rss_mb": after[2]}
