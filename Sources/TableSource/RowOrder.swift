// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// How the rows of a table are ordered that is read: as they were written, as far as the table tells.
///
/// Where something is kept to go on behind, it is of values that only who writes the row changes. The number of a row's statement is
/// none: whoever deletes the row, and is rolled back, leaves another one there. So it orders only rows that are read together.
struct RowOrder: Sendable {
  /// What is compared, and the type of its values.
  private let parts: [(expression: String, type: String)]
  /// Whether it is that of writing.
  let isOfWriting: Bool
  /// The column before the key, as a statement has it; nil where there is none, or no value of it stands for one.
  let column: String?
  /// Whether that may have no value.
  let isNullable: Bool
  /// Whether rows of one time are ordered by the numbers of their statements.
  let hasStatements: Bool
  /// The columns' names and types, for a record.
  let names: [String]
  private let keyCount: Int

  /// By a column, and then the key; nil for the key alone.
  init(_ shape: TableShape, by column: TableShape.Column?) {
    self.init(
      shape, column.map { ("t.\($0.inStatement)", $0.type) }, column, isOfWriting: column != nil, hasStatements: false)
  }

  /// By a time, which all rows have, in one transaction by its statements, and then the key.
  init(_ shape: TableShape, byTime time: TableShape.Column) {
    self.init(shape, ("t.\(time.inStatement)", time.type), time, isOfWriting: true, hasStatements: true)
  }

  /// For the rows that were there before a slot. A key of numbers counts up as rows are written. Any other key says nothing of
  /// that, so the time comes before it, where there is one.
  init(_ shape: TableShape, time names: [String]) throws(Failure) {
    guard !shape.identity.isEmpty else { throw ChosenRows.noKey(shape) }
    guard !shape.identity[0].isWholeNumber || shape.ownIdentity.count > 1, let time = shape.timeColumn(names) else {
      let counts = shape.identity[0].isWholeNumber && shape.ownIdentity.count == 1
      self.init(shape, nil, nil, isOfWriting: counts, hasStatements: false)
      return
    }
    let column = "t.\(time.inStatement)"
    let instant = time.isNeverNull ? column : "coalesce(\(column), '-infinity'::\(time.type))"
    self.init(shape, (instant, time.type), time, isOfWriting: true, hasStatements: true)
  }

  private init(
    _ shape: TableShape, _ first: (String, String)?, _ column: TableShape.Column?, isOfWriting: Bool,
    hasStatements: Bool
  ) {
    let keys = shape.identity.map { ("t.\($0.inStatement)", $0.type) }
    parts = (first.map { [$0] } ?? []) + keys
    names = ((column.map { [$0] } ?? []) + shape.identity).map { "\($0.name) \($0.type)" }
    (self.isOfWriting, self.hasStatements, keyCount) = (isOfWriting, hasStatements, keys.count)
    (self.column, isNullable) = (column?.inStatement, column?.isNeverNull == false)
  }

  /// The number of a row's statement in its transaction.
  static let statement = "t.cmin::pg_catalog.text::pg_catalog.int8"

  /// The values as text, to go on behind a row that has them.
  var columns: String { parts.map { "\($0.expression)::pg_catalog.text" }.joined(separator: ", ") }

  var expressions: [String] { parts.map(\.expression) }

  /// That of reading all rows at once.
  var inStatement: String {
    var all = expressions
    if hasStatements { all.insert(Self.statement, at: 1) }
    return all.joined(separator: ", ")
  }

  /// That of going on behind a row.
  var inSteps: String { expressions.joined(separator: ", ") }

  /// Of a row's values the key's.
  func key(_ values: [String]) -> [String] { Array(values[(count - keyCount)..<count]) }

  /// Rows in the order of steps, those of one time by the numbers of their statements.
  ///
  /// - Parameter values: what orders a row, and behind it that number.
  func byStatement<Row>(_ rows: some Collection<Row>, _ values: (Row) -> [String]) -> [Row] {
    guard hasStatements else { return Array(rows) }
    let keyed = rows.enumerated().map { place, row in
      let values = values(row)
      return (row: row, time: values.first ?? "", statement: values.last.flatMap { Int($0) } ?? 0, place: place)
    }
    var (sorted, start): ([Row], Int) = ([], 0)
    while start < keyed.count {
      let end = keyed[start...].firstIndex { $0.time != keyed[start].time } ?? keyed.count
      sorted += keyed[start..<end].sorted { ($0.statement, $0.place) < ($1.statement, $1.place) }.map(\.row)
      start = end
    }
    return sorted
  }

  /// The condition for a row behind one with such values, from `$1` on.
  var isBehind: String {
    let places = parts.indices.map { "$\($0 + 1)::\(parts[$0].type)" }
    return "ROW(\(inSteps)) > ROW(\(places.joined(separator: ", ")))"
  }

  var count: Int { parts.count }
}
