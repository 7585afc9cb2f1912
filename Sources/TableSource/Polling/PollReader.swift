// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// Reads rows of a table that are not delivered yet, each time with one statement: no transaction stays open behind it.
struct PollReader: ~Copyable {
  struct Row {
    let id: String
    let slice: Int
    /// By what it is ordered, where that was asked for.
    let order: [String]
    let values: SQLRow
  }

  struct Page {
    let rows: [Row]
    /// The end of the server's log.
    let position: LSN
    /// Whether there may be more right away.
    let isFull: Bool

    /// How long the rows are.
    var bytes: Int {
      rows.reduce(0) { sum, row in row.values.reduce(sum + row.id.utf8.count) { $0 + ($1?.utf8.count ?? 0) } }
    }
  }

  /// How many rows are read at once, and how many bytes; one row may be longer.
  private static let page = (rows: 1000, bytes: 4 << 20)
  /// How long it may be until a change of the table is noticed.
  private static let patience: Duration = .seconds(5)

  let server: Connection
  private(set) var shape: TableShape
  let order: RowOrder
  /// Whether the server tells of new rows.
  let listens: Bool
  private let request: PollRequest
  private let process: String
  private var looked = ContinuousClock.now

  init(_ request: PollRequest) throws(Failure) {
    let server = try Connection.connect(
      request.database, for: .statements(within: nil), isCancelled: request.isCancelled)
    try PooledConnection.refuse(server, request)
    // As a stream has them; and rows that a policy would hide are an error.
    _ = try server.query(ChosenRows.preparation)
    let process = try PooledConnection.process(server)
    let shape = try TableShape.look(server, request.table)
    guard !shape.identity.isEmpty else { throw ChosenRows.noKey(shape) }
    let order = try RowOrder.find(server, shape, request)
    try Self.require(order, server, shape, request)
    let listens = try PollNotification.listen(server, shape)
    (self.process, self.shape, self.order, self.listens, self.request) = (process, shape, order, listens, request)
    self.server = server
  }

  /// Says so where nothing tells in which order rows were written.
  func warnOfOrder() {
    guard !order.isOfWriting else { return }
    request.warn(
      "table \(request.table) has neither an identity column nor a time, so the order of events of a key is not promised; name a column with \(setting: "order-by")"
    )
  }

  /// The key of a row's events, as a statement has it.
  var key: String { shape.column(request.columns.key).map { "t.\($0.inStatement)" } ?? "NULL" }

  /// The database's name.
  var database: String {
    get throws(Failure) { try server.query("SELECT pg_catalog.current_database()").first?[0] ?? "" }
  }

  /// How often it is asked for rows, for an operator.
  var words: Wording {
    listens ? "is told of new rows" : "looks for new rows at least every \(request.interval)"
  }

  /// The table, as a statement has it.
  var source: String { "\(SQLName.inStatement(shape.table)) AS t" }

  private var isOpen: String { Self.isOpen(request) }

  /// The condition for a row that is not delivered.
  private static func isOpen(_ request: PollRequest) -> String {
    request.mark.map { "t.\(SQLName.inStatement($0)) IS NULL" } ?? "true"
  }

  /// Refuses rows without a value of the column by which they are ordered.
  private static func require(
    _ order: RowOrder, _ server: borrowing Connection, _ shape: TableShape, _ request: PollRequest
  ) throws(Failure) {
    guard let column = order.nullable else { return }
    let rows: [SQLRow]
    do throws(Failure) {
      rows = try server.query(
        "SELECT EXISTS (SELECT FROM \(SQLName.inStatement(shape.table)) AS t WHERE \(isOpen(request)) AND t.\(column) IS NULL)"
      )
    } catch {
      throw ChosenRows.explained(error, [shape])
    }
    guard rows.first?[0] != "t" else { throw order.missing(shape) }
  }

  private borrowing func id() throws(Failure) -> TableShape.Column {
    guard let id = shape.column(request.columns.id) else {
      throw Failure(
        .settings, "table \(shape.table) has no column \(request.columns.id.first ?? "id")",
        advice: "name the one that it has with \(setting: "column")")
    }
    return id
  }

  /// Looks whether the table has other columns now; tells whether it has.
  mutating func look(now: ContinuousClock.Instant = .now) throws(Failure) -> Bool {
    guard now - looked >= Self.patience else { return false }
    looked = now
    return try lookAgain()
  }

  private mutating func lookAgain() throws(Failure) -> Bool {
    let found = try TableShape.look(server, request.table)
    defer { shape = found }
    // The locks are those of a table.
    guard found.id == shape.id else {
      throw Failure(.connection, "table \(shape.table) is another one now")
    }
    return found.columns != shape.columns
  }

