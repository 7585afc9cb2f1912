// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// By what the rows of a table are ordered that is asked again and again.
extension RowOrder {
  /// Looks for the column that is named, or else one that counts up, or else the time.
  static func find(_ server: borrowing Connection, _ shape: TableShape, _ request: PollRequest) throws(Failure)
    -> RowOrder
  {
    if let name = request.order {
      guard let column = shape.column([name]) else {
        throw Failure(
          .settings, "table \(shape.table) has no column \(name) to order rows by",
          advice: "name one that counts up as rows are written with \(setting: "order-by")")
      }
      return RowOrder(shape, by: column)
    }
    let identities = try server.query(
      "SELECT a.attname, \(PollSequence.isUnordered("a")) FROM pg_catalog.pg_attribute AS a "
        + "WHERE a.attrelid = $1::pg_catalog.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity <> '' "
        + "ORDER BY 2, a.attnum", ["\(shape.id)"])
    if let first = identities.first, let column = shape.column([first[0] ?? ""]) {
      if first[1] == "f" { return RowOrder(shape, by: column) }
      request.warn(
        "identity column \(column.name) of \(shape.table) does not count up as rows are written, so it is not taken for their order; \(sql: "ALTER TABLE \(SQLName.inStatement(shape.table)) ALTER COLUMN \(column.inStatement) SET INCREMENT BY 1 SET CACHE 1 SET NO CYCLE;")"
      )
    }
    if let time = shape.timeColumn(request.columns.time) { return RowOrder(shape, byTime: time) }
    return RowOrder(shape, by: nil)
  }

  /// Says so where each read of a large table sorts it whole.
  func warnOfSorting(_ server: borrowing Connection, _ shape: TableShape, _ request: PollRequest) throws(Failure) {
    guard let first = shape.columns.first(where: { "t.\($0.inStatement)" == expressions.first }) else { return }
    let rows = try server.query(
      "SELECT FROM pg_catalog.pg_class c WHERE c.oid = $1::pg_catalog.oid AND pg_catalog.pg_relation_size(c.oid) > 4194304 "
        + "AND NOT EXISTS (SELECT FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid AND x.indisvalid "
        + "AND x.indkey[0] = $2::pg_catalog.int2)", ["\(shape.id)", first.number])
    guard !rows.isEmpty else { return }
    request.warn(
      "no index of \(shape.table) begins with \(first.name), so that each read sorts all rows; \(sql: "CREATE INDEX ON \(SQLName.inStatement(shape.table)) (\(first.inStatement));")"
    )
  }

  /// What it means that a row has no value there.
  func missing(_ shape: TableShape) -> Failure {
    let (table, column) = (SQLName.inStatement(shape.table), column ?? "")
    return Failure(
      .settings, "column \(column) of \(shape.table), by which rows are ordered, has no value in some rows",
      advice:
        "give them one, then \(sql: "ALTER TABLE \(table) ALTER COLUMN \(column) SET NOT NULL;"), or name another with \(setting: "order-by")"
    )
  }
}
