// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire
import TableSource

/// What a table that is polled has.
struct PollFacts: Hashable, Sendable {
  /// The identity column that counts up.
  let counting: String?
  let hasMark: Bool
  let hasIndex: Bool
  let hasFunction: Bool
  let hasTrigger: Bool
  /// To whom the function belongs that has the name, and is not the one that is made, or is nobody's who may have it run.
  let strangeOwner: String?
  /// Whether it does the same.
  let isSame: Bool
  /// Which other function the trigger runs that has the name.
  let strangeFunction: String?
  let isPartitioned: Bool

  init(_ server: borrowing Connection, _ table: TableName, mark: String?) throws(Failure) {
    let rows = try server.query(
      """
      SELECT i.attname, EXISTS (SELECT FROM pg_catalog.pg_attribute m WHERE m.attrelid = c.oid AND m.attnum > 0 \
      AND NOT m.attisdropped AND m.attname = $3), \
      EXISTS (SELECT FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid AND x.indisvalid AND x.indexprs IS NULL \
      AND x.indkey[0] = i.attnum AND (x.indpred IS NULL OR pg_catalog.pg_get_expr(x.indpred, x.indrelid) \
      = pg_catalog.concat('(', pg_catalog.quote_ident($3), ' IS NULL)'))), \
      (SELECT CASE WHEN \(Self.isOurs) THEN '' ELSE pg_catalog.concat(\(PollNotification.isMade), \
      pg_catalog.pg_get_userbyid(p.proowner)) END FROM pg_catalog.pg_proc p \
      WHERE p.pronamespace = n.oid AND p.proname = $4 AND p.pronargs = 0), \
      (SELECT CASE WHEN p.pronamespace = n.oid AND p.proname = $4 THEN '' \
      ELSE pg_catalog.format('%s.%s', f.nspname, p.proname) END FROM pg_catalog.pg_trigger t \
      JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid JOIN pg_catalog.pg_namespace f ON f.oid = p.pronamespace \
      WHERE t.tgrelid = c.oid AND t.tgname = $4 AND NOT t.tgisinternal), \
      c.relkind = 'p' FROM pg_catalog.pg_namespace n \
      LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = $2 AND c.relkind IN ('r', 'p') \
      LEFT JOIN pg_catalog.pg_attribute i ON i.attrelid = c.oid AND i.attnum > 0 AND NOT i.attisdropped \
      AND i.attidentity <> '' AND NOT \(PollSequence.isUnordered("i")) WHERE n.nspname = $1 ORDER BY i.attnum LIMIT 1
      """, [table.schema, table.name, mark, PollNotification.name])
    let row = rows.first
    counting = row?[0]
    (hasMark, hasIndex) = (row?[1] == "t", row?[2] == "t")
    (hasFunction, hasTrigger, isPartitioned) = (row?[3] != nil, row?[4] != nil, row?[5] == "t")
    // Before the owner's name stands whether it is the same function.
    strangeOwner = row?[3].flatMap { $0.isEmpty ? nil : String($0.dropFirst()) }
    isSame = row?[3]?.first == "t"
    strangeFunction = row?[4].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The condition for the function that is made here, of one who may have the table's writers run it: whoever writes to the table
  /// runs what its owner makes of it.
  private static let isOurs =
    "\(PollNotification.isMade) AND (pg_catalog.pg_get_userbyid(p.proowner) = current_user "
    + "OR pg_catalog.pg_has_role(p.proowner, 10::pg_catalog.oid, 'MEMBER') "
    + "OR c.oid IS NOT NULL AND pg_catalog.pg_has_role(p.proowner, c.relowner, 'MEMBER'))"

  /// Refuses what others have put there, which would run with the rights of whoever writes to the table.
  func refuseStrange(_ table: TableName) throws(Failure) {
    let function = TableName(schema: table.schema, name: PollNotification.name)
    let name = SQLName.inStatement(function)
    if let strangeOwner {
      let drop = "DROP FUNCTION \(name)();"
      throw Failure(
        .differs,
        isSame
          ? "function \(function)() belongs to role \(strangeOwner), which could have all writers run something else"
          : "function \(function)() of role \(strangeOwner) is not the one that is made here",
        advice: isSame
          ? "\(sql: "ALTER FUNCTION \(name)() OWNER TO CURRENT_USER;"), or \(sql: drop)"
          : "look what it does, then rename it or \(sql: drop)")
    }
    guard let strangeFunction else { return }
    throw Failure(
      .differs, "trigger \(PollNotification.name) of \(table) runs another function, \(strangeFunction)()",
      advice:
        "look what it does; \(sql: "DROP TRIGGER \(PollNotification.name) ON \(SQLName.inStatement(table));"), or rename it"
    )
  }
}
