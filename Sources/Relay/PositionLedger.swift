// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import Octets
import PostgresWire

/// Which stream the positions are of, and our own records of what has been confirmed: the checkpoint's and the sink's.
///
/// It is asked at each connect, before anything is taken from the stream, and told before the server is.
struct PositionLedger {
  let identity: StreamIdentity
  private let sink: any Sink
  private var checkpoint: Checkpoint?
  private let acceptsGap: Bool
  /// Whether positions tell what was delivered.
  private let hasLog: Bool
  /// Whether somebody keeps our positions when this process is gone.
  private let isKept: Bool
  /// The newest in our records; nil when there are none.
  private var recorded: Confirmation?
  /// The position of the record that is furthest behind: what was confirmed is in all of them, or one has lost it.
  private var earliest: LSN?
  /// The position of the sink's own.
  private var sinkConfirmed: LSN
  /// What the sink had on record when it was made.
  private let sinkRecord: Confirmation?
  /// What an operator should know of how the stream was found.
  private(set) var warning: Wording?

  /// Which tables are and were outboxes, as far as our records or this process know.
  private(set) var tables: OutboxTables
  private var keptTables: OutboxTables?

  /// Checks a stream that is opened for the first time, or again with a new sink.
  ///
  /// - Parameters:
  ///   - known: what this process has confirmed with an earlier sink.
  ///   - takesTurns: whether other relays are to have the slot in turn.
  init<Source: FrameSource & ~Copyable>(
    _ source: borrowing Source, _ sink: any Sink, _ checkpoint: Checkpoint?, known: LSN, acceptsGap: Bool,
    takesTurns: Bool
  ) throws(Failure) {
    try checkpoint?.check(source.identity)
    identity = source.identity
    self.sink = sink
    self.checkpoint = checkpoint
    self.acceptsGap = acceptsGap
    hasLog = source.hasLog
    let confirmed = sink.confirmed
    isKept = checkpoint != nil || confirmed != nil
    sinkRecord = confirmed
    sinkConfirmed = confirmed?.lsn ?? .zero
    let records = [checkpoint?.resume, confirmed].compactMap { $0 }
    recorded = records.max { $0.lsn < $1.lsn }
    earliest = records.map(\.lsn).min()
    keptTables = sink.tables
    tables = checkpoint?.tables ?? sink.tables ?? OutboxTables()
    try check(source, confirmed: known, held: LSN(rawValue: sink.resumePosition?.commitLSN ?? 0))
    if source.heartbeat != nil, let before = earlierPublication {
      warning =
        "the stream is read through publication \(identity.publication) from now on, and no longer through \(before): rows "
        + "that were written while the new one did not have their table will not come"
    }
    guard let confirmed = source.confirmedLSN, isAhead(source, of: known), !acceptsGap else { return }
    let failure = Self.gap(identity.slot, confirmed, max(known, earliest ?? .zero))
    // Relays that take turns without a record between them cannot know more.
    guard takesTurns, !isKept else { throw failure }
    warning =
      "\(failure.what) before; if it was no relay that delivers to the same place, events in between are missing"
  }

  /// Where to start: what the slot has confirmed, although our records may be ahead of it. What lies between comes again, and
  /// only then is it known that it is what we have read.
  func start<Source: FrameSource & ~Copyable>(_ source: borrowing Source) -> Confirmation {
    Confirmation(lsn: source.confirmedLSN ?? recorded?.lsn ?? .zero, commit: recorded?.commit)
  }

  /// The transaction that has to come again, by which the server's log is known to be the one that we have read.
  ///
  /// - Parameter newest: the newest one that is taken for known; nil to go by the records.
  func expected<Source: FrameSource & ~Copyable>(
    _ source: borrowing Source, after newest: CommitMark? = nil
  ) -> CommitMark? {
    var mark = newest
    if mark == nil {
      // Through other publications it may not come.
      if acceptsGap, earlierPublication != nil { return nil }
      mark = recorded?.commit
      // A file may be ahead of its record.
      if let held = sink.resumePosition.map({ LSN(rawValue: $0.commitLSN) }), held > mark?.lsn ?? .zero {
        mark = CommitMark(lsn: held, time: nil)
      }
    }
    // What was committed before the slot's position does not come again; a recording may begin anywhere.
    guard source.heartbeat != nil, let mark, let confirmed = source.confirmedLSN, mark.lsn >= confirmed else {
      return nil
    }
    return mark
  }

  /// Whether the slot is ahead of all that we know to be confirmed.
  func isAhead<Source: FrameSource & ~Copyable>(_ source: borrowing Source, of flushed: LSN) -> Bool {
    guard source.heartbeat != nil, let confirmed = source.confirmedLSN else { return false }
    // A record of now has all that this process has confirmed.
    return Self.isAhead(confirmed, of: max(flushed, earliest ?? .zero))
  }

  /// Whether a slot's position is ahead of what we know to be confirmed.
  static func isAhead(_ confirmed: LSN, of known: LSN) -> Bool { known > .zero && confirmed > known }

