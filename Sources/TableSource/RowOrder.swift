// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// How the rows of a table are ordered that were there before a slot: as they were written, as far as the table tells.
///
/// A key of numbers counts up as rows are written. Any other key says nothing of that, so the time comes before it, and in one
/// transaction the order of its statements.
struct RowOrder: Sendable {
  /// What is compared, and the type of its values.
  private let parts: [(expression: String, type: String)]
  /// Whether it is that of writing.
  let isOfWriting: Bool
  private let keyCount: Int

  init(_ shape: TableShape, time names: [String]) throws(Failure) {
    guard !shape.identity.isEmpty else { throw ChosenRows.noKey(shape) }
    let keys = shape.identity.map { ("t.\($0.inStatement)", $0.type) }
    keyCount = keys.count
    if keys.count == 1, shape.identity[0].isWholeNumber {
      (parts, isOfWriting) = (keys, true)
    } else if let time = shape.timeColumn(names) {
      let column = "t.\(time.inStatement)"
      let instant = time.isNeverNull ? column : "coalesce(\(column), '-infinity'::\(time.type))"
      parts = [(instant, time.type), ("t.cmin::pg_catalog.text::pg_catalog.int8", "pg_catalog.int8")] + keys
      isOfWriting = true
    } else {
      (parts, isOfWriting) = (keys, false)
    }
  }

  /// The values as text, to go on behind a row that has them.
  var columns: String { parts.map { "\($0.expression)::pg_catalog.text" }.joined(separator: ", ") }

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
