// SPDX-License-Identifier: Apache-2.0

import Files

/// How far rows are delivered that stay in their table: by the transactions that wrote them, of which all before `low` are done with.
///
/// Those of a step, from `low` to before `high`, had all ended when it began, so that nothing can come into it any more.
package struct PolledRows: Hashable, Sendable {
  /// Whose they are: the system's identifier, the timeline, and the numbers of database and table.
  package let server: String
  /// Where the server's log ended when all before `high` had ended: without that, their numbers may be given again.
  package var log: LSN
  package var low: UInt64
  package var high: UInt64
  /// By what rows are ordered.
  package let order: String
  /// That, as the last one of the step has it; none before the first.
  package var last: [String]

  package init(server: String, log: LSN, low: UInt64, high: UInt64, order: String, last: [String] = []) {
    (self.server, self.log, self.low, self.high) = (server, log, low, high)
    (self.order, self.last) = (order, last)
  }
}

extension PolledRows {
  /// In one line: words with blanks between them.
  var text: String { RecordWords.line([server, log.description, "\(low)", "\(high)", order] + last) }

  init?(text: String) {
    var words = RecordWords(text)
    guard let server = words.next(), let log = words.next().flatMap({ LSN($0) }), let low: UInt64 = words.number(),
      let high: UInt64 = words.number(), low <= high, let order = words.next(), let last = words.several(words.left)
    else { return nil }
    self.init(server: server, log: log, low: low, high: high, order: order, last: last)
  }
}

extension KeyValueText {
  private static let word = "polled-rows"

  /// Adds how far the rows are delivered that stay in their table.
  package mutating func append(_ rows: PolledRows) { append(Self.word, rows.text) }

  /// What was added; nil where nothing was, or what is there makes no sense.
  package var polledRows: PolledRows? { self[Self.word].flatMap { PolledRows(text: $0) } }

  /// Whether there is something that makes no sense.
  package var hasBadPolledRows: Bool { self[Self.word] != nil && polledRows == nil }
}
