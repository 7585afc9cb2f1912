"""Compares what arrived with what was committed."""


import collections

from plan import LINES


class Figures:
    """The counts of a round, or of all."""

    NAMES = ["events", "lost", "unexpected", "order", "duplicates", "doubled", "torn", "other"]

    def __init__(self):
        for name in self.NAMES:
            setattr(self, name, 0)

    def add(self, other):
        for name in self.NAMES:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def is_good(self):
        return not (self.lost or self.unexpected or self.order or self.doubled or self.torn or self.other)

    def __str__(self):
        return (f"events {self.events} lost {self.lost} unexpected {self.unexpected} order {self.order} "
                f"duplicates {self.duplicates} (file {self.doubled}) torn {self.torn}")


def check(plan, ledger, record, problems, may_double=False):
    """Counts what is wrong, and says what it is."""
    figures = Figures()
    figures.events = len(ledger)
    firsts, newest, sequence = {}, {}, ""
    has_sequence = plan.kind in LINES and plan.envelope == "cloudevents"
    if plan.broker_mode:
        steps(ledger, record, figures, problems)
    for place, delivery in enumerate(record.deliveries):
        entry = ledger.get(delivery.id)
        if entry is None:
            figures.unexpected += 1
            problems.append(f"unexpected: delivery {place}, id {delivery.id}")
            continue
        first = firsts.setdefault(delivery.id, delivery)
        if first is not delivery:
            if plan.kind == "file" and plan.envelope == "cloudevents" and not may_double:
                figures.doubled += 1
                problems.append(f"doubled: delivery {place}, {entry.key} {entry.n}")
            else:
                figures.duplicates += 1
            if first.raw != delivery.raw:
                figures.unexpected += 1
                problems.append(f"other bytes again: delivery {place}: {first.raw[:300]} {delivery.raw[:300]}")
            continue
        fault = content_fault(plan, delivery, entry)
        if fault:
            figures.unexpected += 1
            problems.append(f"wrong {fault}: delivery {place}, {entry.key} {entry.n}: {delivery.raw[:400]}")
        if plan.poison == "letters" and plan.refuses(delivery.id):
            continue  # without parking, a letter comes whenever it is redriven
        if newest.get(entry.key, 0) >= entry.n:
            figures.order += 1
            problems.append(f"order: delivery {place}, {entry.key}: {entry.n} behind {newest[entry.key]}")
        newest[entry.key] = max(newest.get(entry.key, 0), entry.n)
        if has_sequence:
            if delivery.event["sequence"] <= sequence:
                figures.order += 1
                problems.append(f"order: delivery {place}: {delivery.event['sequence']} behind {sequence}")
            sequence = delivery.event["sequence"]
    for id_, entry in ledger.items():
        if id_ not in firsts:
            figures.lost += 1
            problems.append(f"lost: {entry.key} {entry.n}, id {id_}")
    figures.torn = len(record.torn)
    problems += [f"torn: {raw[:80]!r} … {raw[-80:]!r}" for raw in record.torn]
    return figures


def steps(ledger, record, figures, problems):
    """What a broker has stored of a key goes on by one, or back to where a redelivery starts; it leaves nothing out."""
    ranks, counts, last = {}, collections.Counter(), {}
    for id_, entry in sorted(ledger.items(), key=lambda item: item[1].n):
        ranks[id_] = counts[entry.key]
        counts[entry.key] += 1
    for place, delivery in enumerate(record.deliveries):
        entry = ledger.get(delivery.id)
        if entry is None:
            continue
        rank, before = ranks[delivery.id], last.get(entry.key, -1)
        if rank > before + 1:
            figures.order += 1
            problems.append(f"order: delivery {place}, {entry.key}: {entry.n} leaves {rank - before - 1} out")
        last[entry.key] = rank


def content_fault(plan, delivery, entry):
    """What differs from the ledger; None when nothing does."""
    if delivery.data != entry.payload:
        return "data"
    if plan.envelope == "payload":
        return None
    expected = {"specversion": "1.0", "type": "Placed", "subject": entry.key, "partitionkey": entry.key,
                "aggregatetype": "order"}
    return next((name for name, value in expected.items() if delivery.event.get(name) != value), None)
