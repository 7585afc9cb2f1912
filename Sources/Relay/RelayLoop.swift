// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import OutboxMapping
import PostgresWire

/// The order in which a relay does things: read, hand over, confirm, wait. What outlives a lost connection is kept here.
struct RelayLoop<Source: FrameSource & ~Copyable>: ~Copyable {
  var session: StreamSession<Source>
  var pipeline: Pipeline
  var outbound: Outbound
  var ledger: PositionLedger
  var desk: LetterDesk
  var tables: TableWatch
  let control: RunControl
  let board: StatusBoard
  let log: RelayLog
  /// What is to be said once reading can begin; nil when it has been.
  var greeting: String?
  /// Whether the stream can be opened anew, and is to be.
  let canReopen: Bool
  var isRenewing = false
  private let drainTimeout: Duration
  private let disconnectGrace: Duration
  /// Whether it was the sink or the letters that failed, not the stream.
  private(set) var hasSinkFailed = false
  /// Whether a server is told how far we are, or a recording is read.
  let hasServer: Bool
  /// Whether rows that cannot be cleaned up are tried again until they can.
  private let retriesCleanUp: Bool
  private var warned = PassedOver()
  private(set) var watch: DeliveryWatch
  var keeping: StatusKeeping

  init(
    _ configuration: RelayConfiguration, _ checkpoint: Checkpoint?, _ source: consuming Source, known: LSN,
    _ makeSink: (StreamIdentity) throws(Failure) -> any Sink, _ deadLetters: DeadLetterOffice,
    _ control: RunControl, _ board: StatusBoard, _ log: RelayLog
  ) throws(Failure) {
    let sink = try makeSink(source.identity)
    var ledger: PositionLedger
    do throws(Failure) {
      ledger = try PositionLedger(
        source, sink, checkpoint, known: known, acceptsGap: configuration.acceptsGap,
        takesTurns: configuration.takesTurns)
      try ledger.requireInitialRows(source, configuration)
    } catch {
      sink.close()
      throw error
    }
    ledger.warning.map { log.warning("\($0)") }
    let start = ledger.start(source)
    let end: LSN? =
      switch configuration.end {
      case .lsn(let lsn): lsn
      case .now: source.flushLSN
      case nil: nil
      }
    var mapping = configuration.mapping
    mapping.database = ledger.identity.database
    mapping.systemIdentifier = ledger.identity.systemIdentifier
    mapping.timelines = source.timelineHistory
    mapping.checksJSON = !source.isChecked
    mapping.encoding = source.encoding ?? "UTF8"
    let encoder = EnvelopeEncoder(envelope: configuration.envelope, payloadHook: configuration.payloadHook)
    var pipeline = Pipeline(
      EventMapper(mapping), encoder, until: end, delivered: ledger.delivered, confirmed: start,
      keepsBadRows: deadLetters.store != nil, awaitsCleanUp: configuration.cleaner != nil, spool: configuration.spool)
    pipeline.expected = ledger.expected(source)
    pipeline.earlierPublication = ledger.earlierPublication
    pipeline.show = configuration.show
    pipeline.initialRows = configuration.initialRows
    pipeline.initialRows?.begin(ledger.initialRows)
    pipeline.poll(configuration.polling, after: max(known, ledger.newest), known: ledger.polledRows)
    if board.isDetailed { pipeline.tally = Tally() }
    let outboxes = TableLedger(
      mapping.tables, mapping.publishingNeeds, known: ledger.tables, acceptsGap: configuration.acceptsGap)
    var tables = TableWatch(outboxes, log)
    do throws(Failure) {
      try tables.open(source, control.wakeup, &pipeline)
      try ledger.keep(tables.ledger.known)
      try configuration.cleaner?.check(tables.holders)
    } catch {
      sink.close()
      throw error
    }
    outbound = Outbound(sink, control.wakeup)
    if let cleaner = configuration.cleaner {
      pipeline.cleanUp(with: cleaner, held: sink.resumePosition, logEnd: source.flushLSN)
      // Initial rows stand right before the slot's beginning.
      let first = start.lsn.rawValue - min(start.lsn.rawValue, configuration.initialRows == nil ? 0 : 1)
      deadLetters.rememberLetters(from: EventPosition(commitLSN: first, ordinal: 0))
      outbound.cleanUp = CleanUpDesk(cleaner, deadLetters, control.wakeup, tables.holders, pipeline.polling)
    }
    self.pipeline = pipeline
    self.tables = tables
    keeping = StatusKeeping(before: board.current.counts)
    session = StreamSession(source, seeksEnd: end != nil)
    hasServer = session.isLive
    retriesCleanUp = configuration.polling == nil || configuration.retries
    (drainTimeout, canReopen) = (configuration.drainTimeout, configuration.canReopen)
    disconnectGrace = configuration.disconnectGrace
    self.ledger = ledger
    desk = LetterDesk(deadLetters, control.wakeup)
    desk.refresh()
    self.control = control
    self.board = board
    self.log = log
    watch = DeliveryWatch(log)
    greeting =
      hasServer && end == nil ? "ready: waits for what is committed to \(configuration.mapping.outboxNames)" : nil
  }

