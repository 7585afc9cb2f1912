-- An outbox whose partitions are published by themselves, then as their root; rows that move between partitions; a table
-- that takes the outbox's name and makes the one before its default partition.
-- options: proto_version=1
-- replay: --table public.outbox
-- replay: --table public.outbox --table public.outbox_a --table public.outbox_b --source urn:example:shop
CREATE TABLE public.outbox (
  id uuid, aggregatetype text NOT NULL, aggregateid text NOT NULL, type text NOT NULL, payload jsonb
) PARTITION BY LIST (aggregateid);
CREATE TABLE public.outbox_a PARTITION OF public.outbox FOR VALUES IN ('a');
CREATE TABLE public.outbox_b PARTITION OF public.outbox FOR VALUES IN ('b');
CREATE PUBLICATION tailrace FOR TABLE public.outbox WITH (publish = 'insert');
:create_slot

INSERT INTO outbox VALUES
  ('0190c0de-0000-7000-8000-000000000001', 'orders', 'a', 'InThePartition', '{"n": 1}'),
  ('0190c0de-0000-7000-8000-000000000002', 'orders', 'b', 'InThePartition', '{"n": 2}');
-- Comes as an insert, with the same id.
UPDATE outbox SET aggregateid = 'b' WHERE id = '0190c0de-0000-7000-8000-000000000001';
ALTER PUBLICATION tailrace SET (publish_via_partition_root = true);
INSERT INTO outbox VALUES ('0190c0de-0000-7000-8000-000000000003', 'orders', 'a', 'InTheRoot', '{"n": 3}');
UPDATE outbox SET aggregateid = 'b' WHERE id = '0190c0de-0000-7000-8000-000000000003';
ALTER TABLE outbox DETACH PARTITION outbox_a;
DROP TABLE outbox_a;
BEGIN;
ALTER TABLE outbox RENAME TO outbox_first;
CREATE TABLE outbox (LIKE outbox_first) PARTITION BY LIST (type);
ALTER TABLE outbox ATTACH PARTITION outbox_first DEFAULT;
INSERT INTO outbox VALUES ('0190c0de-0000-7000-8000-000000000004', 'orders', 'b', 'InTheDefaultPartition', '{"n": 4}');
COMMIT;
ALTER PUBLICATION tailrace SET TABLE outbox;
INSERT INTO outbox VALUES ('0190c0de-0000-7000-8000-000000000005', 'orders', 'b', 'InTheNewRoot', '{"n": 5}');
