// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire
import Synchronization

/// Which table may be used.
extension DeadLetterTable {
  /// A table's triggers, rules and policies run with the rights of whoever uses it: they are its owner's, or of whoever was
  /// given the right to make triggers. And letters that a crash of the server takes away are none.
  ///
  /// Whoever owns the schema may put another table there at any time, also by giving another schema this one's name. So a
  /// superuser locks both, then looks, and uses the table in the same transaction: with a lock beside which nobody makes a
  /// trigger. A standby locks no rows.
  var guardian: SQLSession.Guardian {
    let schema = SQLQuoting.literal(table.schema)
    let (table, look) = (table, look)
    return SQLSession.Guardian(
      rowLocks: "SELECT FROM pg_catalog.pg_namespace WHERE nspname = \(schema) FOR SHARE; ",
      look: "LOCK TABLE \(name) IN ROW EXCLUSIVE MODE; \(look)"
    ) { (rows) throws(Failure) in try Self.check(rows, table) }
  }

  /// Looks at the table where it is used by somebody who is no superuser, too.
  func checkOnce() throws(Failure) {
    guard !isChecked.load(ordering: .acquiring) else { return }
    let found = try session.query(look)
    try Self.check(found, table)
    if !found.isEmpty { isChecked.store(true, ordering: .releasing) }
  }

  private var look: String {
    Self.look(
      where: "n.nspname = \(SQLQuoting.literal(table.schema)) AND c.relname = \(SQLQuoting.literal(table.name))")
  }

  /// Asks of a table: whose triggers would run with our rights, whether we are superuser, and whether a crash empties it.
  static func look(where isMeant: String) -> String {
    """
    SELECT b.rolname, (b.rolname IS NOT NULL AND pg_catalog.pg_has_role(session_user, 10::pg_catalog.oid, 'MEMBER'))::text, \
    EXISTS (SELECT FROM pg_catalog.pg_class p WHERE p.relpersistence <> 'p' AND p.oid = ANY (a.oids))::text \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    CROSS JOIN LATERAL (SELECT ARRAY (SELECT c.oid UNION SELECT t.relid::oid FROM pg_catalog.pg_partition_tree(c.oid) t) \
    AS oids) a \
    LEFT JOIN LATERAL (SELECT pg_catalog.pg_get_userbyid(r.oid) AS rolname FROM (\
    SELECT p.relowner FROM pg_catalog.pg_class p WHERE p.oid = ANY (a.oids) \
    UNION SELECT f.proowner FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_proc f ON f.oid = g.tgfoid \
    WHERE NOT g.tgisinternal AND g.tgrelid = ANY (a.oids)) AS r (oid) \
    WHERE NOT pg_catalog.pg_has_role(r.oid, 10::pg_catalog.oid, 'MEMBER') ORDER BY 1 LIMIT 1) b ON true \
    WHERE \(isMeant)
    """
  }

  private static func check(_ rows: [SQLRow], _ table: TableName) throws(Failure) {
    guard let found = rows.first, found.count == 3 else { return }
    guard found[2] != "true" else {
      throw Failure(
        .lettersMissing, "dead letters: \(table) is unlogged, so a crash of the server would empty it",
        advice: "ALTER TABLE \(SQLName.inStatement(table)) SET LOGGED;")
    }
    guard found[1] == "true", let owner = found[0] else { return }
    throw Failure(
      .privilege,
      "dead letters: \(table), a part of it, or the function of a trigger on it belongs to role \(owner), whose triggers would run as superuser",
      advice: "connect as a role that is no superuser, or name a table that a superuser owns, with no trigger of others"
    )
  }
}
