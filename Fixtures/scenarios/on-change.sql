-- Update, delete and truncate of the outbox between inserts.
-- options: proto_version=1
-- replay: --on-change warn
-- replay: --on-change fail
\ir setup/outbox.sql
:create_slot

CALL add_event(1);
UPDATE outbox SET payload = '{"n": 1, "changed": true}' WHERE version = 1;
CALL add_event(2, 'order-2');
DELETE FROM outbox WHERE version = 1;

-- What an application does that only wants the row in the log.
BEGIN;
CALL add_event(3, 'order-2', 'OrderPaid');
DELETE FROM outbox WHERE version = 3;
COMMIT;

BEGIN;
CALL add_event(4, 'order-2', 'OrderSent');
UPDATE outbox SET version = 40 WHERE version = 4;
CALL add_event(5, 'order-3');
COMMIT;

UPDATE outbox SET id = '0190c0de-0000-7000-8000-0000000000ff' WHERE version = 5;
TRUNCATE outbox;
CALL add_event(6, 'order-4');
BEGIN;
TRUNCATE outbox;
CALL add_event(7, 'order-4', 'OrderPaid');
COMMIT;
DELETE FROM outbox;
CALL add_event(8, 'order-4', 'OrderSent');
