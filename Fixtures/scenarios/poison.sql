-- Rows and messages that cannot become events. Each replay delivers the event before and stops at the poison.
-- options: proto_version=1 messages=true
-- replay: --table public.outbox --table public.control_character
-- replay: --table public.outbox --table public.forbidden_character
-- replay: --table public.outbox --table public.empty_type
-- replay: --table public.outbox --table public.empty_id
-- replay: --table public.outbox --table public.null_id
-- replay: --table public.outbox --table public.infinite_time
-- replay: --table public.outbox --table public.time_before_christ
-- replay: --table public.outbox --table public.headers_array
-- replay: --table public.outbox --table public.header_name --on-bad-header fail
-- replay: --table public.outbox --table public.header_name
-- replay: --table public.outbox --table public.not_json --payload-type json
-- replay: --table public.outbox --table public.no_payload_column
-- replay: --table public.outbox --table public.time_of_day
-- replay: --table public.outbox --message-prefix empty
-- replay: --table public.outbox --message-prefix text
-- replay: --table public.outbox --message-prefix bytes
-- replay: --table public.outbox --message-prefix untyped
-- replay: --table public.outbox --message-prefix surrogate
\ir setup/outbox.sql
CREATE TABLE control_character (LIKE outbox);
CREATE TABLE forbidden_character (LIKE outbox);
CREATE TABLE empty_type (LIKE outbox);
CREATE TABLE empty_id (id text, aggregatetype text, aggregateid text, type text, payload text);
CREATE TABLE null_id (LIKE empty_id);
CREATE TABLE infinite_time (LIKE outbox);
CREATE TABLE time_before_christ (LIKE outbox);
CREATE TABLE headers_array (LIKE outbox);
CREATE TABLE header_name (LIKE outbox);
CREATE TABLE not_json (LIKE empty_id);
CREATE TABLE no_payload_column (id text, aggregatetype text, aggregateid text, type text, body text);
CREATE TABLE time_of_day (id text, aggregatetype text, aggregateid text, type text, payload text, occurred_at time);
ALTER PUBLICATION tailrace ADD TABLE control_character, forbidden_character, empty_type, empty_id, null_id,
  infinite_time, time_before_christ, headers_array, header_name, not_json, no_payload_column, time_of_day;
:create_slot

CALL add_event(1, 'order-1', 'Before');

BEGIN;
CALL add_event(2, 'order-1', 'BeforeInTheSameTransaction');
INSERT INTO control_character SELECT id, aggregatetype, aggregateid, E'Tab\tNewline\nReturn\r' FROM outbox WHERE version = 1;
INSERT INTO forbidden_character SELECT id, aggregatetype, U&'\+01FFFE', type FROM outbox WHERE version = 1;
INSERT INTO empty_type SELECT id, aggregatetype, aggregateid, '' FROM outbox WHERE version = 1;
INSERT INTO empty_id VALUES ('', 'orders', 'order-1', 'Poison', 'secret');
INSERT INTO null_id VALUES (NULL, 'orders', 'order-1', 'Poison', 'secret');
INSERT INTO infinite_time SELECT id, aggregatetype, aggregateid, 'Poison', NULL, 1, 'infinity' FROM outbox WHERE version = 1;
INSERT INTO time_before_christ
  SELECT id, aggregatetype, aggregateid, 'Poison', NULL, 1, '0044-03-15 12:00:00 BC' FROM outbox WHERE version = 1;
INSERT INTO headers_array
  SELECT id, aggregatetype, aggregateid, 'Poison', NULL, 1, NULL, '["secret"]' FROM outbox WHERE version = 1;
INSERT INTO header_name
  SELECT id, aggregatetype, aggregateid, 'Poison', NULL, 1, NULL, '{"a": 1, "Se-Quence": "secret"}' FROM outbox WHERE version = 1;
INSERT INTO not_json VALUES ('1', 'orders', 'order-1', 'Poison', '{"secret"}');
INSERT INTO no_payload_column VALUES ('1', 'orders', 'order-1', 'Poison', 'secret');
INSERT INTO time_of_day VALUES ('1', 'orders', 'order-1', 'Poison', 'secret', '12:00');
SELECT FROM pg_logical_emit_message(true, 'empty', '');
SELECT FROM pg_logical_emit_message(true, 'text', 'not JSON: secret');
SELECT FROM pg_logical_emit_message(true, 'bytes', '\x00c328'::bytea);
SELECT FROM pg_logical_emit_message(true, 'untyped', '{"id": "secret"}');
SELECT FROM pg_logical_emit_message(true, 'surrogate', '{"type": "secret \ud800"}');
CALL add_event(3, 'order-1', 'AfterInTheSameTransaction');
COMMIT;

CALL add_event(4, 'order-1', 'After');