  /// Reads the next rows, but for those that are under way.
  ///
  /// - Parameter slices: those of which rows are read; nil for all.
  mutating func read(besides underWay: [String], _ slices: Set<Int>?) throws(Failure) -> Page {
    let id = try id()
    var conditions = [isOpen]
    if let slices {
      let slice = PollSlices.number(of: shape.column(request.columns.key))
      conditions.append("\(slice) IN (\(slices.sorted().map { "\($0)" }.joined(separator: ", ")))")
    }
    if !underWay.isEmpty { conditions.append("t.\(id.inStatement) <> ALL ($1::pg_catalog.text[]::\(id.type)[])") }
    return try read(where: conditions, underWay.isEmpty ? [] : [SQLQuoting.array(underWay)])
  }

  /// Reads the first rows of those for which the conditions hold.
  ///
  /// - Parameters:
  ///   - parameters: those of the conditions, from `$1` on.
  ///   - withOrder: whether it is to be known by what each is ordered.
  mutating func read(
    where conditions: [String], _ parameters: [String], withOrder: Bool = false
  ) throws(Failure) -> Page {
    let id = try id()
    let slice = PollSlices.number(of: shape.column(request.columns.key))
    let names = shape.columns.indices.map { "c\($0)" }
    let columns = names.indices.map { "t.\(shape.columns[$0].inStatement)::pg_catalog.text AS \(names[$0])" }
    let size = names.map { "coalesce(pg_catalog.octet_length(\($0)), 0)" }.joined(separator: " + ")
    let missing = order.nullable.map { "t.\($0) IS NULL" } ?? "false"
    let places = withOrder ? order.expressions : []
    let placeNames = places.indices.map { "o\($0)" }
    let found = columns + places.indices.map { "\(places[$0])::pg_catalog.text AS \(placeNames[$0])" }
    let taken = placeNames.map { "g.\($0)" } + names.map { "CASE WHEN g.fits THEN g.\($0) END" }
    let rows: [SQLRow]
    do throws(Failure) {
      rows = try server.query(
        """
        SELECT s.pid, s.position, g.n, g.fits, g.id, g.slice, g.missing, \(taken.joined(separator: ", ")) FROM \
        (SELECT pg_catalog.pg_backend_pid() AS pid, pg_catalog.pg_current_wal_insert_lsn() AS position) AS s LEFT JOIN (\
        SELECT pg_catalog.row_number() OVER w AS n, \
        pg_catalog.sum(\(size)) OVER w <= \(Self.page.bytes) OR pg_catalog.row_number() OVER w = 1 AS fits, f.* FROM (\
        SELECT t.\(id.inStatement)::pg_catalog.text AS id, \(slice) AS slice, \(missing) AS missing, \
        \(found.joined(separator: ", ")) FROM \(source) WHERE \(conditions.joined(separator: " AND ")) \
        ORDER BY \(order.inStatement) LIMIT \(Self.page.rows)) AS f WINDOW w AS (ROWS UNBOUNDED PRECEDING)) AS g ON true \
        ORDER BY g.n
        """, parameters)
    } catch {
      // A column has gone, or another has come in its place.
      if error.sqlState == "42703", try lookAgain() { throw Failure(.connection, "table \(shape.table) was changed") }
      throw ChosenRows.explained(error, [shape])
    }
    return try page(rows, places: places.count)
  }

  private borrowing func page(_ rows: [SQLRow], places: Int) throws(Failure) -> Page {
    guard rows.first?[0] == process else { throw PooledConnection.isShared }
    guard let position = rows.first?[1].flatMap({ LSN($0) }) else {
      throw Failure(.internal, "the server's answer about its log makes no sense")
    }
    let found = rows.prefix { $0[3] == "t" }
    guard found.allSatisfy({ $0[6] != "t" }) else { throw order.missing(shape) }
    return Page(
      rows: found.map { row in
        Row(
          id: row[4] ?? "", slice: row[5].flatMap { Int($0) } ?? 0,
          order: row.dropFirst(7).prefix(places).map { $0 ?? "" }, values: SQLRow(Array(row.dropFirst(7 + places))))
      },
      position: position, isFull: found.count == Self.page.rows || found.count < rows.count && !found.isEmpty)
  }

  /// Which of some rows are there, and not cleaned up.
  func remaining(of ids: [String]) throws(Failure) -> [String] {
    let id = try id()
    return try server.query(
      "SELECT t.\(id.inStatement)::pg_catalog.text FROM \(source) "
        + "WHERE \(isOpen) AND t.\(id.inStatement) = ANY ($1::pg_catalog.text[]::\(id.type)[])", [SQLQuoting.array(ids)]
    ).compactMap { $0[0] }
  }
}
