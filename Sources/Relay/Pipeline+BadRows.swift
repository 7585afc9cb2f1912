// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import OutboxMapping
import PostgresWire

/// Rows that cannot become events.
extension Pipeline {
  mutating func takeBadRows() -> [DeadLetter] {
    defer { badRows = [] }
    return badRows
  }

  /// A row that cannot become an event ends the stream, or goes to the dead letters. Of an open transaction it waits for
  /// the commit, as all its rows.
  ///
  /// - Parameter row: what is kept of it, for a reason.
  mutating func keepBadRow(_ error: MappingError, _ row: (_ reason: String) -> BadRow) throws(Failure) {
    let isKept = keepsBadRows && error.isAboutRow
    guard let current = open.current else {
      guard isKept else { throw error.failure }
      return keep(row(error.failure.text(show)), at: mapper.event.position)
    }
    if isKept {
      current.spool.append(row(error.failure.text(show)))
    } else {
      current.spool.append(failure: error.failure)
    }
  }

  mutating func keep(_ row: BadRow, at position: EventPosition) {
    if let delivered, position <= delivered { return }
    delivered = position
    badRows.append(row.letter(at: position))
  }
}
