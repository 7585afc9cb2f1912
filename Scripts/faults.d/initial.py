"""Rounds in which the outbox holds rows before the slot is made, which are to come first."""

# The last ones are too many for letters that are kept one by one.
SIZES = [0, 300, 3000, 12000]

OUTBOX = """
CREATE TABLE outbox (id uuid PRIMARY KEY, aggregatetype text NOT NULL, aggregateid text NOT NULL, type text NOT NULL,
  payload jsonb, version int NOT NULL DEFAULT 1, occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(), headers jsonb);
"""
ROWS = """
SELECT count(place(md5('{seed}/initial/' || i)::uuid, 'key-' || i % {keys}, 'initial', 'row'))
  FROM generate_series(1, {count}) AS i;
"""


def rows(plan):
    """What writes them, as the writers do."""
    return ROWS.format(seed=plan.seed, keys=plan.keys, count=plan.initial_rows)
