-- Streamed transactions that are prepared (Stream Prepare), then committed or rolled back.
-- options: proto_version=3 streaming=on two_phase=on
-- slot: two_phase
\ir setup/outbox.sql
\ir setup/filler.sql
:create_slot

BEGIN;
CALL add_event(1, 'order-1', 'Kept');
CALL fill();
CALL fill();
SAVEPOINT s;
CALL add_event(2, 'order-1', 'RolledBack');
CALL fill();
CALL fill();
ROLLBACK TO s;
CALL add_event(3, 'order-1', 'Kept');
PREPARE TRANSACTION 'stream-1';
CALL add_event(4, 'order-main', 'Kept');
COMMIT PREPARED 'stream-1';

BEGIN;
CALL add_event(5, 'order-2', 'RolledBack');
CALL fill();
CALL fill();
PREPARE TRANSACTION 'stream-2';
CALL add_event(6, 'order-main', 'Kept');
ROLLBACK PREPARED 'stream-2';

-- Prepared without having been streamed, and streamed without being prepared.
BEGIN;
CALL add_event(7, 'order-3', 'Kept');
PREPARE TRANSACTION 'plain-3';
BEGIN;
CALL add_event(8, 'order-main', 'Kept');
CALL fill();
CALL fill();
COMMIT;
COMMIT PREPARED 'plain-3';

-- Rolled back before it is prepared.
BEGIN;
CALL add_event(9, 'order-4', 'RolledBack');
CALL fill();
CALL fill();
ROLLBACK;

CALL add_event(10, 'order-main', 'Kept');
