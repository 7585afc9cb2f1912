import OutboxMapping
import PostgresWire

/// From one connection to the next.
extension RelayLoop where Source: ~Copyable {
  /// The connection is lost, or to be left.
  mutating func disconnect() {
    session.close()
    tables.close()
  }

  /// Whether somebody else has had the slot, and confirmed more than we know of.
  func isPassed(by source: borrowing Source) throws(Failure) -> Bool {
    if ledger.isAhead(source, of: flushed) { return true }
    return try ledger.isOvertaken()
  }

  /// Goes on with a stream that has been opened anew.
  mutating func reconnect(_ source: consuming Source) throws(Failure) {
    try ledger.check(source, confirmed: flushed, held: pipeline.newest)
    desk.refresh()
    pipeline.expected = ledger.expected(source, after: pipeline.newestTransaction)
    pipeline.restart()
    try tables.open(source, control.wakeup, &pipeline)
    try ledger.keep(tables.ledger.known)
    session.replace(source)
  }
}
