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
  /// So far ahead may the clock be of whoever gives rows their times.
  private static let skew = "'10 seconds'::pg_catalog.interval"

  private(set) var shapes: [TableShape]
  private(set) var orders: [RowOrder]
  private(set) var records: [SnapshotRecord]
  private let server: Connection
  private let desk: InitialRowsDesk
  /// The time and the mark, whether they are published or not.
  private var clues: [(time: TableShape.Column?, mark: TableShape.Column?)] = []
  private var isOpen = false
  /// How many keys the cursor that is open has given, and whether it is the table's last.
  private var (fetched, isLast) = (0, false)
  /// The keys that are not planned, with what orders them, and that of the last one that was read; nil before the first.
  private var waiting: [SQLRow] = []
  private var read: [String]?
  /// Whoever serves the slot, by what the server says.
  private var holder: String?
  private var length = PageLength(most: InitialRowsReader.limits.page)

  init(_ request: InitialRowsRequest) throws(Failure) {
    let server = try Connection.connect(
      request.database, for: .statements(within: nil),
      isCancelled: {
        request.tellOfWait()
        return request.isCancelled()
      })
    request.desk.wait(true)
    defer { request.desk.wait(false) }
    // As a stream has them; and rows that a policy would hide are an error.
    _ = try server.query(ChosenRows.preparation)
    var (shapes, orders, records): ([TableShape], [RowOrder], [SnapshotRecord]) = ([], [], [])
    for table in request.tables {
      let shape = try TableShape.look(server, table)
      orders.append(try RowOrder(shape, time: request.time))
      clues.append((shape.timeColumn(request.time), request.mark.flatMap { shape.column([$0]) }))
      // As the slot brings them.
      shapes.append(try shape.published(server, request.publications))
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
    desk = request.desk
    self.server = server
  }

  /// Asks what may take long, or wait for a lock.
  private func ask(_ statement: String, _ parameters: [String?] = []) throws(Failure) -> [SQLRow] {
    desk.wait(true)
    defer { desk.wait(false) }
    return try server.query(statement, parameters)
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

  /// For each of the outboxes, which it is and by what its rows are found.
  var layout: [String] { zip(shapes, orders).map { "\($0.id) \($1.names.joined(separator: ", "))" } }

  /// Has the outboxes in the order of a record, which knows them by their numbers.
  mutating func arrange(as layout: [String], slot: String) throws(Failure) {
    guard layout != self.layout else { return }
    let ids = layout.map { $0.prefix { $0 != " " } }
    let places = ids.compactMap { id in shapes.firstIndex { "\($0.id)" == id } }
    if Set(places).count == shapes.count, ids.count == shapes.count {
      (shapes, orders) = (places.map { shapes[$0] }, places.map { orders[$0] })
      (records, clues) = (places.map { records[$0] }, places.map { clues[$0] })
    }
    guard layout != self.layout else { return }
    let (then, now) = (layout.joined(separator: "; ").prefix(200), self.layout.joined(separator: "; ").prefix(200))
    throw Failure(
      .settings,
      "the initial rows of slot \"\(slot)\" began to come by other tables, keys or times (\(then) then, \(now) now), so nobody can tell which of them have come",
      advice:
        "name the outboxes and their time as then, and give them their keys back; or make the slot anew with \(command: "teardown") and \(command: "setup", [.init("snapshot")]): all of them come then"
    )
  }

  /// Refuses to go on where the slot is not ours any more: whoever has it delivers the same rows.
  mutating func requireOurs(_ slot: String) throws(Failure) {
    let rows = try server.query(
      "SELECT s.active_pid FROM pg_catalog.pg_replication_slots AS s WHERE s.slot_name = $1", [slot])
    let now = rows.first.flatMap { $0[0] }
    guard let now, holder == nil || holder == now else {
      throw Failure(.connection, "the connection that holds slot \"\(slot)\" was lost while its initial rows came")
    }
    holder = now
  }

  /// Gives the next rows their places; false where there are none.
  mutating func plan(_ progress: inout InitialRows) throws(Failure) -> Bool {
    while progress.table < shapes.count {
      let order = orders[progress.table]
      if waiting.isEmpty, try !fetch(progress) {
        progress.table += 1
        (progress.last, read, isLast) = ([], nil, false)
        continue
      }
      let end = try end(order, progress)
      let rows = waiting.prefix(end)
      progress.last = Self.place(waiting[end - 1], order)
      // All that stands before the last one has a place now, so here they may go by their statements.
      let keys = order.byStatement(rows) { $0.map { $0 ?? "" } }.map { order.key(Self.place($0, order)) }
      waiting.removeFirst(end)
      progress.pages.append(.init(table: progress.table, first: progress.planned + 1, keys: keys))
      progress.planned += UInt64(keys.count)
      return true
    }
    return false
  }

  /// How many of the keys that wait become a page: as many as it may have; those of one time together, where they are not too many.
  private mutating func end(_ order: RowOrder, _ progress: InitialRows) throws(Failure) -> Int {
    var (end, size) = (0, 0)
    func bytes(_ row: SQLRow) -> Int { row.reduce(0) { $0 + ($1?.utf8.count ?? 0) } }
    while end < min(waiting.count, Self.limits.page), end == 0 || size + bytes(waiting[end]) <= Self.limits.keyBytes {
      size += bytes(waiting[end])
      end += 1
    }
    guard size <= Self.limits.keyBytes else {
      throw Failure(
        .settings, "a row of \(shapes[progress.table].table) has a key of \(size) bytes, which no record can keep",
        advice: "send what is in the table with \(command: "redeliver"), and leave \(setting: "initial-rows") out")
    }
    guard order.hasStatements else { return end }
    while true {
      if end == waiting.count, try !fetch(progress) { return end }
      guard waiting[end][0] == waiting[end - 1][0] else { return end }
      if let start = waiting[..<end].firstIndex(where: { $0[0] == waiting[end][0] }), start > 0 { return start }
      size += bytes(waiting[end])
      guard size <= 2 * Self.limits.keyBytes else { return end }
      end += 1
    }
  }

  /// Waits with further keys of the table at hand; false where it has no more.
  private mutating func fetch(_ progress: InitialRows) throws(Failure) -> Bool {
    while !isLast {
      if !isOpen { try open(progress) }
      let rows = try ask("FETCH \(Self.limits.page) FROM \(Self.cursor)")
      fetched += rows.count
      if let last = rows.last {
        waiting += rows
        read = Self.place(last, orders[progress.table])
        return true
      }
      _ = try server.query("CLOSE \(Self.cursor)")
      (isLast, isOpen) = (fetched < Self.limits.cursor, false)
    }
    return false
  }

  /// By what a row is ordered that others may follow.
  private static func place(_ row: SQLRow, _ order: RowOrder) -> [String] { row.prefix(order.count).map { $0 ?? "" } }

  private mutating func open(_ progress: InitialRows) throws(Failure) {
    let (shape, order) = (shapes[progress.table], orders[progress.table])
    let last = read ?? progress.last
    let rest = last.isEmpty ? "" : " AND \(order.isBehind)"
    do throws(Failure) {
      _ = try server.query("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY")
      // A cursor's statement has its parameters' values in it.
      _ = try ask(
        "DECLARE \(Self.cursor) NO SCROLL CURSOR WITH HOLD FOR SELECT \(order.columns)"
          + (order.hasStatements ? ", \(RowOrder.statement) " : " ")
          + "FROM \(SQLName.inStatement(shape.table)) AS t WHERE \(Self.isVisible(records[progress.table]))\(rest) "
          + "ORDER BY \(order.inSteps) LIMIT \(Self.limits.cursor)", last)
      _ = try ask("COMMIT")
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
      guard let column = clues[place].time else { return nil }
      let marked = clues[place].mark.map { " AND t.\($0.inStatement) IS NULL" } ?? ""
      let rows = try ask(
        "SELECT pg_catalog.count(*) FROM \(SQLName.inStatement(shape.table)) AS t WHERE NOT \(Self.isVisible(records[place])) "
          + "AND (t.\(column.inStatement) < ($1::pg_catalog.timestamptz + \(Self.skew))::\(column.type) OR t.\(column.inStatement) IS NULL "
          + "OR t.\(column.inStatement) > pg_catalog.clock_timestamp())\(marked)",
        [records[place].takenAt])
      sum += rows.first?[0].flatMap { UInt64($0) } ?? 0
    }
    return sum
  }

  /// Reads rows of a page, from one on, as many as fit; those that are not there any more are left out.
  ///
  /// - Returns: the rows, and the number of the first that was not looked at.
  mutating func read(_ page: InitialRows.Page, from start: Int) throws(Failure) -> (rows: [Row], next: Int) {
    let (shape, end) = (shapes[page.table], min(page.keys.count, start + length.rows))
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
      rows = try ask(
        BoundedPage.statement(found, heads: [], columns: names.count, bytes: Self.limits.bytes) + " ORDER BY n",
        shape.identity.indices.map { column in SQLQuoting.array(keys.map { $0[column] }) })
    } catch {
      throw ChosenRows.explained(error, shapes)
    }
    func number(_ row: SQLRow) -> Int { start + (row[0].flatMap { Int($0) } ?? 1) - 1 }
    let next = rows.first { $0[1] != "t" }.map(number) ?? end
    length.note(found: keys.count, fitting: next - start)
    return (rows.prefix { $0[1] == "t" }.map { (number($0), SQLRow(Array($0.dropFirst(2)))) }, next)
  }
}
