"""Changes of the outbox table and of its publication while rows are written, and which rows are not in the stream for them."""

import time

PLAIN = ["rename", "move", "swap", "swap late", "unpublish", "inherit"]
PARTITIONED = ["replace partition", "replace partition", "toggle root", "rename", "unpublish", "adopt"]
# How tailrace ends when it is told of a change that it cannot go on with.
# A view in the place of the outbox was a table that does not exist, before it was called what it is.
TOLD = (
    78, r"another one now|put in again|is not in publication|does not exist|is a view|is gone|no longer published")

PARTITIONS = """
CREATE TABLE outbox (id uuid NOT NULL, aggregatetype text NOT NULL, aggregateid text NOT NULL, type text NOT NULL,
  payload jsonb, version int NOT NULL DEFAULT 1) PARTITION BY LIST (aggregateid);
CREATE TABLE outbox_0 PARTITION OF outbox FOR VALUES IN ('key-0');
CREATE TABLE outbox_rest PARTITION OF outbox DEFAULT;
"""


class Tables:
    """Makes changes happen to one round's outbox."""

    def __init__(self, plan, server, log):
        self.plan, self.server, self.log = plan, server, log
        self.random = plan.random
        self.count = 0
        self.gaps = []  # (what, when it began, the ids)

    @property
    def missing(self):
        return set().union(*(ids for _, _, ids in self.gaps))

    def make(self):
        if self.plan.tables == PARTITIONED:
            self.query(PARTITIONS)

    def query(self, statements):
        return self.server.query(statements, self.plan.database, tries=10)

    def change(self, name):
        self.log.write(f"{time.monotonic():.3f} {name}\n")
        self.log.flush()
        self.count += 1
        getattr(self, name.replace(" ", "_"))()

    def pause(self, *lengths):
        time.sleep(self.random.choice(lengths))

    def rename(self):
        self._away("RENAME TO outbox_moved", "public.outbox_moved", "RENAME TO outbox")

    def move(self):
        self.query("CREATE SCHEMA IF NOT EXISTS away;")
        self._away("SET SCHEMA away", "away.outbox", "SET SCHEMA public")

    def _away(self, there, place, back):
        """Rows go on through a view of the outbox's name."""
        self.query(f"BEGIN; ALTER TABLE outbox {there}; CREATE VIEW public.outbox AS SELECT * FROM {place}; COMMIT;")
        self.pause(0.2, 2.5)
        self.query(f"BEGIN; DROP VIEW public.outbox; ALTER TABLE {place} {back}; COMMIT;")

    def _swap(self, more=""):
        self.query(f"BEGIN; ALTER TABLE outbox RENAME TO outbox_old_{self.count}; "
                   f"CREATE TABLE outbox (LIKE outbox_old_{self.count} INCLUDING ALL); {more} COMMIT;")

    def swap(self):
        """Everything is published, so nothing may be missing."""
        self._swap("ALTER PUBLICATION events ADD TABLE outbox;")
        self.gaps.append(("swap", time.monotonic(), set()))

    def swap_late(self):
        began = time.monotonic()
        self._swap()
        self.pause(0.2, 3.2)
        ids = self.query("BEGIN; LOCK TABLE outbox IN SHARE MODE; SELECT id FROM outbox; "
                         "ALTER PUBLICATION events ADD TABLE outbox; COMMIT;")
        self.gaps.append(("swap late", began, set(ids)))

    def unpublish(self):
        began = time.monotonic()
        before = self.query("BEGIN; LOCK TABLE outbox IN SHARE MODE; SELECT id FROM outbox; "
                            "ALTER PUBLICATION events DROP TABLE outbox; COMMIT;")
        self.pause(0.1, 3.2)
        after = self.query("BEGIN; LOCK TABLE outbox IN SHARE MODE; SELECT id FROM outbox; "
                           "ALTER PUBLICATION events ADD TABLE outbox; COMMIT;")
        self.gaps.append(("unpublish", began, set(after) - set(before)))

    def inherit(self):
        child, key = f"child_{self.count}", f"key-child-{self.count}"
        self.query(f"""
            BEGIN; CREATE TABLE {child} () INHERITS (outbox); ALTER PUBLICATION events ADD TABLE {child}; COMMIT;
            WITH entry AS (INSERT INTO ledger SELECT id, '{key}', n,
              jsonb_build_object('id', id, 'key', '{key}', 'n', n, 'text', 'child')
              FROM (SELECT gen_random_uuid() AS id, generate_series(1, 5) AS n) AS new RETURNING *)
            INSERT INTO {child} (id, aggregatetype, aggregateid, type, payload)
              SELECT id, 'order', key, 'Placed', payload FROM entry ORDER BY n;""")

    def replace_partition(self):
        """A partition that is gone while its rows are in the stream."""
        old = self.query("SELECT c.relname FROM pg_class c WHERE c.relispartition AND c.relkind = 'r' "
                         "AND (c.relname = 'outbox_0' OR c.relname LIKE 'outbox_part_%');")[0]
        drop = f"DROP TABLE {old};" if self.random.random() < 0.5 else ""
        self.query(f"BEGIN; ALTER TABLE outbox DETACH PARTITION {old}; "
                   f"CREATE TABLE outbox_part_{self.count} PARTITION OF outbox FOR VALUES IN ('key-0'); {drop} COMMIT;")
        self.pause(0, 0.3, 2.2)

    def toggle_root(self):
        for value in ("false", "true"):
            self.query(f"ALTER PUBLICATION events SET (publish_via_partition_root = {value});")
            self.pause(0.1, 2.2)

    def adopt(self):
        """A partition that was filled by itself before: its rows are none of the outbox until it is one."""
        late = f"late_{self.count}"
        self.query(f"CREATE TABLE {late} (LIKE outbox INCLUDING DEFAULTS); "
                   f"ALTER TABLE outbox ATTACH PARTITION {late} FOR VALUES IN ('{late}');")
        self.query(f"""
            WITH entry AS (INSERT INTO ledger SELECT id, '{late}', n,
              jsonb_build_object('id', id, 'key', '{late}', 'n', n, 'text', 'late')
              FROM (SELECT gen_random_uuid() AS id, generate_series(1, 5) AS n) AS new RETURNING *)
            INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
              SELECT id, 'order', key, 'Placed', payload FROM entry ORDER BY n;""")

    def silent(self, supervisors):
        """The gaps of which no run has told since they began."""
        told = [when for supervisor in supervisors for when in supervisor.told]
        return [f"{what}, {len(ids)} rows" for what, began, ids in self.gaps
                if ids and not any(when >= began for when in told)]
