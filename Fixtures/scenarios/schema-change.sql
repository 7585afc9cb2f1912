-- The outbox table's columns are added, dropped, renamed and retyped, in and between transactions.
-- options: proto_version=1
\ir setup/outbox.sql
:create_slot

CALL add_event(1);

ALTER TABLE outbox ADD tenant text DEFAULT 'none', ADD priority int;
INSERT INTO outbox VALUES
  ('0190c0de-0000-7000-8000-000000000002', 'orders', 'order-1', 'AfterAdd', '{"n": 2}', 2, '2024-05-01 12:00:02Z', NULL,
    NULL, 'acme', 5);

BEGIN;
CALL add_event(3, 'order-1', 'BeforeDrop');
ALTER TABLE outbox DROP headers;
INSERT INTO outbox VALUES
  ('0190c0de-0000-7000-8000-000000000004', 'orders', 'order-1', 'AfterDrop', '{"n": 4}', 4, '2024-05-01 12:00:04Z', NULL,
    'acme', 5);
ALTER TABLE outbox RENAME version TO revision;
INSERT INTO outbox VALUES
  ('0190c0de-0000-7000-8000-000000000005', 'orders', 'order-1', 'AfterRename', '{"n": 5}', 5, '2024-05-01 12:00:05Z', NULL,
    'acme', 5);
COMMIT;

BEGIN;
ALTER TABLE outbox DROP tenant;
INSERT INTO outbox VALUES
  ('0190c0de-0000-7000-8000-000000000006', 'orders', 'order-1', 'RolledBack', '{"n": 6}', 6, '2024-05-01 12:00:06Z', NULL, 5);
ROLLBACK;

BEGIN;
SAVEPOINT s;
ALTER TABLE outbox DROP tenant;
INSERT INTO outbox VALUES
  ('0190c0de-0000-7000-8000-000000000007', 'orders', 'order-1', 'RolledBack', '{"n": 7}', 7, '2024-05-01 12:00:07Z', NULL, 5);
ROLLBACK TO s;
INSERT INTO outbox VALUES
  ('0190c0de-0000-7000-8000-000000000008', 'orders', 'order-1', 'TenantIsBack', '{"n": 8}', 8, '2024-05-01 12:00:08Z', NULL,
    'acme', 5);
COMMIT;

-- Rewrites the table: its rows must not come again.
ALTER TABLE outbox ALTER payload TYPE text USING payload::text, ALTER revision TYPE bigint;
INSERT INTO outbox VALUES
  ('0190c0de-0000-7000-8000-000000000009', 'orders', 'order-1', 'AfterRetype', '{ "n" :  9 }', 9, '2024-05-01 12:00:09Z',
    NULL, 'acme', 5);
BEGIN;
ALTER TABLE outbox ALTER occurred_at TYPE bigint USING (extract(epoch FROM occurred_at) * 1000)::bigint;
INSERT INTO outbox VALUES
  ('0190c0de-0000-7000-8000-00000000000a', 'orders', 'order-1', 'AfterRetype', '{"n": 10}', 10, 1714564810000, NULL, 'acme', 5);
COMMIT;

ALTER TABLE outbox RENAME TO events;
INSERT INTO events VALUES
  ('0190c0de-0000-7000-8000-00000000000b', 'orders', 'order-1', 'AfterTableRename', '{"n": 11}', 11, 1714564811000, NULL,
    'acme', 5);
ALTER TABLE events RENAME TO outbox;
ALTER TABLE outbox REPLICA IDENTITY FULL;
INSERT INTO outbox VALUES
  ('0190c0de-0000-7000-8000-00000000000c', 'orders', 'order-1', 'AfterReplicaIdentity', '{"n": 12}', 12, 1714564812000, NULL,
    'acme', 5);
DROP TABLE outbox;
