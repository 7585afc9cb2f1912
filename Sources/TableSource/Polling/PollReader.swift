// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// Reads rows of a table that are not delivered yet, each time with one statement: no transaction stays open behind it.
struct PollReader: ~Copyable {
  /// How many rows are read at once, and how many bytes; one row may be longer.
  private static let page = (rows: 4000, bytes: 4 << 20)

  /// Whether so much is under way that nothing is read. A read may name all of it, so few reads of many rows are the cheap ones.
  static func isEnough(rows: Int, bytes: Int) -> Bool { rows > page.rows || bytes > 2 * page.bytes }

  let server: Connection
  private(set) var shape: TableShape
  let order: RowOrder
  /// Whether the server tells of new rows.
  let listens: Bool
  private let request: PollRequest
  /// The server's process that serves the connection.
  let process: String
  private var version: String
  private var length = PageLength(most: PollReader.page.rows)

  init(_ request: PollRequest) throws(Failure) {
    let server = try Connection.connect(
      request.database, for: .statements(within: nil),
      isCancelled: {
        request.tellOfWait()
        return request.isCancelled()
      })
    try PooledConnection.refuse(server, request)
    // As a stream has them; and rows that a policy would hide are an error.
    _ = try server.query(ChosenRows.preparation)
    let process = try PooledConnection.process(server)
    try Self.requirePrimary(server)
    let version = try Self.version(server, TableShape.look(server, request.table))
    let shape = try TableShape.look(server, request.table)
    guard !shape.identity.isEmpty else { throw ChosenRows.noKey(shape) }
    try Self.requireReadable(server, shape, request)
    if let id = shape.column(request.columns.id) { try Self.requireUnique(id, server, shape, request) }
    let order = try RowOrder.find(server, shape, request)
    try Self.require(order, server, shape, request)
    let listens = try PollNotification.listen(server, shape)
    self.version = version
    (self.process, self.shape, self.order, self.listens, self.request) = (process, shape, order, listens, request)
    self.server = server
  }

  /// Says so where nothing tells in which order rows were written, or no index does.
  func warnOfOrder() throws(Failure) {
    try order.warnOfSorting(server, shape, request)
    guard !order.isOfWriting else { return }
    request.warn(
      "table \(request.table) has neither an identity column nor a time, so the order of events of a key is not promised; name a column with \(setting: "order-by")"
    )
  }

  /// What it means that rows are ordered by values that no record can keep.
  var tooLong: Failure {
    Failure(
      .settings, "rows of \(shape.table) are ordered by values that are too long to be kept on record",
      advice: "name a column of numbers or times with \(setting: "order-by")")
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
    guard order.isNullable, let column = order.column else { return }
    let rows: [SQLRow]
    do throws(Failure) {
      rows = try server.query(
        "SELECT EXISTS (SELECT FROM \(SQLName.inStatement(shape.table)) AS t WHERE \(isOpen(request)) AND t.\(column) IS NULL)"
      )
    } catch {
      throw ChosenRows.explained(error, [shape], by: server)
    }
    guard rows.first?[0] != "t" else { throw order.missing(shape) }
  }

  private borrowing func id() throws(Failure) -> TableShape.Column {
    guard let id = shape.column(request.columns.id) else {
      throw Failure(
        .settings, "table \(shape.table) has no column \(request.columns.id.first ?? "id")",
        advice: "name the one that it has with \(setting: "column")")
    }
    // A row without is none that could be cleaned up.
    guard id.isNeverNull || request.keepsRows else {
      throw Failure(
        .settings, "column \(id.name) of \(shape.table) may have no value, by which rows are known",
        advice:
          "\(sql: "ALTER TABLE \(SQLName.inStatement(shape.table)) ALTER COLUMN \(id.inStatement) SET NOT NULL;")")
    }
    return id
  }

  /// Looks again what columns the table has.
  private mutating func lookAgain() throws(Failure) {
    version = try Self.version(server, shape)
    let found = try TableShape.look(server, request.table)
    defer { shape = found }
    // The locks are those of a table.
    guard found.id == shape.id else { throw otherTable }
  }

  private var otherTable: Failure { Failure(.connection, "table \(shape.table) is another one now") }

  /// What its columns are, as the snapshot of a statement has them.
  private static func version(of shape: TableShape) -> String {
    "(SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', a.attnum, a.attname, a.atttypid), ',' ORDER BY a.attnum) "
      + "FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = '\(shape.id)'::pg_catalog.oid AND a.attnum > 0 AND NOT a.attisdropped)"
  }

