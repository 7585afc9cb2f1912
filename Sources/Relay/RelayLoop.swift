import Delivery
import Files
import IntegrationEvents
import Logging
import Outbox
import PostgresWire

/// The loop over one open stream, and what outlives a lost connection: pipeline, progress and deliveries.
struct RelayLoop {
  private var pipeline: Pipeline
  private var progress = Progress()
  private let deliveries: Deliveries
  private let sink: any Sink
  private let deadLetters: DeadLetterOffice
  private let control: RunControl
  private let log: Logger
  private let configuration: RelayConfiguration
  private let seeksEnd: Bool

  private var checkpoint: Checkpoint?
  private let identity: StreamIdentity
  private var failure: SinkError?
  private var lastStatus = ContinuousClock.now
  private var sentFlush = LSN.zero
  /// How far the stream had come when the server was last asked where it is.
  private var askedAt: LSN?
  /// Everything that had arrived was read at the last look.
  private var isDrained = false
  private var shutdown = ShutdownDetector()
  private var hasWarnedOfChanges = false
  private var watch = ServerWatch()
  private var gathering = Gathering()

  init<Source: FrameSource & ~Copyable>(
    _ configuration: RelayConfiguration, _ source: borrowing Source,
    _ makeSink: (StreamIdentity) throws(SinkError) -> any Sink, _ deadLetters: DeadLetterOffice,
    _ control: RunControl, _ log: Logger
  ) throws(RelayError) {
    identity = source.identity
    do { try configuration.checkpoint?.check(identity, flushLSN: source.flushLSN) } catch { throw .stream(error) }
    checkpoint = configuration.checkpoint
    do { sink = try makeSink(identity) } catch { throw .sink(error) }
    var outbox = configuration.outbox
    outbox.database = identity.database
    outbox.systemIdentifier = identity.systemIdentifier
    let end: LSN? =
      switch configuration.end {
      case .lsn(let lsn): lsn
      case .now: source.flushLSN
      case nil: nil
      }
    seeksEnd = end != nil
    pipeline = Pipeline(
      Outbox(outbox), EnvelopeEncoder(envelope: configuration.envelope), until: end, delivered: sink.resumePosition,
      keepsBadRows: deadLetters.store != nil, spool: configuration.spool)
    deliveries = Deliveries(sink, control.wakeup)
    self.configuration = configuration
    self.deadLetters = deadLetters
    self.control = control
    self.log = log
  }

  var eventCount: Int { pipeline.eventCount }
  var needsWholeTransactions: Bool { pipeline.needsWholeTransactions }
  var flushed: LSN { progress.flushed }

  /// The stream has been opened anew.
  mutating func restart() {
    pipeline.restart()
    shutdown = ShutdownDetector()
    sentFlush = .zero
  }

  /// Runs until the stream ends, an end is reached, or a stop is asked for; errors leave nothing unconfirmed that could
  /// be confirmed.
  mutating func run<Source: FrameSource & ~Copyable>(
    _ source: inout Source
  ) throws(RelayError) -> RelayOutcome.Reason {
    try send(&source, asking: seeksEnd)
    while true {
      collect()
      if let failure { return try end(&source, failure) }
      if control.isStopRequested {
        pipeline.dropIncomplete()
        return try finish(&source, .stopped)
      }
      if control.takeReopen() { sink.reopen() }
      var supply: FrameSupply?
      if progress.bytesInFlight < configuration.maximumBytesInFlight {
        do throws(RelayError) {
          supply = try receive(&source)
        } catch {
          // What a damaged recording holds before the damage is whole. A server sends again what is not confirmed.
          if source.heartbeat == nil {
            pipeline.dropIncomplete()
            _ = try finish(&source, .ended)
          }
          throw error
        }
        if let failure = pipeline.failure {
          pipeline.dropIncomplete()
          _ = try finish(&source, .ended)
          throw failure
        }
        if pipeline.hasReachedEnd || supply == .ended { return try finish(&source, .ended) }
        try keepBadRows(&source)
        deliver(after: supply)
        watch.rest()
      } else {
        if watch.isDue(), source.heartbeat != nil, source.isServerLeaving { throw RelayError.serverLeaving }
      }
      advance()
      try sendIfDue(&source)
      if supply != .paused { wait(source, supply) }
    }
  }

