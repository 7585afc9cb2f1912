// SPDX-License-Identifier: Apache-2.0

public import Delivery
import IntegrationEvents
public import Logging
import OutboxMapping
public import PostgresWire

/// Reads frames, turns them into events, delivers them, and confirms what is durable.
public struct Relay: Sendable {
  /// How a stream is to be opened.
  public struct Request: Sendable {
    /// Whether it is opened for the first time, or anew after an end of our own making: whoever has the slot still will let it
    /// go in a moment.
    public let isFirst: Bool
    /// Whether transactions must not come before their commit.
    public let wholeTransactions: Bool
    /// To be asked now and then while something is waited for: whether to give up. Who asks shows that he is still there.
    public let isCancelled: @Sendable () -> Bool
    /// To be called when it shows that another client has the slot, before that is waited for.
    public let onTaken: @Sendable () -> Void
  }

  private let configuration: RelayConfiguration
  private let deadLetters: DeadLetterOffice
  package let control: RunControl
  private let board: StatusBoard
  private let log: RelayLog
  private var backoff = Backoff()
  private var isFirst = true
  private var takesWholeTransactions = false

  /// Makes a relay.
  ///
  /// - Parameters:
  ///   - configuration: what it does with what comes.
  ///   - deadLetters: what becomes of events that cannot be delivered; without it, the first one ends the relay.
  ///   - control: how to stop it from another thread.
  ///   - board: where it puts up its status.
  ///   - log: for developers, at `debug` and `trace`; `RelayConfiguration.tell` hears what operators should.
  public init(
    _ configuration: RelayConfiguration, deadLetters: DeadLetterOffice = DeadLetterOffice(),
    control: RunControl = RunControl(), board: StatusBoard = StatusBoard(), log: Logger
  ) {
    self.configuration = configuration
    self.deadLetters = deadLetters
    self.control = control
    self.board = board
    self.log = RelayLog(logger: log, show: configuration.show, tell: configuration.tell, board: board)
  }

  /// Runs until the end that was asked for, a request to stop, or an error that cannot heal. Blocks its thread, which should
  /// be one of its own, such as the main thread.
  ///
  /// - Parameters:
  ///   - open: opens the stream; called again after a failure that may heal.
  ///   - makeSink: makes the sink, once it is known which stream it is for, and again after the slot was lost to another
  ///     client. The relay closes it.
  public mutating func run<Source: FrameSource & ~Copyable>(
    open: (Request) throws(Failure) -> Source,
    sink makeSink: (StreamIdentity) throws(Failure) -> any Sink
  ) throws(Failure) -> RelayOutcome {
    var events = 0
    var account: Account?
    // What was confirmed with the sinks so far: what another client confirms meanwhile is no record of ours.
    var known = LSN.zero
    do throws(Failure) { try configuration.spool.check() } catch {
      if configuration.spool.isNamed { throw error }
      log.warning("\(error)")
    }
    while true {
      let request = Request(
        isFirst: isFirst, wholeTransactions: takesWholeTransactions, isCancelled: isCancelled,
        onTaken: { [board] in board.standBy() })
      guard let source = try connect({ () throws(Failure) in try open(request) }) else {
        return RelayOutcome(reason: .stopped, events: events, flushed: .zero)
      }
      isFirst = false
      var loop: RelayLoop<Source>
      do throws(Failure) {
        let checkpoint = try openCheckpoint()
        loop = try RelayLoop(
          configuration, checkpoint, source, known: known, makeSink, deadLetters, control, board, log)
      } catch {
        if control.isStopRequested, error.isRetryable {
          return RelayOutcome(reason: .stopped, events: events, flushed: .zero)
        }
        try reconsider(error)
        continue
      }
      log.trace("the stream is open, and the sink", loop.identity)
      do {
        if let outcome = try run(&loop, open) {
          tell(loop, account)
          loop.close()
          return RelayOutcome(reason: outcome.reason, events: events + outcome.events, flushed: outcome.flushed)
        }
        events += loop.outcome(.stopped).events
        account = loop.account.adding(account)
        known = max(known, loop.flushed)
        log.notice(
          loop.account.left > 0
            ? "the connection was lost while events were with the sink; what is not confirmed comes again"
            : "the connection was lost; it goes on over a new one")
      } catch {
        tell(loop, account)
        loop.close()
        throw located(error, loop.identity)
      }
    }
  }

  /// For whoever waits on the relay's behalf.
  private var isCancelled: @Sendable () -> Bool {
    { [board, control] in
      board.touch()
      return control.isStopRequested
    }
  }

  /// A recording's reader needs no account of what is confirmed.
  private func tell<Source: FrameSource & ~Copyable>(_ loop: borrowing RelayLoop<Source>, _ before: Account?) {
    if let words = configuration.payloadHook?.closingWords() { log.warning("\(words)") }
    if loop.hasServer { log.info("\(loop.account.adding(before).words)") }
  }