  private static func version(_ server: borrowing Connection, _ shape: TableShape) throws(Failure) -> String {
    try server.query("SELECT \(version(of: shape))").first?[0] ?? ""
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
    while true {
      let id = try id()
      let slice = PollSlices.number(of: shape.column(request.columns.key))
      let missing = order.column.map { "t.\($0) IS NULL" } ?? "false"
      // Behind them the number of the statement.
      let places = withOrder ? order.expressions + [order.hasStatements ? RowOrder.statement : "0"] : []
      var found = ["t.\(id.inStatement)::pg_catalog.text AS id", "\(slice) AS slice", "\(missing) AS missing"]
      found += places.indices.map { "\(places[$0])::pg_catalog.text AS o\($0)" }
      found += shape.columns.indices.map { "t.\(shape.columns[$0].inStatement) AS c\($0)" }
      let chosen = """
        SELECT pg_catalog.row_number() OVER () AS n, f.* FROM (SELECT \(found.joined(separator: ", ")) FROM \(source) \
        WHERE \(conditions.joined(separator: " AND ")) ORDER BY \(withOrder ? order.inSteps : order.inStatement) \
        LIMIT \(length.rows)) AS f
        """
      let bounded = BoundedPage.statement(
        chosen, heads: ["id", "slice", "missing"] + places.indices.map { "o\($0)" }, columns: shape.columns.count,
        bytes: Self.page.bytes)
      let name = SQLQuoting.literal(SQLName.quoted(shape.table))
      let statement = """
        SELECT s.*, g.* FROM (SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_current_wal_insert_lsn(), \
        \(Self.version(of: shape)), \(name)::pg_catalog.regclass::pg_catalog.oid) AS s LEFT JOIN (\(bounded)) AS g ON true \
        ORDER BY g.n
        """
      let rows = try ask(statement, parameters)
      guard rows.first?[0] == process else { throw PooledConnection.isShared }
      guard rows.first?[3] == "\(shape.id)" else { throw otherTable }
      // Rows and columns are of one snapshot: what was changed meanwhile is read as it is now.
      if rows.first?[2] == version {
        let asked = length.rows
        let page = try page(rows, places: places.count)
        // Rows of one time are read together, where there is room for more of them.
        guard withOrder, order.hasStatements, page.isOfOneTime, page.isFull, asked < length.rows else { return page }
        continue
      }
      try lookAgain()
    }
  }

  private func ask(_ statement: String, _ parameters: [String]) throws(Failure) -> [SQLRow] {
    request.desk.wait(true)
    defer { request.desk.wait(false) }
    do throws(Failure) { return try server.query(statement, parameters) } catch {
      switch error.sqlState {
      // A column has gone, is called otherwise, or is of another type: over a new connection all is looked at anew.
      case "42703", "42883", "42804": throw Failure(.connection, "table \(shape.table) was changed")
      case "42P01":
        throw Failure(
          .tableMissing, "table \(shape.table) is not there any more, or is called otherwise",
          advice: "name it with \(setting: "table")", sqlState: error.sqlState)
      case "22P02", "22003", "22007", "22008":
        guard request.keepsRows else { throw Failure(.connection, "table \(shape.table) was changed") }
        throw Failure(
          .settings,
          "the column by which rows of \(shape.table) are ordered is of another type than before, or a value of it cannot be compared",
          advice: "begin anew with another \(setting: "checkpoint"), after which all rows come again",
          sqlState: error.sqlState)
      default: break
      }
      throw ChosenRows.explained(error, [shape], by: server)
    }
  }

  private mutating func page(_ rows: [SQLRow], places: Int) throws(Failure) -> Page {
    guard let position = rows.first?[1].flatMap({ LSN($0) }) else {
      throw Failure(.internal, "the server's answer about its log makes no sense")
    }
    let found = rows.prefix { $0[5] == "t" }
    guard found.allSatisfy({ $0[8] != "t" }) else { throw order.missing(shape) }
    let count = rows.count(where: { $0[4] != nil })
    let isFull = found.count == length.rows || found.count < count
    let read = found.map { row in
      Row(
        id: row[6] ?? "", slice: row[7].flatMap { Int($0) } ?? 0,
        order: row.dropFirst(9).prefix(places).map { $0 ?? "" }, values: SQLRow(Array(row.dropFirst(9 + places))))
    }
    length.note(found: count, fitting: found.count)
    let steps = places > 0 && order.hasStatements
    let chosen = steps ? Self.whole(read, isFull: isFull) : read
    return Page(
      rows: steps ? order.byStatement(chosen, \.order) : chosen,
      last: chosen.last.map { Array($0.order.dropLast()) } ?? [],
      version: version, position: position, isFull: isFull)
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
