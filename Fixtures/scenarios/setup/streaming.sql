-- Transactions that are streamed: two that overlap, with subtransactions that are rolled back, one that is rolled back
-- as a whole, one whose only streamed block holds no published change, and small ones among them.
\ir outbox.sql
\ir filler.sql
\ir sessions.sql
:create_slot

SELECT dblink_exec('a', 'BEGIN');
SELECT dblink_exec('a', $$CALL add_event(1, 'order-a', 'Kept')$$);
SELECT dblink_exec('a', 'CALL fill()');
SELECT dblink_exec('b', 'BEGIN');
SELECT dblink_exec('b', $$CALL add_event(2, 'order-b', 'Kept')$$);
SELECT dblink_exec('b', $$DO 'BEGIN PERFORM pg_logical_emit_message(true, ''outbox.orders'', ''within b''); END'$$);
SELECT dblink_exec('b', 'CALL fill()');
SELECT dblink_exec('a', 'SAVEPOINT s1');
SELECT dblink_exec('a', $$CALL add_event(3, 'order-a', 'RolledBack')$$);
SELECT dblink_exec('a', 'CALL fill()');
SELECT dblink_exec('a', 'SAVEPOINT s2');
SELECT dblink_exec('a', $$CALL add_event(4, 'order-a', 'RolledBack')$$);
SELECT dblink_exec('a', 'CALL fill()');
SELECT dblink_exec('a', 'ROLLBACK TO s1');
CALL add_event(5, 'order-main', 'Kept');
SELECT dblink_exec('a', $$CALL add_event(6, 'order-a', 'Kept')$$);
SELECT dblink_exec('b', 'SAVEPOINT s1');
SELECT dblink_exec('b', $$CALL add_event(7, 'order-b', 'Kept')$$);
SELECT dblink_exec('b', 'CALL fill()');
SELECT dblink_exec('b', 'RELEASE s1');
SELECT dblink_exec('c', 'BEGIN');
SELECT dblink_exec('c', $$CALL add_event(8, 'order-c', 'RolledBack')$$);
SELECT dblink_exec('c', 'CALL fill()');
SELECT dblink_exec('c', 'CALL fill()');
SELECT dblink_exec('a', 'CALL fill()');
SELECT dblink_exec('a', $$CALL add_event(9, 'order-a', 'Kept')$$);
SELECT dblink_exec('c', $$CALL add_event(10, 'order-c', 'RolledBack')$$);
SELECT dblink_exec('c', 'ROLLBACK');
SELECT dblink_exec('b', $$CALL add_event(11, 'order-b', 'Kept')$$);
SELECT dblink_exec('b', 'COMMIT');
SELECT dblink_exec('a', $$CALL add_event(12, 'order-a', 'Kept')$$);
SELECT dblink_exec('a', 'COMMIT');

-- A savepoint that is rolled back before anything of it is streamed.
BEGIN;
SAVEPOINT s;
CALL add_event(13, 'order-main', 'RolledBack');
ROLLBACK TO s;
CALL add_event(14, 'order-main', 'Kept');
CALL fill();
CALL fill();
CALL add_event(15, 'order-main', 'Kept');
COMMIT;

BEGIN;
CALL fill();
CALL fill();
COMMIT;

CALL add_event(16, 'order-main', 'Kept');