  /// Runs with one sink; nil when the sink was closed because the slot was lost.
  private mutating func run<Source: FrameSource & ~Copyable>(
    _ loop: inout RelayLoop<Source>, _ open: (Request) throws(Failure) -> Source
  ) throws(Failure) -> RelayOutcome? {
    while true {
      let before = loop.progress
      var isOwnEnd = false
      do {
        return loop.outcome(try loop.run())
      } catch {
        // What may heal inside a sink is tried again there.
        guard error.isRetryable, !loop.hasSinkFailed else { throw error }
        if loop.progress != before { backoff.reset() }
        // That is no failure that may come again, so it counts for no retry.
        if loop.isRenewing { log.info("\(error.what)") }
        isOwnEnd = loop.isRenewing || takeWholeTransactions(after: error, loop.needsWholeTransactions)
        try leave(&loop, after: isOwnEnd ? nil : error)
      }
      let gate = loop.gate
      let next = Request(
        isFirst: isOwnEnd, wholeTransactions: takesWholeTransactions, isCancelled: isCancelled,
        onTaken: { [board] in
          board.standBy()
          gate.close()
        })
      var isOpen = false
      while !isOpen {
        guard let source = try reconnect(&loop, { () throws(Failure) in try open(next) }) else {
          try loop.settle()
          return loop.outcome(.stopped)
        }
        if try loop.isPassed(by: source) { gate.close() }
        guard gate.reconnect() else { return nil }
        do throws(Failure) {
          try loop.reconnect(source)
          isOpen = true
          log.trace("the stream is open again", loop.identity)
        } catch {
          guard error.isRetryable else { throw error }
          try leave(&loop, after: error)
        }
      }
    }
  }

  /// Leaves a connection; after a failure it waits before the next attempt.
  private mutating func leave<Source: FrameSource & ~Copyable>(
    _ loop: inout RelayLoop<Source>, after failure: Failure?
  ) throws(Failure) {
    // Closed before the next attempt: a server that shuts down waits for it.
    loop.disconnect()
    loop.publish(.connecting)
    if configuration.polling == nil {
      loop.gate.disconnect(grace: configuration.disconnectGrace)
    } else {
      // Another may have the same keys now, and what is under way is not known any more.
      loop.gate.close()
    }
    if let failure { try reconsider(failure, &loop) }
  }

  /// PostgreSQL cannot send some transactions while they are in progress, and says so in its own words only.
  private mutating func takeWholeTransactions(after failure: Failure, _ isNeeded: Bool) -> Bool {
    guard configuration.canReopen, !takesWholeTransactions, isNeeded || failure.sqlState == "XX000" else {
      return false
    }
    takesWholeTransactions = true
    log.warning("\(failure.what); transactions are taken whole, after their commit, from now on")
    return true
  }

  /// Adds which stream it was.
  private func located(_ failure: Failure, _ identity: StreamIdentity) -> Failure {
    var failure = failure
    failure.place.slot = failure.place.slot ?? identity.slot
    failure.place.publication = failure.place.publication ?? identity.publication
    return failure
  }

  private func openCheckpoint() throws(Failure) -> Checkpoint? {
    try configuration.checkpoint.map { (path) throws(Failure) in try Checkpoint(path: path) }
  }

  /// Opens the stream, again and again if need be; nil when it was asked to stop meanwhile.
  private mutating func connect<Source: FrameSource & ~Copyable>(
    _ open: () throws(Failure) -> Source
  ) throws(Failure) -> Source? {
    while !control.isStopRequested {
      do { return try open() } catch {
        if control.isStopRequested { break }
        try reconsider(error)
      }
    }
    return nil
  }

  /// The same for a stream that was lost, while the sink may still be at work.
  private mutating func reconnect<Source: FrameSource & ~Copyable>(
    _ loop: inout RelayLoop<Source>, _ open: () throws(Failure) -> Source
  ) throws(Failure) -> Source? {
    while !control.isStopRequested {
      do { return try open() } catch {
        if control.isStopRequested { break }
        var failure = error
        if failure.kind == .slotInUse { failure.kind = .slotHeld }
        if failure.kind == .slotHeld { loop.gate.close() }
        try reconsider(failure, &loop)
      }
    }
    return nil
  }

  /// Says that there will be another attempt and how long to wait for it; throws when another one cannot help.
  private mutating func announce(_ failure: Failure) throws(Failure) -> ContinuousClock.Instant {
    guard failure.isRetryable, configuration.retries else { throw failure }
    let pause = backoff.next()
    board.update { status in
      status.enter(.connecting)
      status.counts.losses[failure.kind, default: 0] += 1
      status.lastFailure = failure.text(configuration.show)
    }
    log.warning("\(failure); trying again in \(pause.formatted)")
    return ContinuousClock.now + pause
  }

  /// Waits before the next attempt.
  private mutating func reconsider(_ failure: Failure) throws(Failure) {
    let deadline = try announce(failure)
    while !control.isStopRequested, case let left = deadline - .now, left > .zero {
      control.wait(for: nil, atMost: left)
      board.touch()
    }
  }

  /// The same while the sink may still be at work.
  private mutating func reconsider<Source: FrameSource & ~Copyable>(
    _ failure: Failure, _ loop: inout RelayLoop<Source>
  ) throws(Failure) {
    let deadline = try announce(failure)
    while !control.isStopRequested, case let left = deadline - .now, left > .zero {
      try loop.idle(atMost: left)
    }
  }
}

extension Duration {
  /// `0.25 s`, for messages.
  var formatted: String {
    let hundredths = components.seconds * 100 + components.attoseconds / 10_000_000_000_000_000
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) s"
  }
}
