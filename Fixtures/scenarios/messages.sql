-- Events as logical messages instead of rows, some of them rolled back.
-- options: proto_version=1 messages=true
\ir setup/outbox.sql
:create_slot

SELECT FROM pg_logical_emit_message(true, 'outbox.orders', '{"id": "m-1", "order": "order-1", "type": "OrderPlaced"}');
BEGIN;
SELECT FROM pg_logical_emit_message(true, 'outbox.orders', '{"id": "m-2", "order": "order-1", "type": "OrderPaid"}');
CALL add_event(1);
SELECT FROM pg_logical_emit_message(true, 'outbox.payments', '{"id": "m-3", "name": "Zoë 💶"}');
SELECT FROM pg_logical_emit_message(true, 'audit', 'not for the outbox');
COMMIT;
BEGIN;
SELECT FROM pg_logical_emit_message(true, 'outbox.orders', '{"id": "m-4", "type": "RolledBack"}');
ROLLBACK;
BEGIN;
SELECT FROM pg_logical_emit_message(true, 'outbox.orders', '{"id": "m-5"}');
SAVEPOINT s;
SELECT FROM pg_logical_emit_message(true, 'outbox.orders', '{"id": "m-6", "type": "RolledBack"}');
ROLLBACK TO s;
SELECT FROM pg_logical_emit_message(true, 'outbox.orders', '{"id": "m-7"}');
COMMIT;

-- Not transactional: sent at once, whatever becomes of the transaction.
BEGIN;
SELECT FROM pg_logical_emit_message(true, 'outbox.orders', '{"id": "m-8"}');
SELECT FROM pg_logical_emit_message(false, 'outbox.orders', '{"id": "m-9"}');
COMMIT;
BEGIN;
CALL add_event(2, kind => 'RolledBack');
SELECT FROM pg_logical_emit_message(false, 'outbox.orders', '{"id": "m-10"}');
ROLLBACK;
SELECT FROM pg_logical_emit_message(false, 'outbox.orders', '{"id": "m-11"}');

SELECT FROM pg_logical_emit_message(true, 'outbox.orders', '');
SELECT FROM pg_logical_emit_message(true, 'outbox.orders', 'not JSON');
SELECT FROM pg_logical_emit_message(true, 'outbox.orders', '\x00c328'::bytea);
CALL add_event(3);
