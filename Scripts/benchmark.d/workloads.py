"""What can be measured, by name."""

import functools

import backlogs
import peers
import report
from draining import Draining

LOADING = 1800


def chosen_peers(bench):
    """The peers that are wanted and can run here."""
    found = peers.standard(bench)
    wanted = bench.options.peers or list(found)
    unknown = [name for name in wanted if name not in found]
    if unknown:
        raise RuntimeError(f"no such peer: {', '.join(unknown)}")
    if "psycopg2" in wanted and not bench.has_python("psycopg2"):
        bench.say("  without psycopg2, which is not installed")
        wanted = [name for name in wanted if name != "psycopg2"]
    return [found[name] for name in wanted]


def drain(name, bench):
    """All peers drain a backlog."""
    options = bench.options
    backlog = backlogs.standard(name, options.rows, options.huge_rows)
    backlog.create(bench.server)
    try:
        backlog.load(LOADING)
        size = backlog.bytes_of_log()
        bench.say(f"  {backlog.rows} events, {backlog.about}; {size / 1e6:.0f} MB of log")
        draining = Draining(bench, backlog, chosen_peers(bench))
        try:
            draining.run(options.runs, options.pauses)
        finally:
            if draining.rounds:
                bench.keep(draining.rounds, rows=backlog.rows, log_bytes=size)
                bench.say(report.draining(draining.rounds))
    finally:
        backlog.drop()


WORKLOADS = {name: functools.partial(drain, name) for name in ("bulk", "oltp", "noise", "huge")}