  /// Waits a moment for what is with the sink, when there is no stream to confirm it to any more.
  mutating func settle() {
    let deadline = ContinuousClock.now + .seconds(5)
    while !progress.isIdle, failure == nil, case let left = deadline - .now, left > .zero {
      control.wait(for: nil, atMost: left)
      collect()
    }
  }

  private mutating func receive<Source: FrameSource & ~Copyable>(
    _ source: inout Source
  ) throws(RelayError) -> FrameSupply {
    if pipeline.isReleasing {
      pipeline.release()
      return .paused
    }
    let supply: FrameSupply
    do { supply = try source.receive { pipeline.consume($0) } } catch { throw .stream(error) }
    if case .drained = supply { isDrained = true } else { isDrained = false }
    if pipeline.outbox.passedOverChanges > 0, !hasWarnedOfChanges {
      hasWarnedOfChanges = true
      log.warning(
        "rows of an outbox table are being updated, deleted or truncated; only inserts become events (--on-change)")
    }
    return supply
  }

  /// Rows that cannot become events are kept before any later event may become durable, for a sink that resumes behind
  /// that one would not see them again.
  private mutating func keepBadRows<Source: FrameSource & ~Copyable>(_ source: inout Source) throws(RelayError) {
    let letters = pipeline.takeBadRows()
    guard !letters.isEmpty else { return }
    do throws(SinkError) {
      try deadLetters.keep(letters)
    } catch {
      _ = try end(&source, error)
    }
    log.warning("\(letters.count) rows went to the dead letters: \(letters[0].reason)")
  }

  /// Hands over what it is time for. Transactions go whole, unless they fill a batch: a stop in the middle of one would
  /// deliver what could not be confirmed.
  private mutating func deliver(after supply: FrameSupply?) {
    guard gathering.isOver(supply, hasCompleteEvents: pipeline.hasCompleteEvents) else { return }
    if supply == .paused { return handOver() }
    // One is being written and one waits: what comes meanwhile goes together.
    if sink.deliversInTurn, progress.count >= 2 { return }
    start(pipeline.takeCompleteBatch())
  }

  /// Hands over everything.
  private mutating func handOver() {
    guard !pipeline.batch.events.isEmpty else { return }
    start(pipeline.takeBatch())
  }

  private mutating func start(_ batch: EventBatch) {
    let isFirst = progress.isIdle && failure == nil
    let number = progress.start(size: batch.bytes.count, confirms: pipeline.confirmable)
    do throws(SinkError) {
      guard isFirst, try sink.deliverAtOnce(batch) else { return deliveries.start(number, batch) }
      finish(number, batch)
    } catch {
      failure = error
    }
  }

  private mutating func finish(_ number: Int, _ batch: EventBatch) {
    progress.finish(number)
    pipeline.recycle(batch)
  }

  /// Takes the sink's answers.
  private mutating func collect() {
    for answer in deliveries.take() {
      if let error = answer.failure {
        failure = failure ?? error
      } else {
        finish(answer.number, answer.batch)
      }
    }
  }

  private mutating func advance() {
    if pipeline.batch.events.isEmpty { progress.advance(to: pipeline.confirmable) }
  }

  /// The sink has failed: confirms what was durable before.
  private mutating func end<Source: FrameSource & ~Copyable>(
    _ source: inout Source, _ failure: SinkError
  ) throws(RelayError) -> RelayOutcome.Reason {
    // Of two failures the first one counts.
    try? sayGoodbye(&source)
    if failure.kind == .readerGone { return .readerGone }
    throw .sink(failure)
  }

