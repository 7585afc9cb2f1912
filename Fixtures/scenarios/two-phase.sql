-- Prepared transactions, committed and rolled back, with other transactions between.
-- options: proto_version=3 two_phase=on
-- slot: two_phase
\ir setup/outbox.sql
:create_slot

BEGIN;
CALL add_event(1, 'order-1', 'Kept');
CALL add_event(2, 'order-1', 'Kept');
PREPARE TRANSACTION 'payment-1';
CALL add_event(3, 'order-main', 'Kept');
COMMIT PREPARED 'payment-1';

BEGIN;
CALL add_event(4, 'order-2', 'RolledBack');
PREPARE TRANSACTION 'payment-2 it''s "ü"';
ROLLBACK PREPARED 'payment-2 it''s "ü"';

-- Two at once, finished in the other order; one with savepoints.
BEGIN;
CALL add_event(5, 'order-3', 'Kept');
SAVEPOINT s;
CALL add_event(6, 'order-3', 'RolledBack');
ROLLBACK TO s;
SAVEPOINT s;
CALL add_event(7, 'order-3', 'Kept');
PREPARE TRANSACTION 'payment-3';
BEGIN;
CALL add_event(8, 'order-4', 'Kept');
PREPARE TRANSACTION 'payment-4';
CALL add_event(9, 'order-main', 'Kept');
COMMIT PREPARED 'payment-4';
CALL add_event(10, 'order-main', 'Kept');
COMMIT PREPARED 'payment-3';

-- Nothing published in it.
CREATE TABLE unpublished (id int);
BEGIN;
INSERT INTO unpublished VALUES (1);
PREPARE TRANSACTION 'payment-5';
COMMIT PREPARED 'payment-5';

CALL add_event(11, 'order-main', 'Kept');