  /// Everything that needs no second delivery: what the sink holds, where it knows that, and else what is committed up to the
  /// newest transaction that our checkpoint knows of. What comes behind that was not delivered, however far other tables have
  /// moved the position.
  var delivered: EventPosition? {
    guard hasLog else { return nil }
    let held = [sink.resumePosition, sinkRecord.flatMap(Self.delivered)].compactMap { $0 }.max()
    // Of a file that is older than the checkpoint, what it does not hold is to come again.
    if sinkRecord != nil || held != nil { return held }
    return checkpoint?.resume.flatMap(Self.delivered)
  }

  /// The newest position that the sink or a record has.
  var newest: LSN { max(recorded?.lsn ?? .zero, LSN(rawValue: sink.resumePosition?.commitLSN ?? 0)) }

  private static func delivered(_ record: Confirmation) -> EventPosition? {
    let last = record.isEarlier ? LSN(rawValue: record.lsn.rawValue &- 1) : record.commit?.lsn
    return last.map { EventPosition(commitLSN: $0.rawValue, ordinal: .max) }
  }

  /// The publications that our record was read through, where they are others now; nil where they are the same.
  var earlierPublication: String? {
    recorded?.publication.flatMap { ForeignText($0) == ForeignText(identity.publication) ? nil : $0 }
  }

  /// Whether a relay that shares the checkpoint has come further than we have.
  func isOvertaken() throws(Failure) -> Bool { try checkpoint?.isOvertaken() ?? false }

  /// Refuses a stream that was opened anew and is another, or was set back.
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
    guard source.heartbeat != nil, hasLog else { return }
    let newest = max(held, flushed, recorded?.lsn ?? .zero)
    guard newest <= source.flushLSN else {
      // One that has crashed replays its log first.
      if source.isStandby {
        throw Failure(
          .connection,
          "the server is a standby that has replayed its log up to \(source.flushLSN), and \(newest) is delivered already"
        )
      }
      throw Failure(
        .serverRewound, "the server's log ends at \(source.flushLSN), but \(newest) is delivered already",
        advice: .restored)
    }
  }

  static func gap(_ slot: String, _ confirmed: LSN, _ known: LSN) -> Failure {
    Failure(
      .gap, "slot \(slot) is confirmed up to \(confirmed), but only \(known) was confirmed here",
      advice:
        "somebody else has advanced it or made it anew; look for events in between in the table, then go on with "
        + "\(setting: "accept-gap"); relays that take turns need one checkpoint between them (\(setting: "checkpoint"))"
    )
  }

  /// Makes a confirmed position our own record, before the server is told: its position may go back, ours must not be
  /// behind it.
  ///
  /// - Parameter polled: how far the rows are that stay in their table; nil for no farther than before.
  mutating func record(_ lsn: LSN, _ commit: CommitMark?, polled: PolledRows?) throws(Failure) {
    // What only one of the records has is no record of ours yet.
    guard lsn > earliest ?? .zero else { return }
    let confirmed = Confirmation(lsn: lsn, commit: commit, publication: identity.publication)
    let (identity, tables) = (identity, tables)
    try checkpoint?.write(confirmed, tables, polled: polled, of: identity)
    if lsn > sinkConfirmed {
      do { try sink.record(confirmed: confirmed) } catch {
        var failure = error
        failure.kind = .checkpointWrite
        throw failure
      }
      sinkConfirmed = lsn
    }
    earliest = lsn
    if lsn > recorded?.lsn ?? .zero { recorded = confirmed }
  }

  /// How far the rows are delivered that stay in their table.
  var polledRows: PolledRows? { checkpoint?.polledRows }

  /// How far the rows have come that were there before the slot: as the sink has it, or else the checkpoint.
  var initialRows: InitialRows? { sink.initialRows ?? checkpoint?.initialRows }

  /// Refuses to leave the rest of them out in silence.
  func requireInitialRows(_ source: borrowing some FrameSource & ~Copyable, _ configuration: RelayConfiguration)
    throws(Failure)
  {
    guard configuration.initialRows == nil, !configuration.acceptsGap, source.hasLog, let rows = initialRows,
      !rows.isDone, let confirmed = source.confirmedLSN, confirmed <= rows.start
    else { return }
    throw Failure(
      .settings,
      "the rows that were there before the slot have come in part (\(rows.planned) so far), and no more are asked for",
      advice: "give \(setting: "initial-rows") as before; \(setting: "accept-gap") gives the others up")
  }

  /// Makes that our own record, before more of them are delivered.
  mutating func keep(_ rows: InitialRows) throws(Failure) {
    let (identity, tables) = (identity, tables)
    var isKept = checkpoint != nil
    if let recorded { try checkpoint?.write(recorded, tables, rows: rows, of: identity) }
    do { if try sink.record(initialRows: rows) { isKept = true } } catch {
      var failure = error
      failure.kind = .checkpointWrite
      throw failure
    }
    guard !isKept else { return }
    throw Failure(
      .settings, "nothing keeps how far the initial rows have come: the output has no state",
      advice: "name a file for that with \(setting: "checkpoint")")
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

extension Wording {
  /// What can be done about a server that was restored from an older state.
  static let restored: Wording =
    """
    it was restored from an older state: new events would be taken for old ones; deliver to a new file, with a new place for \
    dead letters, without the checkpoint
    """
}
