import Delivery
import IntegrationEvents
import PostgresWire

/// Which stream the positions are of, and our own records of what has been confirmed: the checkpoint's and the sink's.
///
/// It is asked at each connect, before anything is taken from the stream, and told before the server is.
struct PositionLedger {
  let identity: StreamIdentity
  private let sink: any Sink
  private var checkpoint: Checkpoint?
  private let acceptsGap: Bool
  /// The newest position in our records; nil when there are none.
  private var recorded: LSN?

  /// Which tables are and were outboxes, as far as our records or this process know.
  private(set) var tables: OutboxTables
  private var keptTables: OutboxTables?

  /// Checks a stream that is opened for the first time.
  init<Source: FrameSource & ~Copyable>(
    _ source: borrowing Source, _ sink: any Sink, _ checkpoint: Checkpoint?, acceptsGap: Bool
  ) throws(Failure) {
    try checkpoint?.check(source.identity)
    identity = source.identity
    self.sink = sink
    self.checkpoint = checkpoint
    self.acceptsGap = acceptsGap
    recorded = [checkpoint?.resume, sink.confirmedLSN].compactMap { $0 }.max()
    keptTables = sink.tables
    tables = checkpoint?.tables ?? sink.tables ?? OutboxTables()
    try check(source, confirmed: .zero, held: LSN(rawValue: sink.resumePosition?.commitLSN ?? 0))
  }

  /// Where to start: what is confirmed by our records or by the slot, whichever is later.
  func start<Source: FrameSource & ~Copyable>(_ source: borrowing Source) -> LSN {
    max(recorded ?? .zero, source.confirmedLSN ?? .zero)
  }

  /// Everything that needs no second delivery: what the sink holds, and what lies before our checkpoint. A position that was
  /// confirmed lies behind the whole of each transaction that is committed before it.
  var delivered: EventPosition? {
    let confirmed = checkpoint?.resume.map { EventPosition(commitLSN: $0.rawValue &- 1, ordinal: .max) }
    return [sink.resumePosition, confirmed].compactMap { $0 }.max()
  }

  /// Refuses a stream that was opened anew and is another, was set back, or was moved by somebody else.
  ///
  /// - Parameters:
  ///   - flushed: what this process has confirmed, or is about to.
  ///   - held: the newest position that is taken for known.
  func check<Source: FrameSource & ~Copyable>(
    _ source: borrowing Source, confirmed flushed: LSN, held: LSN
  ) throws(Failure) {
    let found = source.identity
    guard found == identity else {
      throw Failure(
        .wrongStream,
        "connected again, but to system \(found.systemIdentifier), timeline \(found.timeline), database "
          + "\(found.database), not system \(identity.systemIdentifier), timeline \(identity.timeline), database "
          + "\(identity.database)",
        advice: "positions mean nothing there; check where the connection string leads, then start again")
    }
    // A recording has no server behind it.
    guard source.heartbeat != nil else { return }
    let newest = max(held, flushed, recorded ?? .zero)
    guard newest <= source.flushLSN else {
      throw Failure(
        .serverRewound, "the server's log ends at \(source.flushLSN), but \(newest) is delivered already",
        advice:
          "it was restored from an older state: new events would be taken for old ones; deliver to a new file, without "
          + "the checkpoint")
    }
    guard let confirmed = source.confirmedLSN, let known = recorded.map({ max($0, flushed) }), confirmed > known,
      !acceptsGap
    else { return }
    throw Failure(
      .gap, "slot \(identity.slot) is confirmed up to \(confirmed), but only \(known) was confirmed here",
      advice:
        "somebody else has advanced it or made it anew; look for events in between in the table, then go on with "
        + "\(setting: "accept-gap")")
  }

  /// Makes a confirmed position our own record, before the server is told: its position may go back, ours must not be
  /// behind it.
  mutating func record(_ flushed: LSN) throws(Failure) {
    guard flushed > recorded ?? .zero else { return }
    let (identity, tables) = (identity, tables)
    try checkpoint?.write(flushed, tables, of: identity)
    do { try sink.record(confirmed: flushed) } catch {
      var failure = error
      failure.kind = .checkpointWrite
      throw failure
    }
    recorded = flushed
  }

  /// Makes it our own record which tables are outboxes, before rows of a new one are delivered. The checkpoint has it with
  /// the next position: without one it is none.
  mutating func keep(_ known: OutboxTables) throws(Failure) {
    guard known != tables || known != keptTables else { return }
    tables = known
    let identity = identity
    if let recorded { try checkpoint?.write(recorded, known, of: identity) }
    do { try sink.record(tables: known) } catch {
      var failure = error
      failure.kind = .checkpointWrite
      throw failure
    }
    keptTables = known
  }
}
