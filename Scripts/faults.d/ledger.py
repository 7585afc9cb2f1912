"""The ledger: what was really committed, written in the same transactions as the outbox."""

import hashlib
import json
import random
import threading
import time

SCHEMA = """
CREATE TABLE counters (key text PRIMARY KEY, n bigint NOT NULL DEFAULT 0);
CREATE TABLE ledger (id uuid PRIMARY KEY, key text NOT NULL, n bigint NOT NULL, payload jsonb, UNIQUE (key, n));
CREATE TABLE noise (text text);
INSERT INTO counters (key) SELECT 'key-' || k FROM generate_series(0, {keys} - 1) AS k;
-- The lock on the counter makes the order within a key that of the commits.
CREATE FUNCTION place(event uuid, of text, content text, way text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  number bigint;
  body jsonb;
BEGIN
  UPDATE counters SET n = n + 1 WHERE key = of RETURNING n INTO number;
  IF way <> 'empty' THEN
    body := jsonb_build_object('id', event, 'key', of, 'n', number, 'text', content);
  END IF;
  INSERT INTO ledger VALUES (event, of, number, body);
  IF way = 'message' THEN
    PERFORM pg_logical_emit_message(true, 'outbox.order', jsonb_build_object(
      'id', event, 'aggregatetype', 'order', 'aggregateid', of, 'type', 'Placed', 'payload', body)::text);
  ELSE
    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload) VALUES (event, 'order', of, 'Placed', body);
  END IF;
END $$;
"""

TEXTS = ["", "plain", "a \\\\ and a \\\"", "Grüße, 世界 🐦", "tab\\tand\\nline", "{} [] , :"]


class Writer(threading.Thread):
    """Commits transactions through a psql of its own until told to stop; goes on after a server's crash."""

    def __init__(self, server, database, name, seed, plan):
        super().__init__(name=f"writer {name}", daemon=True)
        self.server, self.database, self.plan = server, database, plan
        self.prefix = f"{seed}/{name}"
        self.random = random.Random(self.prefix)
        self.count = 0
        self.large_left = 4
        self.rows_left = plan.rows_left
        self.stopping = threading.Event()
        self.psql = None

    def run(self):
        pause = self.plan.pause
        if self.rows_left:
            pause = 30.5 * self.plan.seconds / self.rows_left
        while not self.stopping.is_set() and self.rows_left != 0:
            text = self.transaction() if self.rows_left is None else self.share()
            try:
                if self.psql is None or self.psql.poll() is not None:
                    self.close()
                    self.psql = self.server.psql(self.database)
                    self.psql.stdin.write("SET lock_timeout = '5s';\n")
                self.psql.stdin.write(text)
                self.psql.stdin.flush()
            except OSError:
                time.sleep(0.05)
            self.stopping.wait(self.random.expovariate(1 / pause))
        self.close()

    def close(self):
        """Lets psql work off what it has been given."""
        psql, self.psql = self.psql, None
        if psql is None:
            return
        try:
            psql.stdin.close()
        except OSError:
            pass
        try:
            psql.wait(15)
        except Exception:
            psql.kill()
            psql.wait()

    def event(self):
        self.count += 1
        return hashlib.md5(f"{self.prefix}/{self.count}".encode()).hexdigest()

    def place(self, key):
        way = self.random.choice(self.plan.ways)
        text = self.random.choice(TEXTS) + "x" * self.random.choice(self.plan.paddings)
        return f"SELECT place('{self.event()}', 'key-{key}', E'{text}', '{way}');\n"

    def places(self, most):
        """Rows for some keys, always in the same order of keys, so that writers do not deadlock."""
        count = self.random.randint(1, most)
        return "".join(self.place(key) for key in sorted(self.random.choices(range(self.plan.keys), k=count)))

    def share(self):
        """A transaction of a round of a given length, which is to last as long as its faults."""
        count = min(self.random.randint(1, 60), self.rows_left)
        self.rows_left -= count
        # As many as the pace wants, and the keys always in the same order.
        keys = sorted(self.random.choices(range(self.plan.keys), k=count))
        return f"BEGIN;\n{''.join(self.place(key) for key in keys)}COMMIT;\n"

    def transaction(self):
        kind = self.random.choices(
            ["one", "several", "rolled back", "savepoint", "large", "noise", "cleaning"],
            [40, 25, 12, 12, self.plan.large, 6, 0 if self.plan.keeps_rows else 2])[0]
        if kind == "one":
            return self.places(1)
        if kind == "several":
            return f"BEGIN;\n{self.places(8)}COMMIT;\n"
        if kind == "rolled back":
            return f"BEGIN;\n{self.places(8)}ROLLBACK;\n"
        if kind == "savepoint":
            # What is placed behind the savepoint takes keys again, so only the first of them.
            key = self.random.randrange(self.plan.keys)
            end = self.random.choice(["COMMIT", "COMMIT", "ROLLBACK"])
            return (f"BEGIN;\n{self.place(key)}SAVEPOINT a;\n{self.place(key)}{self.place(key)}ROLLBACK TO a;\n"
                    f"{self.place(key)}SAVEPOINT b;\n{self.place(key)}RELEASE b;\n{end};\n")
        if kind == "large":
            if not self.large_left:
                return self.places(1)
            self.large_left -= 1
            key = self.random.randrange(self.plan.keys)
            rows = self.random.randint(50, self.plan.rows)
            return (f"SELECT place(md5('{self.event()}/' || i)::uuid, 'key-{key}', 'large', 'row') "
                    f"FROM generate_series(1, {rows}) AS i;\n")
        if kind == "noise":
            return "INSERT INTO noise SELECT repeat('n', 100) FROM generate_series(1, 100);\n"
        return "DELETE FROM outbox WHERE ctid IN (SELECT ctid FROM outbox LIMIT 20);\n"


class Entry:
    """A committed event."""

    __slots__ = ("key", "n", "payload")

    def __init__(self, key, n, payload):
        self.key, self.n, self.payload = key, n, payload


def read(server, database):
    """The committed events by id."""
    entries = {}
    for line in server.query("SELECT id, key, n, payload FROM ledger;", database, tries=20):
        id_, key, n, payload = line.split("\t", 3)
        entries[id_] = Entry(key, int(n), json.loads(payload) if payload else None)
    return entries
