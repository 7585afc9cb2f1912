// SPDX-License-Identifier: Apache-2.0

import Delivery
package import IntegrationEvents
package import OutboxMapping
import PgOutput
package import PostgresWire

/// From frames to batches of encoded events: decoding, mapping, encoding, and knowing where in the stream we are.
package struct Pipeline {
  /// A batch is handed over once it is this large, in bytes.
  static let batchSize = 128 * 1024

  var decoder = Decoder()
  /// How much is kept of what the server has described of relations, as `RelationCache.size` counts: some ten megabytes.
  var mostDescribed = 100_000
  var mapper: EventMapper
  private let encoder: EnvelopeEncoder
  let until: LSN?
  /// The events not handed over yet.
  var growing = GrowingBatch()
  /// Why the stream cannot go on.
  package internal(set) var failure: Failure?
  /// The position that was asked for has been reached.
  var hasReachedEnd = false
  /// The server wants an answer.
  private(set) var repliesWanted = 0
  /// The newest position heard of.
  var received = LSN.zero
  /// Transactions must not come before their commit any more.
  private(set) var needsWholeTransactions = false
  /// Events of a transaction that a lost connection has cut off wait for the rest, which comes with the whole again.
  var hasOrphans = false
  /// Rows that could not become events, to be kept as dead letters.
  var badRows: [DeadLetter] = []
  let keepsBadRows: Bool
  /// How their reasons are shown.
  var show: @Sendable (Wording) -> String = { "\($0)" }
  /// How many events were there before this stream brought them, and how many were encoded.
  package internal(set) var skippedCount = 0
  package internal(set) var eventCount = 0
  /// How many bytes of frames have come.
  private(set) var receivedBytes = 0
  /// What else is counted, where somebody wants to know.
  package var tally: Tally?

  /// A relation whose rows come next, and of which the catalogue has to say whether it is an outbox. Whether there is one, to
  /// ask it would cost something for each row.
  var unknownRelation: Relation? { didSet { isAsking = unknownRelation != nil } }
  private(set) var isAsking = false
  var knowsCatalogue = false
  /// Tables like outboxes that are none, where no catalogue can say more.
  var strangers = Strangers()
  /// Events up to here are delivered already, or in a batch.
  var delivered: EventPosition?
  /// What the sink itself holds, where rows that come again are to be cleaned up; nil where they are not.
  var held: EventPosition?
  /// Those that have come again.
  var recognised: [RecognisedRow] = []
  /// Whether a change of an outbox is a clean-up of our own.
  var isOwnChange: (@Sendable (_ what: String, _ transaction: TransactionID?, _ lsn: LSN) -> Bool)?
  /// Which position may be confirmed.
  package var confirm: ConfirmRule
  /// A transaction that has to come again, since the server goes back behind it; nil once it has.
  var expected: CommitMark?
  /// Tells under which position rows come that were there before the slot.
  var initialRows: InitialRowsDesk?
  /// Tells how far rows are that a table is asked for again and again.
  var polling: PollDesk?
  /// Other publications, through which it was read.
  var earlierPublication: String?
  private(set) var begun: Begin?
  var open: OpenTransactions
  /// A transaction whose rows did not all fit into a batch.
  var releasing: Release?
  /// The line of an event that goes to a spool, and what is noted beside it.
  private var line: [UInt8] = []
  private var attributes: [EncodedAttribute] = []

  package init(
    _ mapper: EventMapper, _ encoder: EnvelopeEncoder, until: LSN? = nil, delivered: EventPosition? = nil,
    confirmed: Confirmation = Confirmation(lsn: .zero), keepsBadRows: Bool = false, awaitsCleanUp: Bool = false,
    spool: SpoolConfiguration = SpoolConfiguration()
  ) {
    confirm = ConfirmRule(flushed: confirmed.lsn, commit: confirmed.commit, awaitsCleanUp: awaitsCleanUp)
    self.mapper = mapper
    open = OpenTransactions(spool)
    self.encoder = encoder
    self.until = until
    self.delivered = delivered
    self.keepsBadRows = keepsBadRows
  }

  /// The events that have not been handed over yet.
  var batch: EventBatch { growing.batch }

  /// Whether some of them belong to transactions that are complete.
  var hasCompleteEvents: Bool { growing.completeEvents > 0 }

  /// The stream starts anew, from a confirmed position: whatever is not complete will come again.
  mutating func restart() {
    decoder = Decoder()
    mapper.forgetRelations()
    failure = nil
    begun = nil
    releasing = nil
    confirm.restart()
    received = .zero
    unknownRelation = nil
    hasOrphans = growing.hasIncomplete
    open.removeAll()
    repliesWanted = 0
  }

  mutating func takeRepliesWanted() -> Int {
    defer { repliesWanted = 0 }
    return repliesWanted
  }

  /// Takes one frame.
  package mutating func consume(_ frame: RawSpan) -> FrameVerdict {
    receivedBytes &+= frame.byteCount
    do throws(Failure) {
      switch try Self.header(frame) {
      case .xLogData(let header):
        if header.start > received { received = header.start }
        try consume(frame.extracting(droppingFirst: ReplicationFrame.XLogData.payloadOffset), lsn: header.start)
      case .keepalive(let keepalive): try take(keepalive)
      }
      return hasReachedEnd || isFull || releasing != nil || isAsking ? .enough : .more
    } catch {
      failure = error
      return .enough
    }
  }

  /// It is time to hand over, rows that could not become events first.
  var isFull: Bool { isBatchFull || !badRows.isEmpty || recognised.count >= 1000 }

  /// The batch is as large as batches become.
  package var isBatchFull: Bool { growing.batch.bytes.count >= Self.batchSize }

  private static func header(_ frame: RawSpan) throws(Failure) -> ReplicationFrame {
    do { return try ReplicationFrame.decode(from: frame) } catch {
      throw Failure(.protocol, "replication frame: \(error)")
    }
  }

  private mutating func take(_ keepalive: ReplicationFrame.Keepalive) throws(Failure) {
    if expected != nil { try expect(allBefore: keepalive.serverEnd) }
    received = max(received, keepalive.serverEnd)
    if keepalive.replyRequested { repliesWanted += 1 }
    guard begun == nil, open.current == nil else { return }
    finish(keepalive.serverEnd, endsTransaction: false)
  }

  /// No transaction is open at this position.
  mutating func finish(_ end: LSN, endsTransaction: Bool = true) {
    confirm.reach(end)
    if endsTransaction { hasOrphans = false }
    if !hasOrphans { growing.markComplete() }
    if let until, end >= until { hasReachedEnd = true }
  }

  private mutating func consume(_ message: RawSpan, lsn: LSN) throws(Failure) {
    let decoded: Message
    do { decoded = try decoder.decode(message) } catch { throw Failure(undecoded: error, at: lsn) }
    switch decoded {
    case .insert(let insert): return try take(insert, message, lsn)
    case .begin(let begin):
      guard begun == nil else { throw Failure(.protocol, "Begin inside a transaction", lsn: lsn) }
      if let until, begin.finalLSN > until {
        hasReachedEnd = true
        return
      }
      if expected != nil { try expect(begin.finalLSN, begin.commitTime) }
      begun = begin
      mapper.beginTransaction(commitLSN: begin.finalLSN, commitTime: begin.commitTime)
      // Of no transaction, they have the place before theirs where others have their transaction's number.
      if initialRows?.commit == begin.finalLSN { mapper.resume(ordinal: UInt64(begin.xid)) }
    case .commit(let commit):
      guard begun?.finalLSN == commit.commitLSN else {
        throw Failure(
          .protocol, "Commit \(commit.commitLSN) does not end the transaction that was begun", lsn: lsn)
      }
      begun = nil
      received = max(received, commit.endLSN)
      if confirm.read(commit, newest: delivered) { tally?.commit(commit.commitTime) }
      if initialRows?.commit == commit.commitLSN { confirm.reach(row: mapper.event.position.ordinal) }
      finish(commit.endLSN)
    case .update(let update): try change("UPDATE", [update.relationID], update.xid, message, lsn)
    case .delete(let delete): try change("DELETE", [delete.relationID], delete.xid, message, lsn)
    case .truncate(let truncate): try change("TRUNCATE", truncate.relationIDs, truncate.xid, message, lsn)
    case .logicalMessage(let logical):
      guard logical.isTransactional else {
        do { _ = try mapper.message(logical, in: message, lsn: lsn) } catch { throw error.failure }
        return
      }
      try beginRow(logical.xid, lsn, isMessage: true)
      do throws(MappingError) {
        try encode(try mapper.message(logical, in: message, lsn: lsn), message, relation: nil, lsn)
      } catch {
        try keepBadRow(error) { BadRow(logical, message, $0) }
      }
      try open.bound()
    case .streamStart(let start):
      guard begun == nil, open.current == nil else {
        throw Failure(.protocol, "Stream Start inside a transaction", lsn: lsn)
      }
      guard open.open(start.xid, anew: start.isFirstSegment) else {
        throw Failure(.protocol, "a further block of transaction \(start.xid), whose first never came", lsn: lsn)
      }
    case .streamStop: open.close()
    case .streamCommit(let commit): try startRelease(commit.xid, commit.commit, lsn)
    case .streamAbort(let abort):
      guard open.abort(abort.xid, abort.subtransaction) else {
        needsWholeTransactions = true
        throw Failure.unclearAbort
      }
    case .beginPrepare(let begin): _ = open.open(begin.xid, anew: true)
    case .prepare(let prepare), .streamPrepare(let prepare):
      guard open.knows(prepare.xid) else {
        throw Failure(.protocol, "Prepare of transaction \(prepare.xid), whose rows never came", lsn: lsn)
      }
      open.close()
      confirm.prepare(prepare.xid, at: prepare.prepareLSN)
      finish(prepare.endLSN)
    case .commitPrepared(let commit): try startRelease(commit.xid, commit.commit, lsn)
    case .rollbackPrepared(let rollback):
      _ = open.remove(rollback.xid)
      confirm.settle(rollback.xid)
      finish(rollback.rollbackEndLSN)
    case .relation(let relation):
      // Described anew: it may have become a part of an outbox meanwhile.
      if !mapper.knows(relation) { meet(relation) }
    case .origin, .type: break
    }
  }

  private mutating func relation(
    _ tuple: Tuple, _ id: ObjectID, _ message: RawSpan, _ lsn: LSN
  ) throws(Failure) -> RelationVersion {
    do { return try decoder.relation(of: tuple, id, in: message) } catch { throw Failure(undecoded: error, at: lsn) }
  }

  private mutating func take(_ insert: Insert, _ message: RawSpan, _ lsn: LSN) throws(Failure) {
    let relation = try self.relation(insert.new, insert.relationID, message, lsn)
    try beginRow(insert.xid, lsn)
    do throws(MappingError) {
      let outcome = try mapper.insert(insert, of: relation, in: decoder.relations, message: message, lsn: lsn)
      try encode(outcome, message, relation: relation, lsn)
    } catch {
      let (shape, whom) = (decoder.relations[relation], mapper.aggregate(of: insert.new, relation, in: message))
      try keepBadRow(error) { BadRow(insert.new, shape, of: whom, message, $0) }
    }
    try open.bound()
  }

  /// Counts a row of an open transaction.
  mutating func beginRow(
    _ xid: TransactionID?, _ lsn: LSN, isMessage: Bool = false
  ) throws(Failure) {
    guard begun == nil else { return }
    guard let current = open.current else { throw Failure(.protocol, "row outside a transaction", lsn: lsn) }
    if isMessage {
      current.spool.beginMessage(xid ?? current.id)
    } else {
      current.spool.beginRow(xid ?? current.id)
    }
  }

  private mutating func encode(
    _ outcome: EventMapper.Outcome, _ message: RawSpan, relation: RelationVersion?, _ lsn: LSN
  ) throws(MappingError) {
    guard outcome != .none else { return }
    do throws(EnvelopeError) {
      if let current = open.current {
        line.removeAll(keepingCapacity: line.capacity <= 4 * Self.batchSize)
        attributes.removeAll(keepingCapacity: true)
        let encoded = try mapper.write(outcome, message, with: encoder, into: &line, &attributes)
        current.spool.append(encoded, line, attributes)
      } else if delivered.map({ mapper.event.position > $0 }) ?? true {
        let encoded = try mapper.write(
          outcome, message, with: encoder, into: &growing.batch.bytes, &growing.batch.attributes)
        growing.batch.events.append(encoded)
        delivered = encoded.position
        eventCount += 1
      } else {
        skippedCount += 1
        if held != nil { recognise(mapper.row(outcome, message), at: mapper.event.position) }
      }
    } catch {
      let error = mapper.located(error, relation: relation, lsn: lsn)
      guard keepsBadRows, error.isRefusal else { throw error }
      try keepRefused(outcome, message, error, relation)
    }
  }
}
