-- Plain inserts in several transactions, one of them rolled back.
-- options: proto_version=1
\ir setup/outbox.sql
:create_slot

CALL add_event(1);

BEGIN;
CALL add_event(2, 'order-1', 'OrderPaid');
CALL add_event(3, 'order-2', 'OrderPlaced');
CALL add_event(4, 'order-2', 'OrderPaid');
COMMIT;

BEGIN;
CALL add_event(5, 'order-3', 'RolledBack');
ROLLBACK;

INSERT INTO outbox VALUES
  ('0190c0de-0000-7000-8000-000000000006', 'orders', 'Bestellung-ß-注文-🧾', 'OrderPlaced',
    '{"name": "Zoë \"Zed\" O''Neil", "note": "line 1\nline 2\tend", "path": "C:\\temp", "emoji": "👩‍🚀", "control": "\u0001"}',
    6, '2024-05-01 12:00:06.000001Z', '{"tenant": "näive", "attempt": 1}', NULL),
  ('0190c0de-0000-7000-8000-000000000007', 'orders', E'quote '' double " back \\ slash', 'Order "Placed"',
    '{}', NULL, NULL, NULL, NULL),
  ('0190c0de-0000-7000-8000-000000000008', 'orders', 'order-4', 'OrderDeleted', NULL, 8, '2024-05-01 12:00:08Z', NULL, ''),
  ('0190c0de-0000-7000-8000-000000000009', 'orders', '', 'OrderNoted', 'null', 0, '2024-05-01 12:00:09Z', '{}', NULL);

INSERT INTO outbox VALUES
  ('0190c0de-0000-7000-8000-00000000000a', 'orders', 'order-5', 'OrderPlaced',
    jsonb_build_object('filler', repeat('0123456789', 300)), 10, '2024-05-01 12:00:10Z', NULL, NULL);

CALL add_event(11, 'order-1', 'OrderSent');
