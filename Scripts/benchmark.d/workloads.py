"""What can be measured, by name."""

import functools

import backlogs
import broker_delivery
import debezium
import growth
import http_delivery
import idle
import latency
import live
import peers
import pruning
import queue_delivery
import replay
import sources
import transports
from draining import Draining

# Who gets a column with each peer's rate as a part of theirs.
COMPARED = ("ceiling", "ceiling, streaming", "pg_recvlogical")


def chosen_peers(bench, name):
    """The peers that are wanted for a workload and can run here."""
    found = peers.standard(bench)
    wanted = bench.options.peers or list(found)
    unknown = [peer for peer in wanted if peer not in found]
    if unknown:
        raise RuntimeError(f"no such peer: {', '.join(unknown)}")
    if "psycopg2" in wanted and not bench.has_python("psycopg2"):
        bench.say("  without psycopg2, which is not installed")
        wanted = [peer for peer in wanted if peer != "psycopg2"]
    chosen = [found[peer] for peer in wanted]
    if name == "huge" and not bench.options.peers:
        chosen += peers.streaming(bench)
    if bench.options.with_debezium:
        if lacking := debezium.missing():
            raise RuntimeError(f"Debezium needs {' and '.join(lacking)}: Scripts/prerequisites --debezium")
        chosen.append(debezium.Debezium("Debezium", bench))
    return chosen


def drain(name, bench):
    """All peers drain a backlog."""
    options = bench.options
    with backlogs.standard(name, options.rows, options.huge_rows).loaded(bench.server) as backlog:
        size = backlog.bytes_of_log()
        bench.say(f"  {backlog.rows} events, {backlog.about}; {size / 1e6:.0f} MB of log")
        draining = Draining(bench, backlog, chosen_peers(bench, name))
        try:
            draining.run(options.runs, options.pauses)
        finally:
            bench.conclude(draining.rounds, compare=COMPARED, rows=backlog.rows, log_bytes=size)


WORKLOADS = {
    **{name: functools.partial(drain, name) for name in ("bulk", "oltp", "noise", "huge")},
    "live": live.measure,
    "latency": latency.measure,
    "idle": idle.measure,
    "prune": pruning.measure,
    "replay": replay.measure,
    "sources": sources.measure,
    "http": http_delivery.measure,
    **{kind: functools.partial(broker_delivery.drain, kind) for kind in broker_delivery.PEERS},
    **{kind: functools.partial(queue_delivery.drain, kind) for kind in queue_delivery.KINDS},
    **{f"{kind}-latency": functools.partial(broker_delivery.measure_latency, kind) for kind in broker_delivery.PEERS},
    "growth": growth.measure,
    "transports": transports.measure,
}
