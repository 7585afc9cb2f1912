-- Nested savepoints, some of them rolled back.
-- options: proto_version=1
\ir setup/outbox.sql
:create_slot

BEGIN;
CALL add_event(1, kind => 'Kept');
SAVEPOINT a;
CALL add_event(2, kind => 'RolledBack');
ROLLBACK TO a;
CALL add_event(3, kind => 'Kept');
SAVEPOINT b;
CALL add_event(4, kind => 'Kept');
SAVEPOINT c;
CALL add_event(5, kind => 'RolledBack');
SAVEPOINT d;
CALL add_event(6, kind => 'RolledBack');
RELEASE d;
CALL add_event(7, kind => 'RolledBack');
ROLLBACK TO c;
CALL add_event(8, kind => 'Kept');
RELEASE c;
RELEASE b;
CALL add_event(9, kind => 'Kept');
COMMIT;

-- The very first change is in a subtransaction, and one that is rolled back.
BEGIN;
SAVEPOINT a;
CALL add_event(10, kind => 'RolledBack');
ROLLBACK TO a;
SAVEPOINT b;
CALL add_event(11, kind => 'Kept');
RELEASE b;
COMMIT;

-- Nothing is left.
BEGIN;
SAVEPOINT a;
CALL add_event(12, kind => 'RolledBack');
ROLLBACK TO a;
COMMIT;

-- The whole transaction is rolled back, with a released savepoint.
BEGIN;
SAVEPOINT a;
CALL add_event(13, kind => 'RolledBack');
RELEASE a;
ROLLBACK;

-- Subtransactions that a block with an exception handler makes; the same row is tried again.
DO $$
BEGIN
  FOR n IN 14..19 LOOP
    BEGIN
      CALL add_event(n, kind => CASE n % 2 WHEN 0 THEN 'Kept' ELSE 'RolledBack' END);
      IF n % 2 = 1 THEN
        RAISE division_by_zero;
      END IF;
    EXCEPTION WHEN division_by_zero THEN
      CALL add_event(n, kind => 'Retried');
    END;
  END LOOP;
END $$;
