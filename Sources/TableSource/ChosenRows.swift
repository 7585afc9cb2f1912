// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// The rows of a selection in the order of their times, a page at a time.
///
/// The server keeps which they are, by their keys, once and for all, in a cursor that holds no snapshot and no lock; the rows
/// themselves are read page by page. So a long delivery hinders no vacuum, and what is written meanwhile changes nothing.
struct ChosenRows: ~Copyable {
  /// A row, its values in the order of its table's columns.
  struct Row {
    let table: Int
    let time: String?
    let values: SQLRow
  }

  /// How many rows and bytes a page has; one row may be longer.
  private static let page = (rows: 200, bytes: 4 << 20)
  private static let cursor = "tailrace_chosen"
  static let preparation =
    "SET datestyle = 'ISO'; SET timezone = 'UTC'; SET intervalstyle = 'postgres'; SET extra_float_digits = 3; "
    + "SET bytea_output = 'hex'; SET row_security = off"

  let shapes: [TableShape]
  /// How many rows were chosen.
  let count: Int
  /// How many of them were gone when their turn came.
  private(set) var gone = 0
  private let server: Connection
  private var waiting: [SQLRow] = []
  private var length = PageLength(most: ChosenRows.page.rows)

  init(
    _ server: consuming Connection, _ tables: [TableName], _ columns: RowColumns, _ selection: RowSelection
  ) throws(Failure) {
    // As a stream has them; and rows that a policy would hide are an error.
    _ = try server.query(Self.preparation)
    var shapes: [TableShape] = []
    for table in tables { shapes.append(try TableShape.look(server, table)) }
    let (query, parameters) = try Self.query(shapes, columns, selection)
    _ = try server.query("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY")
    do throws(Failure) {
      // A cursor's statement has its parameters' values in it.
      _ = try server.query(
        "DECLARE \(Self.cursor) NO SCROLL CURSOR WITH HOLD FOR \(query)", parameters)
      _ = try server.query("COMMIT")
    } catch {
      _ = try? server.query("ROLLBACK")
      throw Self.explained(error, shapes, by: server)
    }
    // Each page looks for few rows among many, whatever the server knows of the table.
    _ = try server.query("SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off")
    waiting = try server.query("FETCH \(Self.page.rows) FROM \(Self.cursor)")
    count = waiting.first.flatMap { $0.last?.flatMap { Int($0) } } ?? 0
    self.shapes = shapes
    self.server = server
  }

  /// The next rows; none at the end.
  mutating func next() throws(Failure) -> [Row] {
    while true {
      if waiting.isEmpty { waiting = try server.query("FETCH \(Self.page.rows) FROM \(Self.cursor)") }
      guard let table = waiting.first.flatMap({ $0[0].flatMap { Int($0) } }) else { return [] }
      let run = Array(waiting.prefix(length.rows).prefix { $0[0] == "\(table)" })
      let places = try places(run, table)
      length.note(found: run.count, fitting: places.count)
      waiting.removeFirst(places.count)
      let rows = try read(places, table)
      gone += places.count - rows.count
      if !rows.isEmpty { return rows }
    }
  }

  /// As many of the rows as fit into a page.
  private func places(_ run: [SQLRow], _ table: Int) throws(Failure) -> [SQLRow] {
    let sizes = try find(run, table, "pg_catalog.octet_length((o.*)::pg_catalog.text)")
    let bytes = Dictionary(sizes.map { ($0[0] ?? "", $0[1].flatMap { Int($0) } ?? 0) }) { first, _ in first }
    var sum = 0
    return Array(
      run.indices.prefix { index in
        sum += bytes["\(index)"] ?? 0
        return index == 0 || sum <= Self.page.bytes
      }.map { run[$0] })
  }

  private func read(_ places: [SQLRow], _ table: Int) throws(Failure) -> [Row] {
    let columns = shapes[table].columns.map { "o.\($0.inStatement)::pg_catalog.text" }.joined(separator: ", ")
    return try find(places, table, columns).map { row in
      Row(
        table: table, time: row[0].flatMap { Int($0) }.flatMap { places[$0][1] }, values: SQLRow(Array(row.dropFirst()))
      )
    }
  }

  /// What there is of some rows, in their order, behind their number among them.
  private func find(_ places: [SQLRow], _ table: Int, _ what: String) throws(Failure) -> [SQLRow] {
    let key = shapes[table].identity
    let values = places.indices.map { place in
      "(\(place), "
        + key.indices.map { "$\(place * key.count + $0 + 1)::\(key[$0].type)" }.joined(separator: ", ") + ")"
    }
    let names = (["n"] + key.indices.map { "k\($0)" }).joined(separator: ", ")
    let isSame = key.indices.map { "o.\(key[$0].inStatement) = p.k\($0)" }.joined(separator: " AND ")
    do throws(Failure) {
      return try server.query(
        "SELECT p.n, \(what) FROM (VALUES \(values.joined(separator: ", "))) AS p (\(names)) "
          + "JOIN \(SQLName.inStatement(shapes[table].table)) AS o ON \(isSame) ORDER BY p.n",
        places.flatMap { place in key.indices.map { place[2 + $0] } })
    } catch {
      throw Self.explained(error, shapes, by: server)
    }
  }
}
