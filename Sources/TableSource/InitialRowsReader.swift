// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// Reads the rows that outboxes held when a slot was made: those whose transactions had ended in the snapshot of its beginning.
///
/// The server keeps the keys of the next ones in a cursor that holds no snapshot and no lock.
struct InitialRowsReader: ~Copyable {
  /// A row of a page, by its number in it, and its values in the order of its table's columns.
  typealias Row = (number: Int, values: SQLRow)

  /// How many keys a cursor has, of which a page has so many, and no more bytes; and how many bytes of rows are read at once.
  private static let limits = (cursor: 100_000, page: 1000, keyBytes: 64 << 10, bytes: 4 << 20)
  private static let cursor = "tailrace_initial"

  let shapes: [TableShape]
  let orders: [RowOrder]
  let records: [SnapshotRecord]
  private let server: Connection
  private let timeNames: [String]
  private let mark: String?
  private var isOpen = false
  /// How many keys the cursor that is open has given.
  private var fetched = 0
  private var waiting: [SQLRow] = []

  init(_ request: InitialRowsRequest) throws(Failure) {
    let server = try Connection.connect(
      request.database, for: .statements(within: nil), isCancelled: request.isCancelled)
    // As a stream has them; and rows that a policy would hide are an error.
    _ = try server.query(ChosenRows.preparation)
    var (shapes, orders, records): ([TableShape], [RowOrder], [SnapshotRecord]) = ([], [], [])
    for table in request.tables {
      let shape = try TableShape.look(server, table)
      shapes.append(shape)
      orders.append(try RowOrder(shape, time: request.time))
      records.append(try SnapshotRecord.read(server, request.slot, table))
    }
    guard let start = records.first?.start, records.allSatisfy({ $0.start == start }) else {
      throw Failure(
        .settings, "the snapshots of slot \"\(request.slot)\" for its tables were not taken together",
        advice:
          "make the slot anew for all of them, with \(command: "teardown") and \(command: "setup", [.init("snapshot")])"
      )
    }
    (self.shapes, self.orders, self.records) = (shapes, orders, records)
    (timeNames, mark) = (request.time, request.mark)
    self.server = server
  }

  /// Refuses tables that the role may not read.
  func requireReadable() throws(Failure) {
    do throws(Failure) {
      for shape in shapes { try shape.requireComparable(server, shape.identity) }
    } catch {
      throw ChosenRows.explained(error, shapes)
    }
  }

  /// Refuses a slot that has gone on, behind whose rows the initial ones would come.
  func requireFirst(_ slot: String, confirmed: LSN?) throws(Failure) {
    guard let confirmed, confirmed > start else { return }
    throw Failure(
      .settings,
      "slot \"\(slot)\" has gone on to \(confirmed) since its snapshot at \(start), so its initial rows cannot come first any more",
      advice: "leave \(setting: "initial-rows") out; rows that are missing go out with \(command: "redeliver")")
  }

  /// Where the slot begins.
  var start: LSN { records[0].start }

  /// When that was, for rows that have no time of their own.
  var time: PostgresTimestamp { records[0].time }

  /// How many rows there were.
  var count: UInt64 { records.reduce(0) { $0 + $1.count } }

  /// Gives the next rows their places; false where there are none.
  mutating func plan(_ progress: inout InitialRows) throws(Failure) -> Bool {
    while progress.table < shapes.count {
      if try !fetch(progress) {
        progress.table += 1
        progress.last = []
        continue
      }
      var (keys, size): ([[String]], Int) = ([], 0)
      for row in waiting {
        let values = row.map { $0 ?? "" }
        size += values.reduce(0) { $0 + $1.utf8.count }
        guard keys.isEmpty || size <= Self.limits.keyBytes else { break }
        keys.append(orders[progress.table].key(values))
        progress.last = values
      }
      waiting.removeFirst(keys.count)
      progress.pages.append(.init(table: progress.table, first: progress.planned + 1, keys: keys))
      progress.planned += UInt64(keys.count)
      return true
    }
    return false
  }

  /// Waits with the next keys of the table at hand; false where it has no more.
  private mutating func fetch(_ progress: InitialRows) throws(Failure) -> Bool {
    while waiting.isEmpty {
      var isLast = false
      if isOpen {
        waiting = try server.query("FETCH \(Self.limits.page) FROM \(Self.cursor)")
        fetched += waiting.count
        guard waiting.isEmpty else { return true }
        _ = try server.query("CLOSE \(Self.cursor)")
        (isLast, isOpen) = (fetched < Self.limits.cursor, false)
      }
      if isLast { return false }
      try open(progress)
    }
    return true
  }

