"""What is drained: deterministic backlogs, each in a database of its own, behind a slot that is only ever copied."""

import contextlib
import hashlib
import time

PUBLICATION = "benchmark"
TEMPLATE = "template"
KEYS = 1000

# About 430 bytes of a row arrive at the client.
COLUMNS = """id uuid PRIMARY KEY, aggregatetype text NOT NULL, aggregateid text NOT NULL, type text NOT NULL,
  payload jsonb, occurred_at timestamptz NOT NULL"""

SCHEMA = f"""
CREATE TABLE noise (n bigint, body text);
CREATE FUNCTION body(n bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object('order', n, 'customer', 'customer-' || n % {KEYS}, 'cents', n * 7 % 100000,
    'currency', 'EUR', 'items', jsonb_build_array(jsonb_build_object('sku', md5(n::text), 'count', n % 9 + 1)),
    'note', 'Bitte hinter das Tor legen, danke. ' || repeat(md5((n + 1)::text), 3))
$$;
CREATE FUNCTION row_id(backlog text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT md5(backlog || '/' || n)::uuid
$$;
-- Inserts rows in transactions of so many. Before each transaction, another one fills a table nobody has published.
CREATE PROCEDURE fill(backlog text, total bigint, size bigint, noise integer, tables integer) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..total BY size LOOP
    IF noise > 0 THEN
      INSERT INTO noise SELECT n, repeat('n', 350) FROM generate_series(1, noise) AS n;
      COMMIT;
    END IF;
    IF tables = 1 THEN
      INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, occurred_at)
        SELECT row_id(backlog, n), 'order', 'customer-' || n % {KEYS}, 'OrderPlaced', body(n),
          timestamptz '2026-01-01' + n * interval '1.001 ms'
        FROM generate_series(i, least(i + size - 1, total)) AS n;
    ELSE
      FOR n IN i..least(i + size - 1, total) LOOP
        EXECUTE format('INSERT INTO outbox_%s VALUES ($1, $2, $3, $4, $5, $6)', n % tables)
          USING row_id(backlog, n), 'order', 'customer-' || n % {KEYS}, 'OrderPlaced', body(n),
            timestamptz '2026-01-01' + n * interval '1.001 ms';
      END LOOP;
    END IF;
    COMMIT;
  END LOOP;
END $$;
"""


class Backlog:
    """Committed events that wait behind a slot."""

    def __init__(self, name, rows, size, *, noise=0, tables=1, further_columns=0, about=""):
        self.name, self.rows, self.size, self.noise, self.about = name, rows, min(size, rows), noise, about
        self.further_columns = further_columns
        self.tables = ["outbox"] if tables == 1 else [f"outbox_{n}" for n in range(tables)]
        self.database = "backlog_" + "".join(c if c.isalnum() else "_" for c in name)
        self.until = None

    def id(self, n):
        """The id of the row with a number from 1 on; they are committed in this order."""
        digits = hashlib.md5(f"{self.name}/{n}".encode()).hexdigest()
        return "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])

    def create(self, server):
        """Makes the tables, the publication and the slot that copies are taken from."""
        self.server = server
        server.query(f"CREATE DATABASE {self.database}")
        more = "".join(f", more_{n} text NOT NULL DEFAULT 'value {n}'" for n in range(self.further_columns))
        tables = "".join(f"CREATE TABLE {table} ({COLUMNS}{more});\n" for table in self.tables)
        server.query(f"{SCHEMA}{tables}CREATE PUBLICATION {PUBLICATION} FOR TABLE {', '.join(self.tables)};\n"
                     f"SELECT pg_create_logical_replication_slot('{TEMPLATE}', 'pgoutput');", self.database)

    def load(self, seconds):
        """Commits the rows, and notes where the log ends."""
        # Loading need not wait for the log's writer; the checkpoint then leaves nothing unwritten.
        lines = self.server.query(
            f"SET synchronous_commit = off;\nSELECT pg_current_wal_insert_lsn();\n"
            f"CALL fill('{self.name}', {self.rows}, {self.size}, {self.noise}, {len(self.tables)});\n"
            f"CHECKPOINT;\nSELECT pg_current_wal_lsn();\n"
            f"SELECT {' + '.join(f'(SELECT count(*) FROM {table})' for table in self.tables)};",
            self.database, seconds=seconds)
        self.start, self.until = lines[0], lines[1]
        if int(lines[2]) != self.rows:
            raise RuntimeError(f"{self.name}: {lines[2]} rows are there instead of {self.rows}")

    def bytes_of_log(self):
        return lsn(self.until) - lsn(self.start)

    @contextlib.contextmanager
    def loaded(self, server, seconds=1800):
        """Is there for as long as it is needed."""
        self.create(server)
        try:
            self.load(seconds)
            yield self
        finally:
            self.drop()

    def live_slot(self, name):
        """A slot at the present."""
        self.server.query(f"SELECT pg_create_logical_replication_slot('{name}', 'pgoutput')", self.database)

    def slot(self, name):
        """A slot at the start of the backlog."""
        self.server.query(f"SELECT pg_copy_logical_replication_slot('{TEMPLATE}', '{name}')", self.database)

    def drop_slot(self, name):
        """A walsender may hold its slot a moment longer than its client lives."""
        deadline = time.monotonic() + 20
        while True:
            try:
                self.server.query(f"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                                  f"WHERE slot_name = '{name}'", self.database)
                return
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                self.server.query(f"SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots "
                                  f"WHERE slot_name = '{name}' AND active_pid IS NOT NULL", self.database)
                time.sleep(0.05)

    def drop(self):
        """Removes everything, so that the next backlog has the disk for itself."""
        for slot in self.server.query("SELECT slot_name FROM pg_replication_slots "
                                      f"WHERE database = '{self.database}'", self.database):
            self.drop_slot(slot)
        self.server.query(f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")
        self.server.query("CHECKPOINT")


def lsn(text):
    """A position as a number of bytes."""
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


def standard(name, rows, huge_rows):
    """The backlogs that all peers drain."""
    return {
        "bulk": lambda: Backlog("bulk", rows, 1000, about="1000 rows a transaction"),
        "oltp": lambda: Backlog("oltp", rows, 1, about="one row a transaction"),
        "noise": lambda: Backlog("noise", rows, 1, noise=12, about="one row a transaction, 90 % of the log unrelated"),
        "huge": lambda: Backlog("huge", huge_rows, huge_rows, about="one transaction"),
    }[name]()
