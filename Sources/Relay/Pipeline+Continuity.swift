import PostgresWire

/// Whether the log that is read again is the one that was read before. A server that was restored from an older state may have
/// written on beyond our positions: they would pass over what is new.
extension Pipeline {
  /// A transaction comes: the one that has to come again, or one that passes it by.
  mutating func expect(_ commit: LSN, _ time: PostgresTimestamp) throws(Failure) {
    guard let mark = expected, commit >= mark.lsn else { return }
    guard commit == mark.lsn, time == mark.time else { throw .rewritten(at: mark.lsn) }
    expected = nil
  }

  /// The server says that it has sent all before a position.
  mutating func expect(allBefore end: LSN) throws(Failure) {
    if let mark = expected, end > mark.lsn { throw .rewritten(at: mark.lsn) }
  }
}

extension Failure {
  /// The server's log has something else where a transaction was that we know of.
  fileprivate static func rewritten(at lsn: LSN) -> Failure {
    Failure(
      .serverRewound,
      "the server's log has another content than before: the transaction at \(lsn), which was delivered, is not there any more",
      advice: .restored)
  }
}
