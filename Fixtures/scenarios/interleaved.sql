-- Sessions whose transactions overlap and commit in another order than they began.
-- options: proto_version=1
\ir setup/outbox.sql
\ir setup/sessions.sql
:create_slot

SELECT dblink_exec('a', 'BEGIN');
SELECT dblink_exec('a', $$CALL add_event(1, 'order-a')$$);
SELECT dblink_exec('b', 'BEGIN');
SELECT dblink_exec('b', $$CALL add_event(2, 'order-b')$$);
SELECT dblink_exec('c', 'BEGIN');
SELECT dblink_exec('c', $$CALL add_event(3, 'order-c')$$);
SELECT dblink_exec('a', $$CALL add_event(4, 'order-a', 'OrderPaid')$$);
CALL add_event(5, 'order-main');
SELECT dblink_exec('b', $$CALL add_event(6, 'order-b', 'OrderPaid')$$);
SELECT dblink_exec('b', 'COMMIT');
SELECT dblink_exec('c', 'SAVEPOINT s');
SELECT dblink_exec('c', $$CALL add_event(7, 'order-c', 'RolledBack')$$);
SELECT dblink_exec('b', 'BEGIN');
SELECT dblink_exec('b', $$CALL add_event(8, 'order-b', 'OrderSent')$$);
SELECT dblink_exec('c', 'ROLLBACK TO s');
SELECT dblink_exec('a', $$CALL add_event(9, 'order-a', 'OrderSent')$$);
SELECT dblink_exec('c', $$CALL add_event(10, 'order-c', 'OrderPaid')$$);
SELECT dblink_exec('c', 'COMMIT');
SELECT dblink_exec('b', $$CALL add_event(11, 'order-b', 'RolledBack')$$);
CALL add_event(12, 'order-main', 'OrderPaid');
SELECT dblink_exec('b', 'ROLLBACK');
SELECT dblink_exec('a', $$CALL add_event(13, 'order-a', 'OrderDelivered')$$);
SELECT dblink_exec('a', 'COMMIT');
CALL add_event(14, 'order-main', 'OrderSent');
