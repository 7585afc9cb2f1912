public import Delivery
import IntegrationEvents
public import Logging
import OutboxMapping
public import PostgresWire

/// Reads frames, turns them into events, delivers them, and confirms what is durable.
public struct Relay: Sendable {
  /// How a stream is to be opened.
  public struct Request: Hashable, Sendable {
    /// The position to start at, or a later one.
    public let position: LSN
    /// Whether it is opened for the first time.
    public let isFirst: Bool
    /// Whether transactions must not come before their commit.
    public let wholeTransactions: Bool
  }

  private let configuration: RelayConfiguration
  private let deadLetters: DeadLetterOffice
  let control: RunControl
  private let board: StatusBoard
  private let log: Logger
  private var backoff = Backoff()

  /// Makes a relay.
  ///
  /// - Parameters:
  ///   - deadLetters: what becomes of events that cannot be delivered; without it, the first one ends the relay.
  ///   - control: how to stop it from another thread.
  ///   - board: where it puts up its status.
  public init(
    _ configuration: RelayConfiguration, deadLetters: DeadLetterOffice = DeadLetterOffice(),
    control: RunControl = RunControl(), board: StatusBoard = StatusBoard(), log: Logger
  ) {
    self.configuration = configuration
    self.deadLetters = deadLetters
    self.control = control
    self.board = board
    self.log = log
  }

  /// Runs until the end that was asked for, a request to stop, or an error that cannot heal. Blocks its thread, which should
  /// be one of its own, such as the main thread.
  ///
  /// - Parameters:
  ///   - open: opens the stream; called again after a failure that may heal.
  ///   - makeSink: makes the sink, once it is known which stream it is for. The relay closes it.
  public mutating func run<Source: FrameSource & ~Copyable>(
    open: (Request) throws(Failure) -> Source,
    sink makeSink: (StreamIdentity) throws(Failure) -> any Sink
  ) throws(Failure) -> RelayOutcome {
    let checkpoint = try openCheckpoint()
    let first = Request(position: checkpoint?.resume ?? .zero, isFirst: true, wholeTransactions: false)
    guard let source = try connect({ () throws(Failure) in try open(first) }) else {
      return RelayOutcome(reason: .stopped, events: 0, flushed: .zero)
    }
    var loop = try RelayLoop(configuration, checkpoint, source, makeSink, deadLetters, control, board, log)
    do {
      let outcome = try run(&loop, open)
      loop.close()
      return outcome
    } catch {
      loop.close()
      throw error
    }
  }

  private mutating func run<Source: FrameSource & ~Copyable>(
    _ loop: inout RelayLoop<Source>, _ open: (Request) throws(Failure) -> Source
  ) throws(Failure) -> RelayOutcome {
    while true {
      do {
        return loop.outcome(try loop.run())
      } catch {
        guard error.isRetryable else { throw located(error, loop.identity) }
        // Closed before the next attempt: a server that shuts down waits for it.
        loop.disconnect()
        loop.publish(.connecting)
        try reconsider(error)
      }
      let next = Request(position: loop.flushed, isFirst: false, wholeTransactions: loop.needsWholeTransactions)
      guard let source = try connect({ () throws(Failure) in try open(next) }) else {
        loop.settle()
        return loop.outcome(.stopped)
      }
      try loop.reconnect(source)
    }
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
      do {
        let source = try open()
        backoff.reset()
        return source
      } catch {
        if control.isStopRequested { break }
        try reconsider(error)
      }
    }
    return nil
  }

  /// Waits before the next attempt, or throws when another one cannot help.
  private mutating func reconsider(_ failure: Failure) throws(Failure) {
    guard failure.isRetryable, configuration.retries else { throw failure }
    let pause = backoff.next()
    board.update { status in
      status.retries += 1
      status.lastFailure = "\(failure)"
    }
    log.warning("\(failure); trying again in \(pause.formatted)")
    let deadline = ContinuousClock.now + pause
    while !control.isStopRequested, case let left = deadline - .now, left > .zero {
      control.wait(for: nil, atMost: left)
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