  var identity: StreamIdentity { ledger.identity }
  var needsWholeTransactions: Bool { pipeline.needsWholeTransactions }
  var flushed: LSN { pipeline.confirm.flushed }
  var told: LSN { session.told }

  func outcome(_ reason: RelayOutcome.Reason) -> RelayOutcome {
    RelayOutcome(reason: reason, events: pipeline.eventCount, flushed: flushed)
  }

  /// What closes the sink while there is no stream.
  var gate: SinkGate { outbound.gate }

  /// How far everything has come: whether it is further than before tells progress.
  var progress: Int { Int(truncatingIfNeeded: flushed.rawValue) &+ pipeline.eventCount }

  /// Runs until the stream ends, an end is reached, or a stop is asked for; errors leave nothing unconfirmed that could
  /// be confirmed.
  mutating func run() throws(Failure) -> RelayOutcome.Reason {
    try send(asking: session.seeksEnd)
    while true {
      outbound.collect(&pipeline)
      if let failure = outbound.failure ?? desk.takeFailure(log) { return try end(failure) }
      if !retriesCleanUp, let failure = outbound.cleanUp?.stuck { return try end(failure) }
      tellDesk()
      if control.isStopRequested {
        pipeline.dropIncomplete()
        return try finish(.stopped)
      }
      if control.takeReopen() { outbound.reopen() }
      try watchTables()
      let supply = try step()
      if pipeline.hasReachedEnd || supply == .ended { return try finish(.ended) }
      advance()
      let hasNews = try tellSource()
      try report()
      try renew()
      tell()
      publishNow(afterReading: supply)
      // A failure that came while something was handed over has woken nobody.
      if supply != .paused, !hasNews, outbound.failure == nil {
        let busy: Duration? = pipeline.confirm.isSettled && !desk.isBusy ? nil : .seconds(1)
        let longest = [tables.untilNext(pipeline), busy].compactMap { $0 }.min()
        session.wait(pipeline, after: supply, control, atMost: longest)
      }
    }
  }

  /// Reads and hands over; nil when there is no room for what would be read.
  private mutating func step() throws(Failure) -> FrameSupply? {
    let mayRead = mayRead
    notePause(!mayRead)
    guard mayRead else {
      outbound.handOver(&pipeline, after: pipeline.unknownRelation == nil ? .paused : .drained(until: nil))
      if self.mayRead { return .paused }
      try session.letGo()
      return nil
    }
    let supply: FrameSupply
    pipeline.tally?.arrive()
    do throws(Failure) {
      supply = try session.receive(&pipeline)
    } catch {
      // A server sends again what is not confirmed, where it still can.
      if session.isLive, error.isRetryable { throw error }
      throw try afterDelivering(error)
    }
    if let failure = pipeline.failure { throw try afterDelivering(failure) }
    for warning in warned.warnings(PassedOver(pipeline.mapper)) { log.warning("\(warning)") }
    for table in pipeline.strangers.take() { log.warning(PassedOver.words(stranger: table)) }
    desk.keep(pipeline.takeBadRows())
    outbound.passOnRecognised(&pipeline)
    if !pipeline.hasReachedEnd, supply != .ended { outbound.handOver(&pipeline, after: supply) }
    return supply
  }

  /// Whether there is room for what would be read, nothing that has to be durable before it, and nothing to be known first.
  private var mayRead: Bool {
    pipeline.unknownRelation == nil && !desk.isBusy && !pipeline.isBatchFull && outbound.hasRoom(pipeline.confirm)
      && outbound.cleanUp?.hasRoom ?? true && !pipeline.isHeld
  }

