-- Sessions a, b and c besides this one. dblink_exec(session, statement) waits for the statement's end; it takes no
-- statement that returns rows.
CREATE EXTENSION dblink;

SELECT FROM unnest(ARRAY['a', 'b', 'c']) AS session, dblink_connect(session, format(
  'host=''%s'' port=%s dbname=%s user=postgres',
  current_setting('unix_socket_directories'), current_setting('port'), current_database()
));
