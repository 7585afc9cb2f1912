-- A partitioned outbox that is published as its root. One partition has its columns in another order.
-- options: proto_version=1
CREATE TABLE public.outbox (
  id uuid, aggregatetype text NOT NULL, aggregateid text NOT NULL, type text NOT NULL, payload jsonb, version int,
  occurred_at timestamptz NOT NULL, headers jsonb, traceparent text,
  PRIMARY KEY (id, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE TABLE public.outbox_2024_05 PARTITION OF public.outbox FOR VALUES FROM ('2024-05-01Z') TO ('2024-06-01Z');
CREATE TABLE public.outbox_2024_06 (
  type text NOT NULL, gone text, occurred_at timestamptz NOT NULL, id uuid NOT NULL, traceparent text, payload jsonb,
  aggregateid text NOT NULL, version int, headers jsonb, aggregatetype text NOT NULL
);
ALTER TABLE public.outbox_2024_06 DROP gone;
ALTER TABLE public.outbox ATTACH PARTITION public.outbox_2024_06 FOR VALUES FROM ('2024-06-01Z') TO ('2024-07-01Z');
CREATE PUBLICATION tailrace FOR TABLE public.outbox WITH (publish_via_partition_root = true);
:create_slot

INSERT INTO outbox VALUES
  ('0190c0de-0000-7000-8000-000000000001', 'orders', 'order-1', 'OrderPlaced', '{"n": 1}', 1, '2024-05-31 23:59:59Z'),
  ('0190c0de-0000-7000-8000-000000000002', 'orders', 'order-1', 'OrderPaid', '{"n": 2}', 2, '2024-06-01 00:00:00Z'),
  ('0190c0de-0000-7000-8000-000000000003', 'orders', 'order-2', 'OrderPlaced', NULL, 3, '2024-05-15 00:00:00Z');
INSERT INTO outbox_2024_06 (id, aggregatetype, aggregateid, type, payload, occurred_at) VALUES
  ('0190c0de-0000-7000-8000-000000000004', 'orders', 'order-2', 'InsertedIntoThePartition', '{"n": 4}', '2024-06-02Z');

BEGIN;
CREATE TABLE outbox_2024_07 PARTITION OF outbox FOR VALUES FROM ('2024-07-01Z') TO ('2024-08-01Z');
INSERT INTO outbox VALUES
  ('0190c0de-0000-7000-8000-000000000005', 'orders', 'order-3', 'OrderPlaced', '{"n": 5}', 5, '2024-07-01Z', '{"a": "b"}');
COMMIT;

-- To another partition, which is a delete and an insert; then a partition is detached and dropped.
UPDATE outbox SET occurred_at = '2024-06-03Z' WHERE id = '0190c0de-0000-7000-8000-000000000003';
DELETE FROM outbox WHERE id = '0190c0de-0000-7000-8000-000000000004';
ALTER TABLE outbox DETACH PARTITION outbox_2024_05;
DROP TABLE outbox_2024_05;
INSERT INTO outbox VALUES
  ('0190c0de-0000-7000-8000-000000000006', 'orders', 'order-3', 'OrderPaid', '{"n": 6}', 6, '2024-06-04Z');
TRUNCATE outbox;
