public import Delivery
import Synchronization

/// Posts events to a receiver: those of one key one after another, different keys side by side.
public final class HTTPSink: Sink {
  struct State {
    var scheduler = DeliveryScheduler()
    var limit: ConcurrencyLimit
    /// Requests under way.
    var running = 0
    /// Parcels that have waited after a failure and want to go on, before any new one.
    var resuming: [CheckedContinuation<Void, Never>] = []
    /// The receiver asked to be left alone until then, or seems to be down.
    var pausedUntil: ContinuousClock.Instant?
    /// Failures of the receiver without a success in between. Requests that were under way together and fail together,
    /// as when a connection is lost that they shared, count as one.
    var failuresInARow = 0
    var lastFailure: ContinuousClock.Instant?
    /// A batch that is not full goes at this time.
    var lingerUntil: ContinuousClock.Instant?
    var isTimerSet = false
    var failure: SinkError?
    var batches: [ObjectIdentifier: BatchInFlight] = [:]
  }

  let configuration: HTTPSinkConfiguration
  let transport: HTTPTransport
  let deadLetters: DeadLetterOffice
  let state: Mutex<State>

  /// Makes a sink. Nothing is sent before there are events.
  public init(_ configuration: HTTPSinkConfiguration, deadLetters: DeadLetterOffice) throws(SinkError) {
    self.configuration = configuration
    self.deadLetters = deadLetters
    transport = try HTTPTransport(configuration)
    state = Mutex(State(limit: ConcurrencyLimit(maximum: configuration.maximumInFlight)))
  }

  /// Delivers each event of the batch; returns when the receiver has taken the last of them, or a dead letter holds it.
  public func deliver(_ batch: EventBatch) async throws(SinkError) {
    guard !batch.events.isEmpty else { return }
    let result: Result<Void, SinkError> = await withCheckedContinuation { continuation in
      let flight = BatchInFlight(batch, continuation)
      let failure = state.withLock { state in
        if state.failure == nil {
          state.batches[ObjectIdentifier(flight)] = flight
          for index in batch.events.indices { state.scheduler.enqueue(.init(batch: flight, index: index)) }
        }
        return state.failure
      }
      if let failure { flight.fail(failure) } else { pump() }
    }
    try result.get()
  }

  private enum Action {
    case send(DeliveryScheduler.Parcel)
    case resume(CheckedContinuation<Void, Never>)
    case wait(Duration)
    case nothing
  }

  /// Starts whatever may start now.
  func pump() {
    while true {
      switch state.withLock({ Self.nextAction(&$0, configuration) }) {
      case .send(let parcel): Task { await self.run(parcel) }
      case .resume(let continuation): continuation.resume()
      case .wait(let duration):
        Task {
          try? await Task.sleep(for: duration)
          self.state.withLock { $0.isTimerSet = false }
          self.pump()
        }
        return
      case .nothing: return
      }
    }
  }

  private static func nextAction(_ state: inout State, _ configuration: HTTPSinkConfiguration) -> Action {
    guard state.failure == nil else {
      guard let continuation = state.resuming.popLast() else { return .nothing }
      return .resume(continuation)
    }
    guard state.running < state.limit.current else { return .nothing }
    let now = ContinuousClock.now
    if let until = state.pausedUntil {
      guard until <= now else { return timer(&state, until - now) }
      state.pausedUntil = nil
    }
    if !state.resuming.isEmpty {
      state.running += 1
      return .resume(state.resuming.removeFirst())
    }
    let isBatch = configuration.mode == .batch
    if isBatch, state.scheduler.count > 0, state.scheduler.count < configuration.batchSize {
      let until = state.lingerUntil ?? now + configuration.batchLinger
      state.lingerUntil = until
      if until > now { return timer(&state, until - now) }
    }
    state.lingerUntil = nil
    guard
      let parcel = state.scheduler.take(
        atMost: isBatch ? configuration.batchSize : 1, bytes: isBatch ? configuration.batchBytes : .max)
    else { return .nothing }
    state.running += 1
    return .send(parcel)
  }

  private static func timer(_ state: inout State, _ duration: Duration) -> Action {
    if state.isTimerSet { return .nothing }
    state.isTimerSet = true
    return .wait(duration)
  }

  /// Stops everything: no batch will be complete any more.
  func fail(_ error: SinkError) {
    let batches = state.withLock { state in
      state.failure = state.failure ?? error
      defer { state.batches = [:] }
      return state.batches.values.map(\.self)
    }
    for batch in batches { batch.fail(error) }
    pump()
  }
}
