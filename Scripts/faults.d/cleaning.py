"""Rounds in which rows are deleted or marked after delivery: which are gone, and whether their events were durable by then."""

WAYS = ["delete", "mark"]
OLD = 20  # rows from before the slot

SCHEMA = """
CREATE TABLE outbox (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), aggregatetype text NOT NULL, aggregateid text NOT NULL,
  type text NOT NULL, payload jsonb, version int NOT NULL DEFAULT 1, headers jsonb, dispatched_at timestamptz);
INSERT INTO outbox (aggregatetype, aggregateid, type)
  SELECT 'order', 'before', 'Placed' FROM generate_series(1, {old});
"""
LEFT = "SELECT id FROM outbox WHERE dispatched_at IS NULL AND aggregateid {} 'before';"


class Cleaning:
    """Looks at one round's outbox."""

    def __init__(self, plan, server, outlet):
        self.plan, self.server, self.outlet = plan, server, outlet
        self.looks, self.problems = 0, []

    def query(self, statement):
        return set(self.server.query(statement, self.plan.database, tries=30))

    def make(self):
        self.query(SCHEMA.format(old=OLD))

    def begin(self):
        if self.plan.publishes_all:
            self.query("ALTER PUBLICATION events SET (publish = 'insert, update, delete');")

    def gone(self):
        """Of what was committed, what is deleted or marked: in one snapshot."""
        return self.query("SELECT id FROM ledger AS l WHERE NOT EXISTS "
                          "(SELECT FROM outbox AS o WHERE o.id = l.id AND o.dispatched_at IS NULL);")

    def look(self, run=None):
        """No relay runs now: what is gone must have been delivered, by its id. A redrive's clean-up is another's."""
        if run and not self.plan.poison and any("on-change" in line for line in run.errors):
            self.problems.append("its own clean-up was told as somebody else's")
        gone = self.gone()
        early = gone - set(self.outlet.delivered())
        self.looks += 1
        if early:
            self.problems.append(f"gone without being durable at look {self.looks}: {len(early)}, such as {min(early)}")

    def conclude(self, entries):
        """After a clean end the table holds what was there before the slot, and what is in the dead letters."""
        letters = self.outlet.letters() if self.plan.poison else set()
        left = self.query(LEFT.format("<>"))
        # An event that was delivered may come again and be parked.
        early = (letters & set(entries)) - left - set(self.outlet.delivered())
        if left - letters or early:
            self.problems.append(f"{len(left - letters)} rows are left that were delivered, {len(early)} are gone that were not")

    def finish(self):
        """Nothing is left in the end but what was there before the slot."""
        left, old = self.query(LEFT.format("<>")), self.query(LEFT.format("="))
        if left or len(old) != OLD:
            self.problems.append(f"{len(left)} rows are left at the end, and {len(old)} of {OLD} from before the slot")
        if self.plan.after_delivery == "mark":
            rows = self.query("SELECT id FROM outbox;")
            if len(rows) < OLD + len(self.query("SELECT id FROM ledger;")):
                self.problems.append("rows are gone that were to be marked")
