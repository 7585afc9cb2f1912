-- An outbox from which two tables inherit, one with more columns; a third one inherits later and is published by itself.
-- options: proto_version=1
-- replay: --table public.outbox
-- replay: --table public.outbox --table public.outbox_eu --table public.outbox_late --source urn:example:shop
\ir setup/outbox.sql
CREATE TABLE public.outbox_eu () INHERITS (public.outbox);
CREATE TABLE public.outbox_us (state text) INHERITS (public.outbox);
ALTER PUBLICATION tailrace SET TABLE public.outbox;
:create_slot

CALL add_event(1);
INSERT INTO outbox_eu SELECT '0190c0de-0000-7000-8000-000000000002', 'orders', 'order-2', 'InTheChild', '{"n": 2}', 2, '2024-05-01 12:00:02Z';
INSERT INTO outbox_us SELECT '0190c0de-0000-7000-8000-000000000003', 'orders', 'order-3', 'WithAState', '{"n": 3}', 3, '2024-05-01 12:00:03Z', NULL, NULL, 'NY';
BEGIN;
CREATE TABLE outbox_late () INHERITS (outbox_eu);
ALTER PUBLICATION tailrace ADD TABLE outbox_late;
INSERT INTO outbox_late SELECT '0190c0de-0000-7000-8000-000000000004', 'orders', 'order-2', 'InTheGrandchild', '{"n": 4}', 4, '2024-05-01 12:00:04Z';
COMMIT;
ALTER TABLE outbox_late NO INHERIT outbox_eu;
INSERT INTO outbox_late SELECT '0190c0de-0000-7000-8000-000000000005', 'orders', 'order-2', 'NoChildAnyMore', '{"n": 5}', 5, '2024-05-01 12:00:05Z';
CALL add_event(6);
