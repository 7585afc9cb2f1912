// SPDX-License-Identifier: Apache-2.0

import PostgresWire

/// Rows that come out of tables.
extension RelayLoop where Source: ~Copyable {
  /// Tells a source of rows how far they are delivered.
  ///
  /// - Returns: whether it can go on.
  mutating func tellSource() throws(Failure) -> Bool {
    let hasNews = pipeline.polling?.settle(pipeline.confirm.flushed) ?? false
    return try keepInitialRows() || hasNews
  }

  /// Makes a confirmed position our own record.
  mutating func record(_ lsn: LSN) throws(Failure) {
    try ledger.record(lsn, pipeline.confirm.commit, polled: pipeline.polling?.takeNoted(upTo: lsn))
  }

  /// Tells the source of those that were there before the slot how far they are, and keeps what it wants on record before it goes on.
  ///
  /// - Returns: whether it can go on.
  private mutating func keepInitialRows() throws(Failure) -> Bool {
    guard let desk = pipeline.initialRows else { return false }
    let hasNews = desk.settle(pipeline.confirm.settledRow)
    if let rows = desk.proposed {
      try ledger.keep(rows)
      desk.keep()
    }
    if desk.known?.isDone == true, desk.commit == nil { pipeline.initialRows = nil }
    return hasNews
  }
}

extension Pipeline {
  /// Prepares for a source that asks a table again and again.
  ///
  /// - Parameters:
  ///   - newest: the newest position that was used.
  ///   - known: how far the rows are on record that stay in their table.
  mutating func poll(_ desk: PollDesk?, after newest: LSN, known: PolledRows?) {
    polling = desk
    desk?.begin(after: newest, known: known)
  }

  /// Whether a source of rows wants nothing read before more is delivered.
  var isHeld: Bool { initialRows?.isHeld == true || polling?.isHeld == true }
}
