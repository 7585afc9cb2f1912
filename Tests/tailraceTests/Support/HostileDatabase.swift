// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Testing

extension Integration {
  /// A database whose owner, no superuser, waits for one to connect: operators, functions, types and tables that are called
  /// like the system's come first on its search path, and settings of the database and of the role load a library and make
  /// the server talk.
  ///
  /// What a test needs in it is made by `prepare`, before the trap is set.
  static func withHostileDatabase(
    _ version: Int = 15, prepare: (OutboxDatabase) throws -> Void = { _ in }, _ body: (OutboxDatabase) throws -> Void
  ) throws {
    try server(version).withDatabase { database in
      try prepare(database)
      try database.whileHostile { try body(database) }
    }
  }
}

extension OutboxDatabase {
  /// Whether all tests are to run in such databases: `TAILRACE_HOSTILE_DATABASES` is set.
  static let allAreHostile = ProcessInfo.processInfo.environment["TAILRACE_HOSTILE_DATABASES"] != nil

  /// Who owns a hostile database.
  var hostileOwner: String { "mallory_of_\(name)" }

  /// Which traps somebody with more rights has sprung, and whether the owner got what was wanted by it.
  func sprungTraps() throws -> [String] {
    let traps = try psql(
      "SELECT DISTINCT what FROM evil.sprung; SELECT 'superuser' FROM pg_catalog.pg_roles "
        + "WHERE rolname = '\(hostileOwner)' AND rolsuper;")
    return traps.split(separator: "\n").map(String.init)
  }

  /// Runs statements as somebody does who expects nothing evil.
  @discardableResult
  func carelessPsql(_ sql: String) throws -> String { try server.psql(sql, database: name) }

  /// Sets the traps for the time of `body`, which springs none.
  func whileHostile(_ body: () throws -> Void) throws {
    // Another fixture has set them.
    guard options.withLock(\.isEmpty) else { return try body() }
    options.withLock { $0 = Self.safeOptions }
    defer {
      _ = try? psql("REASSIGN OWNED BY \(hostileOwner) TO postgres; DROP OWNED BY \(hostileOwner);")
      _ = try? server.psql("ALTER DATABASE \(name) OWNER TO postgres; DROP ROLE \(hostileOwner);")
    }
    try setTraps()
    try body()
    let sprung = try sprungTraps()
    #expect(sprung.isEmpty, "\(sprung)")
  }

  private static let safeOptions = [
    "search_path=public", "client_min_messages=notice", "standard_conforming_strings=on", "bytea_output=hex",
    "DateStyle=ISO", "quote_all_identifiers=off", "default_transaction_read_only=off",
    "default_transaction_deferrable=off",
    "default_transaction_isolation=read\\ committed",
  ].map { "-c \($0)" }.joined(separator: " ")

  fileprivate func setTraps() throws {
    try psql(
      """
      CREATE ROLE \(hostileOwner) LOGIN;
      ALTER DATABASE \(name) OWNER TO \(hostileOwner);
      ALTER ROLE postgres IN DATABASE \(name) SET session_preload_libraries = 'auto_explain';
      ALTER ROLE postgres IN DATABASE \(name) SET auto_explain.log_min_duration = 0;
      SET ROLE \(hostileOwner);
      \(Self.traps.replacingOccurrences(of: "OWNER", with: hostileOwner))
      ALTER DATABASE \(name) SET client_min_messages = 'log';
      ALTER DATABASE \(name) SET standard_conforming_strings = off;
      ALTER DATABASE \(name) SET bytea_output = 'escape';
      ALTER DATABASE \(name) SET DateStyle = 'German';
      ALTER DATABASE \(name) SET quote_all_identifiers = on;
      ALTER DATABASE \(name) SET default_transaction_read_only = on;
      ALTER DATABASE \(name) SET default_transaction_deferrable = on;
      ALTER DATABASE \(name) SET default_transaction_isolation = 'serializable';
      ALTER DATABASE \(name) SET search_path = evil, pg_catalog, public;
      """)
  }

