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
  mutating func keepBadRow(_ error: MappingError, _ row: @autoclosure () -> String) throws(Failure) {
    let isKept = keepsBadRows && error.isAboutRow
    guard let current = open.current else {
      guard isKept else { throw error.failure }
      return keepBadRow(row(), "\(error)", at: mapper.event.position)
    }
    if isKept {
      current.spool.append(badRow: row(), "\(error)")
    } else {
      current.spool.append(failure: error.failure)
    }
  }

  mutating func keepBadRow(_ row: String, _ reason: String, at position: EventPosition) {
    if let delivered, position <= delivered { return }
    delivered = position
    let now = PostgresTimestamp.now.unixMicroseconds / 1_000_000
    badRows.append(
      DeadLetter(
        event: row, isEvent: false, id: "", key: "", position: position, reason: reason, status: nil, attempts: 0,
        firstAttempt: now, lastAttempt: now, sink: ""))
  }
}
