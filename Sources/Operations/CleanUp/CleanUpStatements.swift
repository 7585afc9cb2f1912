// SPDX-License-Identifier: Apache-2.0

import OutboxMapping
import PostgresClient
import PostgresWire

/// Where rows are cleaned up: the table as it is called now, and what its ids are.
struct CleanUpTarget: Hashable, Sendable {
  let table: TableName
  /// The type of the id column, quoted.
  let type: String

  init?(_ schema: String?, _ name: String?, _ typeSchema: String?, _ type: String?) {
    guard let schema, let name, let typeSchema, let type else { return nil }
    table = TableName(schema: schema, name: name)
    // Not as `character`, which would be one of them.
    self.type = "\(SQLName.quoted(typeSchema)).\(SQLName.quoted(type))"
  }
}

/// What is known of a table before the first row of it is cleaned up.
struct CleanUpFacts: Hashable, Sendable {
  let target: CleanUpTarget
  var name: TableName { target.table }
  let isStandby: Bool
  let isUnique: Bool
  /// The mark column's type; nil where there is none.
  let markType: String?
  /// A foreign key that refers to the table and forbids deleting: its table and name.
  let foreignKey: String?
  /// Whether we may read the ids, and delete or mark.
  let mayRead: Bool
  let mayWrite: Bool
  /// Whether policies may hide rows from us.
  let hasPolicies: Bool
  let role: String

  init?(_ row: SQLRow) {
    guard row.count == 12, let target = CleanUpTarget(row[0], row[1], row[2], row[3]) else { return nil }
    self.target = target
    (isStandby, isUnique) = (row[4] == "t", row[5] == "t")
    (markType, foreignKey) = (row[6], row[7])
    (mayRead, mayWrite, hasPolicies) = (row[8] == "t", row[9] == "t", row[10] == "t")
    role = row[11] ?? ""
  }
}

/// The statements that clean rows up.
struct CleanUpStatements: Hashable, Sendable {
  let tables: [TableName]
  /// The id column.
  let id: String
  /// The column that says when; nil to delete.
  let mark: String?

  private var source: String {
    "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
      + "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
      + "AND a.attname = \(SQLQuoting.literal(id)) "
      + "JOIN pg_catalog.pg_type t ON t.oid = a.atttypid JOIN pg_catalog.pg_namespace s ON s.oid = t.typnamespace"
  }

  private static let columns = "n.nspname, c.relname, s.nspname, t.typname"

  /// Which table is meant, for a WHERE.
  func condition(_ place: Int, _ table: ObjectID?) -> String {
    if let table { return "c.oid = \(table)" }
    let name = tables[place]
    return "n.nspname = \(SQLQuoting.literal(name.schema)) AND c.relname = \(SQLQuoting.literal(name.name))"
  }

  /// Asks for the transaction at hand, and for what a target is made of.
  func target(where condition: String) -> String {
    "SELECT pg_catalog.pg_current_xact_id()::pg_catalog.text, \(Self.columns) \(source) WHERE \(condition)"
  }

  /// Cleans up those of `$1` that are there; tells how many.
  func statement(on target: CleanUpTarget) -> String {
    let (table, column) = (SQLName.quoted(target.table), SQLName.quoted(id))
    let change =
      mark.map(SQLName.quoted).map {
        "UPDATE \(table) SET \($0) = pg_catalog.now() WHERE \(isMeant(target)) AND \($0) IS NULL"
      } ?? "DELETE FROM \(table) WHERE \(isMeant(target))"
    // A trigger may have taken the mark away again.
    let proof = mark.map(SQLName.quoted) ?? column
    return "WITH done (proof) AS (\(change) RETURNING \(proof)) SELECT pg_catalog.count(proof) FROM done"
  }

  /// Whether some of `$1` are there and not cleaned up.
  func remains(of target: CleanUpTarget) -> String {
    let marked = mark.map { " AND \(SQLName.quoted($0)) IS NULL" } ?? ""
    return "SELECT EXISTS (SELECT FROM \(SQLName.quoted(target.table)) WHERE \(isMeant(target))\(marked))"
  }

  private func isMeant(_ target: CleanUpTarget) -> String {
    "\(SQLName.quoted(id)) = ANY ($1::pg_catalog.text[]::\(target.type)[])"
  }

  /// Asks for what `CleanUpFacts` has. Ids of a partitioned table are unique only with what it is partitioned by.
  func facts(where condition: String) -> String {
    let literal = mark.map(SQLQuoting.literal) ?? "NULL"
    let right =
      mark == nil
      ? "pg_catalog.has_table_privilege(c.oid, 'DELETE')"
      : "coalesce(pg_catalog.has_column_privilege(c.oid, m.attnum, 'UPDATE') "
        + "AND pg_catalog.has_column_privilege(c.oid, m.attnum, 'SELECT'), false)"
    return """
      SELECT \(Self.columns), pg_catalog.pg_is_in_recovery(), \
      EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid \
      AND i.indimmediate AND i.indpred IS NULL AND i.indkey[0] = a.attnum AND (i.indnkeyatts = 1 OR c.relkind = 'p')), \
      pg_catalog.format_type(m.atttypid, NULL), \
      (SELECT f.conrelid::pg_catalog.regclass::pg_catalog.text || ' (' || f.conname || ')' \
      FROM pg_catalog.pg_constraint f WHERE f.contype = 'f' AND f.confrelid = c.oid AND f.confdeltype IN ('a', 'r') \
      ORDER BY 1 LIMIT 1), \
      pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT'), \
      \(right), pg_catalog.row_security_active(c.oid), current_user \
      \(source) LEFT JOIN LATERAL (SELECT m.attnum, m.atttypid FROM pg_catalog.pg_attribute m WHERE m.attrelid = c.oid \
      AND m.attnum > 0 AND NOT m.attisdropped AND m.attname = \(literal)) m ON true WHERE \(condition)
      """
  }
}
