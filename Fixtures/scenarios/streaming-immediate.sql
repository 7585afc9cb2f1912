-- Every change in a streamed block of its own, and transactions that are rolled back as a whole after they were streamed
-- (which PostgreSQL 18 otherwise leaves out when it decodes them afterwards).
-- options: proto_version=4 streaming=parallel two_phase=on messages=true
-- slot: two_phase
-- servers: 18
-- set: debug_logical_replication_streaming=immediate
\ir setup/outbox.sql
:create_slot

BEGIN;
CALL add_event(1, 'order-1', 'Kept');
CALL add_event(2, 'order-1', 'Kept');
COMMIT;

BEGIN;
CALL add_event(3, 'order-2', 'RolledBack');
SELECT FROM pg_logical_emit_message(true, 'outbox.orders', 'rolled back');
ROLLBACK;

BEGIN;
CALL add_event(4, 'order-1', 'Kept');
SAVEPOINT a;
CALL add_event(5, 'order-1', 'RolledBack');
SAVEPOINT b;
CALL add_event(6, 'order-1', 'RolledBack');
ROLLBACK TO a;
SELECT FROM pg_logical_emit_message(true, 'outbox.orders', 'kept');
CALL add_event(7, 'order-1', 'Kept');
COMMIT;

BEGIN;
SAVEPOINT a;
CALL add_event(8, 'order-3', 'RolledBack');
RELEASE a;
CALL add_event(9, 'order-3', 'RolledBack');
ROLLBACK;

BEGIN;
CALL add_event(10, 'order-4', 'Kept');
PREPARE TRANSACTION 'immediate-1';
BEGIN;
CALL add_event(11, 'order-4', 'RolledBack');
PREPARE TRANSACTION 'immediate-2';
COMMIT PREPARED 'immediate-1';
ROLLBACK PREPARED 'immediate-2';

CALL add_event(12, 'order-main', 'Kept');
