// SPDX-License-Identifier: Apache-2.0

import PgOutput
import PostgresClient
import PostgresWire

/// What is refused before anything is read.
extension PollReader {
  /// Refuses a standby, perhaps until it is promoted.
  static func requirePrimary(_ server: borrowing Connection) throws(Failure) {
    guard try server.query("SELECT pg_catalog.pg_is_in_recovery()").first?[0] == "t" else { return }
    throw Failure(
      .connection, "the server is a standby, where no table can be polled",
      advice: "connect to the primary, with target_session_attrs=primary where several hosts are named")
  }

  /// Refuses ids of which there may be two: both rows would be cleaned up once one of them is delivered. Those that are UUIDs are unique
  /// wherever they are, also in a table in parts, whose key has more than the id.
  static func requireUnique(
    _ id: TableShape.Column, _ server: borrowing Connection, _ shape: TableShape, _ request: PollRequest
  ) throws(Failure) {
    guard shape.kind == "p", !request.keepsRows, id.baseType != BuiltInType.uuid else { return }
    let keys = try server.query(
      "SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = $1::pg_catalog.oid AND i.indisunique AND i.indisvalid "
        + "AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = $2::pg_catalog.int2",
      ["\(shape.id)", id.number])
    guard keys.isEmpty else { return }
    throw Failure(
      .settings,
      "ids of \(shape.table) are not unique by themselves: its key has more columns, so another row of the same id would be cleaned up undelivered",
      advice:
        "name a column of UUIDs with \(setting: "column", "id=COLUMN"), or keep rows (\(setting: "after-delivery", "keep"))"
    )
  }

  /// Refuses a table that the role may not read, or whose rows nothing can tell apart.
  static func requireReadable(
    _ server: borrowing Connection, _ shape: TableShape, _ request: PollRequest
  ) throws(Failure) {
    let names = request.columns.id + (request.order.map { [$0] } ?? [])
    let columns = names.compactMap { shape.column([$0]) }
    do throws(Failure) {
      _ = try server.query("SELECT * FROM \(SQLName.inStatement(shape.table)) LIMIT 0")
      try shape.requireComparable(server, shape.identity + columns)
    } catch {
      guard error.sqlState == "42501" else { throw error }
      let (role, isHidden) = ChosenRows.reader(server, shape)
      if isHidden { throw ChosenRows.explained(error, [shape], by: server) }
      let rights = request.mark.map { "SELECT, UPDATE (\(SQLName.inStatement($0)))" } ?? "SELECT, DELETE"
      let table = SQLName.inStatement(shape.table)
      throw Failure(
        .privilege, "table \(shape.table) cannot be read: \(error.what)",
        advice:
          "\(sql: "GRANT USAGE ON SCHEMA \(SQLName.inStatement(shape.table.schema)) TO \(role); GRANT \(request.keepsRows ? "SELECT" : rights) ON \(table) TO \(role);")",
        sqlState: error.sqlState)
    }
    guard let mark = request.mark, let column = shape.column([mark]) else { return }
    guard shape.timeColumn([mark]) != nil else {
      throw Failure(
        .settings,
        "column \(mark) of \(shape.table) is of type \(column.type), which cannot say when an event was delivered",
        advice: "name one of type timestamptz with \(setting: "mark-column")")
    }
    guard try shape.hasDefault(server, column) else { return }
    throw Failure(
      .settings, "column \(mark) of \(shape.table) has a default, by which new rows look as if they were delivered",
      advice:
        "\(sql: "ALTER TABLE \(SQLName.inStatement(shape.table)) ALTER COLUMN \(column.inStatement) DROP DEFAULT, ALTER COLUMN \(column.inStatement) DROP NOT NULL;")"
    )
  }
}