  /// Delivers what there is, confirms it, and ends the stream.
  private mutating func finish<Source: FrameSource & ~Copyable>(
    _ source: inout Source, _ reason: RelayOutcome.Reason
  ) throws(RelayError) -> RelayOutcome.Reason {
    handOver()
    var deadline: ContinuousClock.Instant?
    while !progress.isIdle {
      if let failure { return try end(&source, failure) }
      if control.isStopRequested {
        let limit = deadline ?? .now + configuration.drainTimeout
        deadline = limit
        guard ContinuousClock.now < limit else {
          log.warning("gave up waiting for the sink; what it has not taken is not confirmed and will come again")
          break
        }
      }
      control.wait(for: nil, atMost: min(source.heartbeat ?? .seconds(1), .seconds(1)))
      collect()
      // The server may go meanwhile; delivering is what matters now.
      do { try sendIfDue(&source) } catch .stream { continue }
    }
    if let failure { return try end(&source, failure) }
    advance()
    try sayGoodbye(&source)
    if pipeline.outbox.passedOverChanges > 0 {
      log.warning("passed over \(pipeline.outbox.passedOverChanges) changes of outbox tables that are no inserts")
    }
    return reason
  }

  /// Sends the last confirmation and ends the stream. A server that has gone meanwhile just sends some events again; a
  /// checkpoint that cannot be written is an error.
  private mutating func sayGoodbye<Source: FrameSource & ~Copyable>(_ source: inout Source) throws(RelayError) {
    do throws(RelayError) {
      try send(&source, asking: false)
      do { try source.finish() } catch { throw .stream(error) }
    } catch {
      if case .sink = error { throw error }
      log.notice("the last confirmation may not have arrived, so some events may come again: \(error)")
    }
  }

  private mutating func sendIfDue<Source: FrameSource & ~Copyable>(_ source: inout Source) throws(RelayError) {
    let wanted = pipeline.takeRepliesWanted()
    if wanted > 0, shutdown.isShuttingDown(after: wanted, at: pipeline.received, heartbeat: source.heartbeat) {
      throw RelayError.serverLeaving
    }
    if wanted > 0 || untilStatus(source) <= .zero { try send(&source, asking: seeksEnd) }
  }

  private mutating func send<Source: FrameSource & ~Copyable>(
    _ source: inout Source, asking: Bool
  ) throws(RelayError) {
    let status = StandbyStatus(
      write: max(pipeline.received, progress.flushed), flush: progress.flushed, replyRequested: asking)
    // Our own position first: the server's may go back, ours must not be behind it.
    let (flushed, identity) = (progress.flushed, identity)
    do { try checkpoint?.write(flushed, of: identity) } catch { throw .sink(error) }
    do { try source.send(status) } catch { throw .stream(error) }
    if asking { askedAt = pipeline.received }
    lastStatus = .now
    sentFlush = progress.flushed
  }

  /// How long until a status update is due: sooner when there is something to tell, or to ask.
  private func untilStatus<Source: FrameSource & ~Copyable>(_ source: borrowing Source) -> Duration {
    guard let heartbeat = source.heartbeat else { return .seconds(3600) }
    // The end may lie behind what this slot sees: only the server can tell that it has come there.
    if seeksEnd, isDrained, askedAt != pipeline.received { return lastStatus + .milliseconds(20) - .now }
    let hasNews = progress.flushed > sentFlush || seeksEnd
    return lastStatus + (hasNews ? min(heartbeat, .seconds(1)) : heartbeat) - .now
  }

  private func wait<Source: FrameSource & ~Copyable>(_ source: borrowing Source, _ supply: FrameSupply?) {
    var limit: Duration? = source.heartbeat == nil ? nil : max(.zero, untilStatus(source))
    guard let supply else {
      let pause = watch.untilNext
      return control.wait(for: nil, atMost: limit.map { min($0, pause ?? $0) } ?? pause)
    }
    if case .paced(let pause) = supply { return Wakeup.sleep(pause) }
    if case .drained(until: let instant?) = supply {
      let pause = max(.zero, instant - .now)
      limit = limit.map { min($0, pause) } ?? pause
    }
    control.wait(for: source.descriptor, atMost: limit)
  }
}
