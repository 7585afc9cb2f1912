"""Peers take turns at draining one backlog, so that what else the machine does meets all of them."""

import subprocess

import measurement
from peers import Ceiling

SECONDS_PER_RUN = 600


class Draining:
    """All runs at one backlog."""

    def __init__(self, bench, backlog, peers):
        self.bench, self.backlog, self.peers = bench, backlog, peers
        self.counter = 0
        self.rounds = []

    def drain(self, peer):
        """One run of a peer on a slot of its own; gives the figures by name, the peer's first."""
        self.counter += 1
        slot = f"run_{self.counter}"
        self.backlog.slot(slot)
        try:
            measure = measurement.run(
                peer.command(self.backlog, slot), name=peer.name, environment=self.bench.environment,
                seconds=SECONDS_PER_RUN, postmaster=self.bench.postmaster, output=peer.output())
            peer.conclude(self.backlog, measure)
        finally:
            self.backlog.drop_slot(slot)
        return {peer.name: measure.figures(self.backlog.rows), **peer.further(self.backlog, measure)}

    def choose_pause(self, peer, pauses):
        """Lets the ceiling have the pause that suits this machine and this backlog best."""
        best = {}
        for pause in pauses if len(pauses) > 1 else []:
            peer.pause = pause
            best[pause] = max(self.drain(peer)[peer.name]["events_per_second"] for _ in range(2))
        peer.pause = max(best, key=best.get, default=pauses[0])
        self.bench.say(f"  {peer.name}: pauses of {peer.pause} µs")

    def run(self, count, pauses):
        for peer in self.peers:
            if isinstance(peer, Ceiling):
                self.choose_pause(peer, pauses)
        for number in range(1, count + 1):
            figures = {}
            # Each goes first at some time.
            first = number % len(self.peers)
            for peer in self.peers[first:] + self.peers[:first]:
                try:
                    figures.update(self.drain(peer))
                except (measurement.Failure, subprocess.SubprocessError) as error:
                    self.bench.fail(f"{self.backlog.name}: {error}")
            self.rounds.append(figures)
            self.bench.say("  round {}: {}".format(number, ", ".join(
                f"{name} {found['events_per_second'] / 1000:.0f}k/s" for name, found in figures.items())))
