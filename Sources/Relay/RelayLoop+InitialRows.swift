// SPDX-License-Identifier: Apache-2.0

import PostgresWire

/// The rows that were there before the slot.
extension RelayLoop where Source: ~Copyable {
  /// Tells their source how far they are delivered, and keeps what it wants on record before it goes on.
  ///
  /// - Returns: whether it can go on.
  mutating func keepInitialRows() throws(Failure) -> Bool {
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
