import Delivery
import PostgresWire

/// Which stream the positions are of, and our own record of what has been confirmed.
///
/// It is asked at each connect, before anything is taken from the stream, and told before the server is.
struct PositionLedger {
  let identity: StreamIdentity
  private var checkpoint: Checkpoint?

  /// Refuses a stream that our record does not belong to, or whose log ends before it.
  init(_ checkpoint: Checkpoint?, _ identity: StreamIdentity, serverEnd: LSN) throws(Failure) {
    try checkpoint?.check(identity, flushLSN: serverEnd)
    self.checkpoint = checkpoint
    self.identity = identity
  }

  /// Refuses a stream that was opened anew and is another.
  func check(_ found: StreamIdentity) throws(Failure) {
    guard found != identity else { return }
    throw Failure(
      .wrongStream,
      "connected again, but to system \(found.systemIdentifier), timeline \(found.timeline), database "
        + "\(found.database), not system \(identity.systemIdentifier), timeline \(identity.timeline), database "
        + "\(identity.database)",
      advice: "positions mean nothing there; check where the connection string leads, then start again")
  }

  /// Makes a confirmed position our own record, before the server is told: its position may go back, ours must not be
  /// behind it.
  mutating func record(_ flushed: LSN) throws(Failure) {
    try checkpoint?.write(flushed, of: identity)
  }
}
