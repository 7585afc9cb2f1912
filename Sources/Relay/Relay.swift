public import Delivery
import IntegrationEvents
public import Logging
import Outbox
public import PostgresWire

/// Reads frames, turns them into events, delivers them, and confirms what is durable.
///
/// `run` blocks its thread, which should be one of its own, such as the main thread.
public struct Relay {
  private let configuration: RelayConfiguration
  private let deadLetters: DeadLetterOffice
  private let control: RunControl
  private let log: Logger
  private var backoff = Backoff()

  /// Makes a relay.
  public init(
    _ configuration: RelayConfiguration, deadLetters: DeadLetterOffice = DeadLetterOffice(), control: RunControl,
    log: Logger
  ) {
    self.configuration = configuration
    self.deadLetters = deadLetters
    self.control = control
    self.log = log
  }

  /// Runs until the end that was asked for, a request to stop, or an error that cannot heal.
  ///
  /// - Parameters:
  ///   - open: opens the stream at a position or a later one; called again after a failure that may heal. It is told
  ///     whether this is the first time, and whether transactions must not come before their commit.
  ///   - makeSink: makes the sink, once it is known which stream it is for.
  public mutating func run<Source: FrameSource & ~Copyable>(
    open: (LSN, _ isFirst: Bool, _ wholeTransactions: Bool) throws(StreamError) -> Source,
    sink makeSink: (StreamIdentity) throws(SinkError) -> any Sink
  ) throws(RelayError) -> RelayOutcome {
    let start = configuration.checkpoint?.resume ?? .zero
    guard var source = try connect({ () throws(StreamError) in try open(start, true, false) }) else {
      return RelayOutcome(reason: .stopped, events: 0, flushed: .zero)
    }
    let identity = source.identity
    var loop = try RelayLoop(configuration, source, makeSink, deadLetters, control, log)
    while true {
      do {
        let reason = try loop.run(&source)
        return RelayOutcome(reason: reason, events: loop.eventCount, flushed: loop.flushed)
      } catch .stream(let failure) {
        // Closed before the next attempt: a server that shuts down waits for it.
        _ = consume source
        try reconsider(failure)
      }
      let (resume, isWhole) = (loop.flushed, loop.needsWholeTransactions)
      guard let next = try connect({ () throws(StreamError) in try open(resume, false, isWhole) }) else {
        loop.settle()
        return RelayOutcome(reason: .stopped, events: loop.eventCount, flushed: loop.flushed)
      }
      source = next
      try check(source.identity, against: identity)
      loop.restart()
    }
  }

  /// Opens the stream, again and again if need be; nil when it was asked to stop meanwhile.
  private mutating func connect<Source: FrameSource & ~Copyable>(
    _ open: () throws(StreamError) -> Source
  ) throws(RelayError) -> Source? {
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
  private mutating func reconsider(_ failure: StreamError) throws(RelayError) {
    guard failure.isRetryable, configuration.retries else { throw .stream(failure) }
    let pause = backoff.next()
    log.warning("\(failure); trying again in \(pause.formatted)")
    let deadline = ContinuousClock.now + pause
    while !control.isStopRequested, case let left = deadline - .now, left > .zero {
      control.wait(for: nil, atMost: left)
    }
  }

  private func check(_ identity: StreamIdentity, against expected: StreamIdentity) throws(RelayError) {
    guard identity != expected else { return }
    let (found, wanted) = (identity, expected)
    throw .stream(
      StreamError(
        .configuration,
        "connected again, but to system \(found.systemIdentifier), timeline \(found.timeline), database "
          + "\(found.database), not system \(wanted.systemIdentifier), timeline \(wanted.timeline), database "
          + wanted.database,
        advice: "positions mean nothing there; check where the connection string leads, then start again"))
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