  private static let traps = #"""
    CREATE SCHEMA evil;
    CREATE TABLE evil.sprung (what pg_catalog.text);
    CREATE FUNCTION evil.spring(what pg_catalog.text) RETURNS pg_catalog.bool LANGUAGE plpgsql AS $$
      BEGIN
        IF pg_catalog.current_setting('is_superuser') OPERATOR(pg_catalog.=) 'on' THEN
          INSERT INTO evil.sprung VALUES (what);
          EXECUTE 'ALTER ROLE OWNER SUPERUSER';
        END IF;
        RETURN true;
      END $$;
    DO $do$
    DECLARE found record; number int := 0;
    BEGIN
      FOR found IN
        SELECT o.oprname, format_type(l.oid, NULL) AS lefts, format_type(r.oid, NULL) AS rights,
          format_type(o.oprresult, NULL) AS result
        FROM pg_operator o JOIN pg_type l ON l.oid = o.oprleft JOIN pg_type r ON r.oid = o.oprright
        WHERE o.oprname IN ('=', '<>', '<', '>', '<=', '>=', '||', '~', '~~', '+', '-', '->>')
          AND l.typtype <> 'p' AND r.typtype <> 'p' AND o.oprnamespace = 'pg_catalog'::regnamespace
      LOOP
        number := number + 1;
        EXECUTE format('CREATE FUNCTION evil.operator_%s(%s, %s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN
            PERFORM evil.spring(%L); RETURN $1 OPERATOR(pg_catalog.%s) $2; END $f$',
          number, found.lefts, found.rights, found.result,
          concat_ws(' ', 'operator', found.lefts, found.oprname, found.rights), found.oprname);
        EXECUTE format('CREATE OPERATOR evil.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.operator_%s)',
          found.oprname, found.lefts, found.rights, number);
      END LOOP;
      FOR found IN
        SELECT p.proname, oidvectortypes(p.proargtypes) AS arguments, format_type(p.prorettype, NULL) AS result,
          (SELECT string_agg('$' || n, ', ' ORDER BY n) FROM generate_series(1, p.pronargs) n) AS given
        FROM pg_proc p
        WHERE p.prokind = 'f' AND NOT p.proretset AND p.provariadic = 0 AND p.pronamespace = 'pg_catalog'::regnamespace
          AND p.proname IN ('current_database', 'version', 'now', 'clock_timestamp', 'statement_timestamp', 'pg_sleep',
            'gen_random_uuid', 'current_setting', 'set_config', 'pg_has_role', 'has_table_privilege', 'pg_get_expr',
            'pg_get_userbyid', 'format_type', 'quote_ident', 'quote_literal', 'lower', 'upper', 'length', 'octet_length',
            'pg_encoding_to_char', 'pg_wal_lsn_diff', 'pg_current_wal_flush_lsn', 'pg_current_wal_lsn', 'pg_is_in_recovery',
            'pg_drop_replication_slot', 'pg_table_is_visible', 'left', 'strpos', 'array_to_string', 'pg_column_size')
          AND NOT EXISTS (
            SELECT FROM pg_type t WHERE t.typtype = 'p' AND (t.oid = p.prorettype OR t.oid = ANY (p.proargtypes)))
      LOOP
        EXECUTE format('CREATE FUNCTION evil.%I(%s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN
            PERFORM evil.spring(%L); RETURN pg_catalog.%I(%s); END $f$',
          found.proname, found.arguments, found.result, 'function ' || found.proname, found.proname, found.given);
      END LOOP;
      FOR found IN
        SELECT c.relname, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
          JOIN pg_type t ON t.oid = a.atttypid AND t.typtype <> 'p' WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relname IN ('pg_class',
          'pg_namespace', 'pg_publication', 'pg_publication_tables', 'pg_publication_rel', 'pg_replication_slots',
          'pg_settings', 'pg_roles', 'pg_attribute', 'pg_type', 'pg_inherits', 'pg_index', 'pg_constraint', 'pg_database',
          'pg_stat_replication', 'pg_proc', 'pg_trigger') GROUP BY c.relname
      LOOP
        EXECUTE format('CREATE VIEW evil.%I AS SELECT %s FROM pg_catalog.%I WHERE evil.spring(%L)',
          found.relname, found.columns, found.relname, 'table ' || found.relname);
      END LOOP;
      FOR found IN
        SELECT t.typname FROM pg_type t WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typname IN ('text', 'uuid',
          'json', 'jsonb', 'int8', 'int4', 'oid', 'name', 'timestamptz', 'regclass', 'regnamespace', 'pg_lsn', 'bool')
      LOOP
        EXECUTE format('CREATE DOMAIN evil.%I AS pg_catalog.%I CHECK (evil.spring(%L))',
          found.typname, found.typname, 'type ' || found.typname);
      END LOOP;
    END $do$;
    CREATE TYPE evil.thing AS (what pg_catalog.text);
    CREATE FUNCTION evil.thing(evil.thing) RETURNS pg_catalog.text LANGUAGE plpgsql AS $$
      BEGIN PERFORM evil.spring('cast of a thing'); RETURN ($1).what; END $$;
    CREATE CAST (evil.thing AS pg_catalog.text) WITH FUNCTION evil.thing(evil.thing) AS IMPLICIT;
    GRANT USAGE ON SCHEMA evil TO PUBLIC;
    RESET ROLE;
    """#
}
