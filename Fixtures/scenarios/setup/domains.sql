CREATE DOMAIN event_id AS uuid NOT NULL;
CREATE DOMAIN document AS jsonb CHECK (jsonb_typeof(VALUE) = 'object');
CREATE DOMAIN checked_document AS document;
CREATE DOMAIN document_text AS json;
CREATE DOMAIN bytes AS bytea;
CREATE DOMAIN instant AS timestamptz;
CREATE DOMAIN milliseconds AS bigint;
CREATE DOMAIN small AS smallint;
CREATE DOMAIN words AS varchar(40);
CREATE TYPE kind AS ENUM ('OrderPlaced', 'OrderPaid', 'grüße');
CREATE TYPE mood AS ENUM ('{"mood": 1}', '[]');
CREATE DOMAIN kind_of_order AS kind;
CREATE TABLE outbox (
  id event_id, aggregatetype words, aggregateid words, type kind, payload checked_document, occurred_at instant,
  headers document, version small, priority information_schema.cardinal_number
);
CREATE TABLE outbox_bytes (
  id milliseconds, aggregatetype kind_of_order, aggregateid text, type text, payload bytes, timestamp milliseconds
);
CREATE TABLE outbox_words (
  id words, aggregatetype words, aggregateid words, type kind_of_order, payload mood, headers document_text
);
CREATE PUBLICATION tailrace FOR TABLE outbox, outbox_bytes, outbox_words;
:create_slot

INSERT INTO outbox VALUES
  ('0190c0de-0000-7000-8000-000000000001', 'orders', 'order-1', 'OrderPlaced', '{"n": 1}', '2024-05-01 12:00:01.5Z',
    '{"tenant": "acme"}', 3, 7),
  ('0190c0de-0000-7000-8000-000000000002', 'orders', 'order-1', 'grüße', NULL, NULL, NULL, NULL, NULL);
INSERT INTO outbox_bytes VALUES (-9, 'OrderPaid', 'order-2', 'Bytes', '\x00ff', 1714564801123), (10, 'OrderPaid', '', 'NoBytes', '\x', NULL);
INSERT INTO outbox_words VALUES
  ('1', 'orders', 'order-3', 'OrderPaid', '{"mood": 1}', E'{\r\n"a":\t"b"}'), ('2', 'orders', 'order-3', 'OrderPaid', '[]', 'null');

-- The same names for other types: the relation is described anew.
BEGIN;
ALTER TABLE outbox ALTER payload TYPE document_text, ALTER occurred_at TYPE milliseconds USING 1714564802,
  ALTER version TYPE words;
INSERT INTO outbox VALUES
  ('0190c0de-0000-7000-8000-000000000003', 'orders', 'order-1', 'OrderPlaced', E'{\r "n": 3\n}', 1714564803, '{}', 'v4', 1);
COMMIT;
