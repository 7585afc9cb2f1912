-- Two outbox tables and an unrelated published table, interleaved.
-- options: proto_version=1
-- replay: --table public.outbox --table billing.outbox
-- replay: --table billing.outbox --source urn:example:billing
\ir setup/outbox.sql
CREATE SCHEMA billing;
CREATE TABLE billing.outbox (LIKE public.outbox INCLUDING ALL);
CREATE TABLE public.customers (id int PRIMARY KEY, name text);
CREATE TABLE public.unpublished (id int);
ALTER PUBLICATION tailrace ADD TABLE billing.outbox, public.customers;
:create_slot

INSERT INTO customers VALUES (1, 'Ann');
BEGIN;
INSERT INTO customers VALUES (2, 'Bob');
CALL add_event(1);
INSERT INTO billing.outbox VALUES
  ('0190c0de-0004-7000-8000-000000000001', 'invoices', 'invoice-1', 'InvoiceSent', '{"total": 10}', 1,
    '2024-05-01 13:00:01Z', NULL, NULL);
INSERT INTO unpublished VALUES (1);
UPDATE customers SET name = 'Rob' WHERE id = 2;
CALL add_event(2, 'order-2');
COMMIT;
INSERT INTO unpublished VALUES (2);
BEGIN;
INSERT INTO billing.outbox VALUES
  ('0190c0de-0004-7000-8000-000000000002', 'invoices', 'invoice-1', 'InvoicePaid', '{"total": 10}', 2,
    '2024-05-01 13:00:02Z', NULL, NULL);
DELETE FROM customers WHERE id = 1;
COMMIT;
UPDATE customers SET name = 'Robert';
CALL add_event(3, 'order-2', 'OrderPaid');
TRUNCATE customers;
INSERT INTO billing.outbox VALUES
  ('0190c0de-0004-7000-8000-000000000003', 'invoices', 'invoice-2', 'InvoiceSent', '{"total": 20}', 1,
    '2024-05-01 13:00:03Z', NULL, NULL);
