// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

extension PollReader {
  /// A row, as it is read.
  struct Row {
    let id: String
    let slice: Int
    /// By what it is ordered, where that was asked for.
    let order: [String]
    let values: SQLRow
  }

  struct Page {
    let rows: [Row]
    /// By what the last one is ordered, to go on behind it, where that was asked for.
    let last: [String]
    /// What columns the table had.
    let version: String
    /// The end of the server's log.
    let position: LSN
    /// Whether there may be more right away.
    let isFull: Bool

    /// How long the rows are.
    var bytes: Int {
      rows.reduce(0) { sum, row in row.values.reduce(sum + row.id.utf8.count) { $0 + ($1?.utf8.count ?? 0) } }
    }

    /// Whether all rows are ordered by the same first value.
    var isOfOneTime: Bool { rows.first?.order.first == rows.last?.order.first }
  }
}
