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
  mutating func keepBadRow(_ error: MappingError, _ row: @autoclosure () -> BadRow) throws(Failure) {
    let isKept = keepsBadRows && error.isAboutRow
    guard let current = open.current else {
      guard isKept else { throw error.failure }
      return keep(row(), at: mapper.event.position)
    }
    if isKept {
      current.spool.append(row())
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
