"""What the clients were told, what each service has written, and whether that fits."""

import collections

from clients import ITEMS


def rows(server, database, statement):
    return [tuple(line.split("\t")) for line in server.query(statement, database=database, tries=20)]


def once(what, found, wanted):
    """Says what is there other than once each."""
    counts = collections.Counter(found)
    missing, foreign = sorted(wanted - counts.keys()), sorted(counts.keys() - wanted)
    doubled = sorted(key for key, count in counts.items() if count > 1)
    return [f"{len(keys)} {what} {word}, such as {', '.join(keys[:3])}"
            for word, keys in (("missing", missing), ("that nobody was told of", foreign), ("more than once", doubled)) if keys]


class Books:
    """Everything that was written, read when all is quiet."""

    def __init__(self, server):
        self.orders = rows(server, "orders", "SELECT id, customer, item, quantity, cents FROM orders")
        self.shipments = rows(server, "orders", "SELECT order_id FROM shipments")
        self.totals = rows(server, "orders", "SELECT customer, orders, cents FROM customer_totals")
        self.items = rows(server, "orders", "SELECT item, pieces FROM items")
        self.outbox = rows(server, "orders", "SELECT aggregateid FROM outbox WHERE type = 'OrderPlaced'")
        self.invoices = rows(server, "billing", "SELECT order_id, customer, cents FROM invoices")

    def problems(self, clients):
        """How it does not fit; nothing if it does."""
        placed = {key for client in clients for key in client.placed}
        refused = {key for client in clients for key in client.refused}
        ids = [order[0] for order in self.orders]
        found = once("orders", ids, placed)
        found += once("rows of the outbox", [row[0] for row in self.outbox], set(ids))
        found += once("invoices", [invoice[0] for invoice in self.invoices], set(ids))
        found += once("shipments", [row[0] for row in self.shipments], set(ids))
        for what, keys in (("an order", ids), ("an invoice", [row[0] for row in self.invoices]),
                           ("a shipment", [row[0] for row in self.shipments])):
            wrong = refused.intersection(keys)
            if wrong:
                found.append(f"{len(wrong)} refused orders have {what}, such as {min(wrong)}")
        amounts = {order[0]: (order[1], order[4]) for order in self.orders}
        wrong = [row for row in self.invoices if amounts.get(row[0]) != row[1:]]
        if wrong:
            found.append(f"{len(wrong)} invoices are of other amounts, such as {wrong[0]}")
        return found + self._read_model() + self._stock()

    def _read_model(self):
        sums = collections.defaultdict(lambda: [0, 0])
        for _, customer, _, _, cents in self.orders:
            sums[customer][0] += 1
            sums[customer][1] += int(cents)
        totals = {customer: [int(count), int(cents)] for customer, count, cents in self.totals}
        return [] if totals == sums else [f"customers' totals are {totals}, not {dict(sums)}"]

    def _stock(self):
        left = {item: pieces for item, (_, pieces) in ITEMS.items()}
        for _, _, item, quantity, _ in self.orders:
            left[item] -= int(quantity)
        found = {item: int(pieces) for item, pieces in self.items}
        return [] if found == left and min(left.values()) >= 0 else [f"left are {found}, not {left}"]
