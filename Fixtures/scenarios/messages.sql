-- Events as logical messages instead of rows, some of them rolled back.
-- options: proto_version=1 messages=true
-- replay: --message-prefix outbox. --table public.outbox
-- replay: --message-prefix outbox.payments --attribute name=name
\ir setup/outbox.sql
:create_slot

SELECT FROM pg_logical_emit_message(true, 'outbox.orders', '{"id": "m-1", "aggregateid": "order-1", "type": "OrderPlaced", "payload": {"n": 1}}');
BEGIN;
SELECT FROM pg_logical_emit_message(true, 'outbox.orders', '{"type": "OrderPaid", "aggregateid": 1, "occurred_at": 1714564802}');
CALL add_event(1);
SELECT FROM pg_logical_emit_message(true, 'outbox.payments', '{"id": "m-3", "type": "PaymentSent", "name": "Zoë 💶", "payload": "text"}');
SELECT FROM pg_logical_emit_message(true, 'audit', 'not for the outbox');
COMMIT;
BEGIN;
SELECT FROM pg_logical_emit_message(true, 'outbox.orders', '{"id": "m-4", "type": "RolledBack"}');
ROLLBACK;
BEGIN;
SELECT FROM pg_logical_emit_message(true, 'outbox.orders', '{"id": "m-5", "type": "Kept"}');
SAVEPOINT s;
SELECT FROM pg_logical_emit_message(true, 'outbox.orders', '{"id": "m-6", "type": "RolledBack"}');
ROLLBACK TO s;
SELECT FROM pg_logical_emit_message(true, 'outbox.orders', '{"id": "m-7", "type": "Kept", "aggregatetype": "invoices", "headers": {"Tenant": "a"}}');
COMMIT;

-- Not transactional: sent at once, whatever becomes of the transaction.
BEGIN;
SELECT FROM pg_logical_emit_message(true, 'outbox.orders', '{"id": "m-8", "type": "Kept"}');
SELECT FROM pg_logical_emit_message(false, 'outbox.orders', '{"id": "m-9"}');
COMMIT;
BEGIN;
CALL add_event(2, kind => 'RolledBack');
SELECT FROM pg_logical_emit_message(false, 'outbox.orders', '{"id": "m-10"}');
ROLLBACK;
SELECT FROM pg_logical_emit_message(false, 'outbox.orders', '{"id": "m-11"}');

CALL add_event(3);