  /// Delivers what lies before a failure, which is given back; before a server's while the sink takes anything.
  private mutating func afterDelivering(_ failure: Failure) throws(Failure) -> Failure {
    pipeline.dropIncomplete()
    if !pipeline.confirm.isSettled || !pipeline.batch.events.isEmpty {
      log.warning("\(failure.what); this ends the stream once what lies before is delivered")
    }
    do throws(Failure) { _ = try finish(.ended, isBounded: session.isLive) } catch {
      guard error.kind == .drainGivenUp else { throw error }
      log.warning("\(error)")
      return failure.afterUndelivered
    }
    return failure
  }

  /// Looks which tables are the outbox, when it is time.
  private mutating func watchTables() throws(Failure) {
    let hasChanged: Bool
    do throws(Failure) { hasChanged = try tables.step(&pipeline) } catch { throw try afterDelivering(error) }
    guard hasChanged else { return }
    try ledger.keep(tables.ledger.known)
    outbound.cleanUp?.tables = tables.holders
  }

  /// Tells the server how far we are, when it is time.
  private mutating func report() throws(Failure) {
    if try session.isStatusDue(&pipeline) { try send(asking: session.seeksEnd) }
  }

  private mutating func send(asking: Bool) throws(Failure) {
    try record(pipeline.confirm.flushed)
    try session.send(pipeline, asking: asking)
  }

  private mutating func advance() {
    if pipeline.batch.events.isEmpty { pipeline.confirm.advance() }
  }

  /// The sink has failed: confirms what was durable before.
  private mutating func end(_ failure: Failure) throws(Failure) -> RelayOutcome.Reason {
    hasSinkFailed = true
    // Of two failures the first one counts.
    try? sayGoodbye()
    if failure.kind == .readerGone { return .readerGone }
    throw failure
  }

  /// Delivers what there is, confirms it, and ends the stream.
  private mutating func finish(
    _ reason: RelayOutcome.Reason, isBounded: Bool = false
  ) throws(Failure) -> RelayOutcome.Reason {
    var drain = Drain(drainTimeout)
    var (isLost, delivered) = (false, outbound.deliveredEvents)
    outbound.handOverAll(&pipeline)
    while !pipeline.confirm.isSettled || !pipeline.batch.events.isEmpty {
      if let failure = outbound.failure { return try end(failure) }
      if pipeline.confirm.isIdle, pipeline.batch.events.isEmpty, outbound.cleanUp?.lasting != nil { break }
      if isBounded || control.isStopRequested, drain.isOver { break }
      tell()
      publish(.draining, isDetailed: control.takeStatusRequest())
      control.wait(for: nil, atMost: session.longestWait)
      outbound.collect(&pipeline)
      outbound.handOverAll(&pipeline)
      if !control.isStopRequested, delivered != outbound.deliveredEvents { drain = Drain(drainTimeout) }
      delivered = outbound.deliveredEvents
      // The server may go meanwhile; delivering is what matters now.
      do { try report() } catch {
        guard error.kind != .checkpointWrite else { throw error }
        if !isLost { gate.disconnect(grace: disconnectGrace) }
        isLost = true
      }
    }
    if let failure = outbound.failure { return try end(failure) }
    tell()
    let isDone = pipeline.confirm.isSettled && pipeline.batch.events.isEmpty
    advance()
    try sayGoodbye()
    if let summary = PassedOver(pipeline.mapper).summary { log.warning("\(summary)") }
    if !session.isLive, let words = PassedOver.words(skipped: pipeline.skippedCount) { log.warning("\(words)") }
    if !session.isLive { for table in pipeline.absentTables { log.warning(PassedOver.words(absent: table)) } }
    guard isDone else { throw outbound.cleanUp?.givenUp ?? .drainGivenUp(after: drainTimeout, hasServer: hasServer) }
    return reason
  }

  /// A server that has gone meanwhile just sends some events again; a checkpoint that cannot be written is an error.
  private mutating func sayGoodbye() throws(Failure) {
    do throws(Failure) {
      try send(asking: false)
      try session.finish()
    } catch {
      guard error.kind != .checkpointWrite else { throw error }
      log.notice("the last confirmation may not have arrived, so some events may come again: \(error)")
    }
  }

  /// Tells of deliveries that fail.
  mutating func tell() {
    outbound.cleanUp?.tell(log)
    let (received, flushed) = (pipeline.received.rawValue, pipeline.confirm.flushed.rawValue)
    watch.look(
      at: outbound.gate.sink,
      unconfirmed: hasServer && pipeline.polling == nil ? received - min(received, flushed) : nil,
      isFull: !outbound.hasRoom(pipeline.confirm), isBusy: !pipeline.confirm.isIdle,
      delivered: outbound.deliveredEvents)
  }
}
