// SPDX-License-Identifier: Apache-2.0

import Files
import OutboxMapping
import PgOutput
import PostgresWire

/// Keeps an eye on which tables are the outbox: at each connect, before the rows of a table that nobody knows, and while the
/// log moves, for what is not published leaves no other trace in the stream. While the log stands still, nothing is asked.
struct TableWatch {
  /// How much time lies between two looks at least, unless rows wait for one.
  static let interval: Duration = .seconds(2)
  /// How long what is found wrong must have been so: a table and its publication are often changed one after the other.
  private static let patience: Duration = .milliseconds(500)

  private(set) var ledger: TableLedger
  /// Nil where nobody can be asked, or no table is an outbox.
  private var lookout: Lookout?
  private let log: RelayLog
  private var isLooking = false
  /// The timeline on which the stream was opened.
  private var timeline: UInt32 = 0
  /// The relation whose rows wait for the answer.
  private var asked: Relation?
  /// How far the stream had come at the last look, and when the next one may be.
  private var seen = LSN.zero
  private var next = ContinuousClock.now
  /// What was found wrong at the last look.
  private var suspicion: Failure?
  /// How many looks in a row had no answer.
  private var failures = 0
  /// How many they may be while rows wait for one.
  private static let mostFailures = 15

  init(_ ledger: TableLedger, _ log: RelayLog) {
    self.ledger = ledger
    self.log = log
  }

  /// Looks at the tables behind a stream that has been opened, and waits for the answer.
  mutating func open<Source: FrameSource & ~Copyable>(
    _ source: borrowing Source, _ wakeup: Wakeup, _ pipeline: inout Pipeline
  ) throws(Failure) {
    (isLooking, asked, suspicion) = (false, nil, nil)
    lookout = ledger.isEmpty && !source.isStandby ? nil : source.catalogue.map { Lookout($0, wakeup) }
    timeline = source.identity.timeline
    guard let lookout else { return pipeline.remember(source.tables) }
    tell(try ledger.take(try lookout.ask(ledger.question())))
    pipeline.know(ledger.names)
    (seen, next) = (source.flushLSN, .now + Self.interval)
  }

  /// Forgets the connection.
  mutating func close() { lookout = nil }

  /// Takes an answer if there is one, and asks if it is time. Throws when the stream cannot go on.
  ///
  /// - Returns: whether other tables than before are known.
  mutating func step(_ pipeline: inout Pipeline) throws(Failure) -> Bool {
    guard let lookout else { return false }
    if isLooking {
      guard let answer = lookout.take() else { return false }
      isLooking = false
      let before = ledger.known
      try take(answer, &pipeline)
      return ledger.known != before
    }
    guard isDue(pipeline) else { return false }
    (isLooking, asked, seen) = (true, pipeline.unknownRelation, pipeline.received)
    lookout.start(ledger.question(about: asked?.id))
    return false
  }

  /// How long until the next look; nil when nothing is to be looked for.
  func untilNext(_ pipeline: borrowing Pipeline) -> Duration? {
    guard lookout != nil, !isLooking, wantsLook(pipeline) else { return nil }
    return max(.zero, next - .now)
  }

  private func wantsLook(_ pipeline: borrowing Pipeline) -> Bool {
    pipeline.received > seen || suspicion != nil || pipeline.unknownRelation != nil
  }

  private func isDue(_ pipeline: borrowing Pipeline) -> Bool {
    guard wantsLook(pipeline) else { return false }
    return next <= .now || (pipeline.unknownRelation != nil && suspicion == nil && failures == 0)
  }

  private mutating func take(_ answer: Result<TableFindings, Failure>, _ pipeline: inout Pipeline) throws(Failure) {
    next = .now + Self.interval
    let findings: TableFindings
    switch answer {
    case .success(let found): findings = found
    case .failure(let failure):
      // The stream itself goes on; when the connection is lost, it will tell.
      if failures == 0 { log.warning("cannot look which tables are the outbox, and tries again: \(failure)") }
      failures += 1
      if asked != nil, !failure.isRetryable || failures == Self.mostFailures { throw failure }
      return
    }
    failures = 0
    if let now = findings.timeline, now != timeline {
      throw Failure(
        .wrongStream, "the standby was promoted: it goes on with timeline \(now), not \(timeline)",
        advice: "what was delivered last may not be in the new timeline; look for it, then go on as after a failover")
    }
    do throws(Failure) {
      tell(try ledger.take(findings))
      if let asked { tell(try ledger.judge(asked, fits: pipeline.fits(asked), findings)) }
    } catch {
      guard suspicion == nil else { throw error }
      suspicion = error
      next = .now + Self.patience
      return
    }
    suspicion = nil
    pipeline.know(ledger.names)
    if asked != nil { pipeline.goOn() }
    asked = nil
  }

  /// What the server knows the configured tables by, in their order.
  var holders: [ObjectID] { ledger.known.outboxes.map(\.holder) }

  private func tell(_ warnings: TableLedger.Warnings) {
    for warning in warnings { log.warning("\(warning)") }
  }
}