  private mutating func open(_ progress: InitialRows) throws(Failure) {
    let (shape, order) = (shapes[progress.table], orders[progress.table])
    let rest = progress.last.count == order.count ? " AND \(order.isBehind)" : ""
    do throws(Failure) {
      _ = try server.query("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY")
      // A cursor's statement has its parameters' values in it.
      _ = try server.query(
        "DECLARE \(Self.cursor) NO SCROLL CURSOR WITH HOLD FOR SELECT \(order.columns) "
          + "FROM \(SQLName.inStatement(shape.table)) AS t WHERE \(Self.isVisible(records[progress.table]))\(rest) "
          + "ORDER BY \(order.inStatement) LIMIT \(Self.limits.cursor)", rest.isEmpty ? [] : progress.last)
      _ = try server.query("COMMIT")
    } catch {
      throw ChosenRows.explained(error, shapes)
    }
    (isOpen, fetched) = (true, 0)
  }

  /// The condition for a row that the snapshot sees.
  private static func isVisible(_ record: SnapshotRecord) -> String {
    let number = WritingTransaction.number
    let snapshot = "\(SQLQuoting.literal(record.snapshot))::pg_catalog.pg_snapshot"
    return
      "(\(number) < \(record.xmin) OR pg_catalog.pg_visible_in_snapshot(\(number)::pg_catalog.text::pg_catalog.xid8, "
      + "\(snapshot)))"
  }

  /// How many rows there are that the snapshot does not see although their time lies before it: those that were changed since, and
  /// few others; nil where nobody can tell. What we have marked was delivered.
  func suspects() throws(Failure) -> UInt64? {
    var sum: UInt64 = 0
    for (place, shape) in shapes.enumerated() {
      guard let column = shape.timeColumn(timeNames) else { return nil }
      let marked = mark.flatMap { shape.column([$0]) }.map { " AND t.\($0.inStatement) IS NULL" } ?? ""
      let rows = try server.query(
        "SELECT pg_catalog.count(*) FROM \(SQLName.inStatement(shape.table)) AS t WHERE NOT \(Self.isVisible(records[place])) "
          + "AND (t.\(column.inStatement) < $1::pg_catalog.timestamptz::\(column.type) OR t.\(column.inStatement) IS NULL "
          + "OR t.\(column.inStatement) > pg_catalog.clock_timestamp())\(marked)",
        [records[place].takenAt])
      sum += rows.first?[0].flatMap { UInt64($0) } ?? 0
    }
    return sum
  }

  /// Reads rows of a page, from one on, as many as fit; those that are not there any more are left out.
  ///
  /// - Returns: the rows, and the number of the first that was not looked at.
  func read(_ page: InitialRows.Page, from start: Int) throws(Failure) -> (rows: [Row], next: Int) {
    let (shape, end) = (shapes[page.table], min(page.keys.count, start + Self.limits.page))
    let keys = page.keys[start..<end]
    let names = shape.columns.indices.map { "c\($0)" }
    let arrays = shape.identity.indices.map { "$\($0 + 1)::pg_catalog.text[]::\(shape.identity[$0].type)[]" }
    let places = shape.identity.indices.map { "k\($0)" }
    let isSame = places.indices.map { "t.\(shape.identity[$0].inStatement) = p.\(places[$0])" }
    let columns = names.indices.map { "t.\(shape.columns[$0].inStatement) AS \(names[$0])" }
    let found = """
      SELECT p.n, \(columns.joined(separator: ", ")) \
      FROM ROWS FROM (\(arrays.map { "pg_catalog.unnest(\($0))" }.joined(separator: ", "))) \
      WITH ORDINALITY AS p (\(places.joined(separator: ", ")), n) \
      JOIN \(SQLName.inStatement(shape.table)) AS t ON \(isSame.joined(separator: " AND "))
      """
    let rows: [SQLRow]
    do throws(Failure) {
      rows = try server.query(
        BoundedPage.statement(found, heads: [], columns: names.count, bytes: Self.limits.bytes) + " ORDER BY n",
        shape.identity.indices.map { column in SQLQuoting.array(keys.map { $0[column] }) })
    } catch {
      throw ChosenRows.explained(error, shapes)
    }
    func number(_ row: SQLRow) -> Int { start + (row[0].flatMap { Int($0) } ?? 1) - 1 }
    let next = rows.first { $0[1] != "t" }.map(number) ?? end
    return (rows.prefix { $0[1] == "t" }.map { (number($0), SQLRow(Array($0.dropFirst(2)))) }, next)
  }
}
