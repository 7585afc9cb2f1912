// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

extension ChosenRows {
  /// The statement that chooses rows: the table's number, the time, the key, and how many there are; and its parameters.
  static func query(
    _ shapes: [TableShape], _ columns: RowColumns, _ selection: RowSelection
  ) throws(Failure) -> (String, [String?]) {
    let width = shapes.map(\.identity.count).max() ?? 0
    var parameters: [String?] = []
    var parts: [String] = []
    for (number, shape) in shapes.enumerated() {
      guard !shape.identity.isEmpty else { throw noKey(shape) }
      let time = try timeColumn(shape, columns, selection)
      let conditions = try conditions(shape, columns, selection, time, &parameters)
      let keys = (0..<width).map { place in
        place < shape.identity.count ? "t.\(shape.identity[place].inStatement)::pg_catalog.text" : "NULL"
      }
      let order = time.map { "t.\($0.inStatement)::pg_catalog.timestamptz" } ?? "NULL::pg_catalog.timestamptz"
      parts.append(
        "SELECT \(number), \(order), \(keys.joined(separator: ", ")), t.cmin::pg_catalog.text::pg_catalog.int8, "
          + "t.tableoid, t.ctid FROM \(SQLName.inStatement(shape.table)) AS t"
          + (conditions.isEmpty ? "" : " WHERE \(conditions.joined(separator: " AND "))"))
    }
    let names = (0..<width).map { "k\($0)" }.joined(separator: ", ")
    // Of rows of the same time, which one transaction wrote, by the order in which it wrote them.
    return (
      "SELECT u.n, u.at, \(names), pg_catalog.count(*) OVER () FROM (\(parts.joined(separator: " UNION ALL "))) "
        + "AS u (n, at, \(names), command, part, place) ORDER BY u.at NULLS LAST, u.command, u.n, u.part, u.place",
      parameters
    )
  }

  /// Without a time nobody knows what came first; a few rows by their ids need none.
  private static func timeColumn(
    _ shape: TableShape, _ columns: RowColumns, _ selection: RowSelection
  ) throws(Failure) -> TableShape.Column? {
    let time = shape.timeColumn(columns.time)
    let needsTime = selection.ids.isEmpty || selection.since != nil || selection.before != nil
    guard time == nil, needsTime else { return time }
    throw Failure(
      .settings, "table \(shape.table) has no column of type timestamptz or timestamp that says when a row was written",
      advice: "name it with \(setting: "column", "occurred_at=COLUMN"), or choose rows with \(setting: "id")")
  }

  private static func conditions(
    _ shape: TableShape, _ columns: RowColumns, _ selection: RowSelection, _ time: TableShape.Column?,
    _ parameters: inout [String?]
  ) throws(Failure) -> [String] {
    var conditions: [String] = []
    func column(_ names: [String]) throws(Failure) -> TableShape.Column {
      if let column = shape.column(names) { return column }
      throw Failure(
        .settings, "table \(shape.table) has no column \(names.first ?? "")",
        advice: "name the one that it has with \(setting: "column")")
    }
    func add(_ value: String) -> String {
      parameters.append(value)
      return "$\(parameters.count)"
    }
    if !selection.ids.isEmpty {
      let id = try column(columns.id)
      let places = selection.ids.map { "\(add($0))::\(id.type)" }
      conditions.append("t.\(id.inStatement) = ANY (ARRAY[\(places.joined(separator: ", "))])")
    }
    for (value, names) in [(selection.key, columns.key), (selection.type, columns.type)] {
      guard let value else { continue }
      let found = try column(names)
      conditions.append("t.\(found.inStatement) = \(add(value))::\(found.type)")
    }
    for (value, comparison) in [(selection.since, ">="), (selection.before, "<")] {
      guard let value, let time else { continue }
      // The session's zone is UTC, as it is for times without one.
      conditions.append(
        "t.\(time.inStatement) \(comparison) \(add(value))::pg_catalog.timestamptz::\(time.type)")
    }
    return conditions
  }

  static func noKey(_ shape: TableShape) -> Failure {
    Failure(
      .settings, "table \(shape.table) has no primary key, and no other by which each row can be found again",
      advice: "\(sql: "ALTER TABLE \(SQLName.inStatement(shape.table)) ADD PRIMARY KEY (id);")")
  }

  /// The same, with the role that lacks a right.
  static func explained(_ error: Failure, _ shapes: [TableShape], by server: borrowing Connection) -> Failure {
    var failure = explained(error, shapes)
    guard error.sqlState == "42501" else { return failure }
    let readers = shapes.map { reader(server, $0) }
    guard let role = readers.first?.role else { return failure }
    if zip(shapes, readers).contains(where: { $1.isHidden }) {
      failure.advice = "as a superuser, \(sql: "ALTER ROLE \(role) BYPASSRLS;")"
    } else {
      let schemas = Set(shapes.map { SQLName.inStatement($0.table.schema) }).sorted().joined(separator: ", ")
      let tables = shapes.map { SQLName.inStatement($0.table) }.joined(separator: ", ")
      failure.advice =
        "as the table's owner, \(sql: "GRANT USAGE ON SCHEMA \(schemas) TO \(role); GRANT SELECT ON TABLE \(tables) TO \(role);")"
    }
    return failure
  }

  /// Who reads a table, as a statement has the role, and whether policies hide rows from it.
  static func reader(_ server: borrowing Connection, _ shape: TableShape) -> (role: String, isHidden: Bool) {
    let rows = try? server.query(
      "SELECT current_user, pg_catalog.row_security_active($1::pg_catalog.oid)", ["\(shape.id)"])
    return (rows?.first?[0].map { SQLName.inStatement($0) } ?? "the role", rows?.first?[1] == "t")
  }

  /// What the server says of a selection, in an operator's words.
  static func explained(_ error: Failure, _ shapes: [TableShape]) -> Failure {
    let tables = shapes.map { SQLName.inStatement($0.table) }.joined(separator: ", ")
    var failure = error
    switch error.sqlState {
    case "42501"?:
      failure.kind = .privilege
      let schemas = error.what.description.contains("for schema") ? "GRANT USAGE ON its schema and " : ""
      failure.advice =
        "as the table's owner, \(schemas)GRANT SELECT ON TABLE \(tables) TO the role; where policies hide rows from it, use a role that they do not hold for"
    // What is given is no value of its column's type.
    case "22P02"?, "22003"?, "22007"?, "22008"?:
      failure.kind = .settings
      failure.advice = "give values as the columns have them"
    default: break
    }
    return failure
  }
}
