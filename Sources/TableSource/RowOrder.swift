// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// How the rows of a table are ordered that is read: as they were written, as far as the table tells.
struct RowOrder: Sendable {
  /// What is compared, and the type of its values.
  private let parts: [(expression: String, type: String)]
  /// Whether it is that of writing.
  let isOfWriting: Bool
  /// The column, where it is one that may have no value, as a statement has it.
  let nullable: String?
  private let keyCount: Int

  /// By a column, and then the key; nil for the key alone.
  init(_ shape: TableShape, by column: TableShape.Column?) {
    let keys = Self.keys(shape)
    parts = (column.map { [("t.\($0.inStatement)", $0.type)] } ?? []) + keys
    (isOfWriting, keyCount) = (column != nil, keys.count)
    nullable = column.flatMap { $0.isNeverNull ? nil : $0.inStatement }
  }

  /// By a time, which all rows have, in one transaction by its statements, and then the key.
  init(_ shape: TableShape, byTime time: TableShape.Column) {
    let keys = Self.keys(shape)
    parts = [("t.\(time.inStatement)", time.type), Self.statement] + keys
    (isOfWriting, keyCount) = (true, keys.count)
    nullable = time.isNeverNull ? nil : time.inStatement
  }

  /// For the rows that were there before a slot. A key of numbers counts up as rows are written. Any other key says nothing of
  /// that, so the time comes before it, where there is one.
  init(_ shape: TableShape, time names: [String]) throws(Failure) {
    guard !shape.identity.isEmpty else { throw ChosenRows.noKey(shape) }
    let keys = Self.keys(shape)
    (keyCount, nullable) = (keys.count, nil)
    if keys.count == 1, shape.identity[0].isWholeNumber {
      (parts, isOfWriting) = (keys, true)
    } else if let time = shape.timeColumn(names) {
      let column = "t.\(time.inStatement)"
      let instant = time.isNeverNull ? column : "coalesce(\(column), '-infinity'::\(time.type))"
      parts = [(instant, time.type), Self.statement] + keys
      isOfWriting = true
    } else {
      (parts, isOfWriting) = (keys, false)
    }
  }

  private static func keys(_ shape: TableShape) -> [(expression: String, type: String)] {
    shape.identity.map { ("t.\($0.inStatement)", $0.type) }
  }

  /// The number of a row's statement in its transaction. Who has deleted or changed the row and was rolled back has left another
  /// number there: such a row stands behind the others of its transaction, where it can only come again.
  private static let statement = (
    expression:
      "CASE t.xmax::pg_catalog.text WHEN '0' THEN t.cmin::pg_catalog.text::pg_catalog.int8 ELSE 4294967296 END",
    type: "pg_catalog.int8"
  )

  /// The values as text, to go on behind a row that has them.
  var columns: String { parts.map { "\($0.expression)::pg_catalog.text" }.joined(separator: ", ") }

  var expressions: [String] { parts.map(\.expression) }

  var inStatement: String { parts.map(\.expression).joined(separator: ", ") }

  /// Of a row's values the key's, which come last.
  func key(_ values: [String]) -> [String] { Array(values.suffix(keyCount)) }

  /// The condition for a row behind one with such values, from `$1` on.
  var isBehind: String {
    let places = parts.indices.map { "$\($0 + 1)::\(parts[$0].type)" }
    return "ROW(\(inStatement)) > ROW(\(places.joined(separator: ", ")))"
  }

  var count: Int { parts.count }
}
