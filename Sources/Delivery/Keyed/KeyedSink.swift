// SPDX-License-Identifier: Apache-2.0

package import IntegrationEvents
public import PostgresWire
import Synchronization

/// Delivers through a publisher: the events of one key one after another, different keys side by side.
public final class KeyedSink<P: Publisher>: Sink, EncodingSink {
  let publisher: P
  let delivery: KeyedDelivery
  let deadLetters: DeadLetterOffice
  let open = OpenBatches()
  let state: Mutex<KeyedState>

  /// Makes a sink. Nothing is sent before there are events.
  public init(_ publisher: P, _ delivery: KeyedDelivery = KeyedDelivery(), deadLetters: DeadLetterOffice) {
    self.publisher = publisher
    self.delivery = delivery
    self.deadLetters = deadLetters
    state = Mutex(KeyedState(limit: ConcurrencyLimit(maximum: delivery.maximumInFlight), lane: delivery.lane))
  }

  /// Has data encoded where it leaves: what is kept of an event stays as it is. Called before there are events.
  package func encode(by encoding: any DataEncoding) { state.withLock { $0.encoding = encoding } }

  /// As far as other keys may run ahead; small batches too, since each starts requests of its own.
  public var window: DeliveryWindow { DeliveryWindow(bytes: delivery.inFlightBytes, batches: .max) }

  /// Lines the events up behind those of the same keys. The batch is done when the receiver has the last of them, or a dead
  /// letter holds it.
  public func submit(_ batch: EventBatch, done: @escaping Done) {
    guard !batch.events.isEmpty else { return done(nil) }
    guard let number = open.open(done) else { return }
    let flight = BatchInFlight(batch, number: number)
    state.withLock { state in
      for index in batch.events.indices { state.scheduler.enqueue(.init(batch: flight, index: index)) }
    }
    pump()
  }

  /// What fails, and what became of it.
  public var health: DeliveryHealth {
    var health = state.withLock(\.record).health(publisher.destination)
    health.complaints = publisher.complaints
    health.doubt = publisher.doubt
    health.obstacle = publisher.obstacle
    return health
  }

  /// Has the publisher read its files again.
  public func reopen() { publisher.renew() }

  /// Asks the publisher.
  public func check() async throws(Failure) { try await publisher.check() }

  /// Starts no further attempt.
  public func close() {
    fail(.closed)
    publisher.close()
  }

  /// Starts whatever may start now.
  func pump() {
    while true {
      switch state.withLock({ $0.nextAction(delivery) }) {
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

  /// Stops everything: no batch will be complete any more.
  func fail(_ error: Failure) {
    state.withLock { $0.hasStopped = true }
    open.fail(error)
    pump()
  }
}

/// A sink that can have data encoded where it leaves.
package protocol EncodingSink: Sink {
  /// Has data encoded. Called before there are events.
  func encode(by encoding: any DataEncoding)
}

/// What a keyed sink knows of its attempts.
struct KeyedState {
  var scheduler: DeliveryScheduler
  var limit: ConcurrencyLimit
  var record = DeliveryRecord()
  /// Attempts under way.
  var running = 0
  /// Parcels that have waited after a failure and want to go on, before any new one.
  var resuming: [CheckedContinuation<Void, Never>] = []
  /// The receiver asked to be left alone until then, or seems to be down.
  var pausedUntil: ContinuousClock.Instant?
  /// Failures of the receiver without a success in between. Attempts that were under way together and fail together, as when
  /// a connection is lost that they shared, count as one.
  var failuresInARow = 0
  var lastFailure: ContinuousClock.Instant?
  /// An attempt that is not full goes at this time.
  var lingerUntil: ContinuousClock.Instant?
  var isTimerSet = false
  var hasStopped = false
  /// How data is encoded; nil where it leaves as it is.
  var encoding: (any DataEncoding)?

  init(limit: ConcurrencyLimit, lane: Route?) {
    self.limit = limit
    scheduler = DeliveryScheduler(lane: lane)
  }

  /// What may start now.
  enum Action {
    case send(DeliveryScheduler.Parcel)
    case resume(CheckedContinuation<Void, Never>)
    case wait(Duration)
    case nothing
  }

  mutating func nextAction(_ delivery: KeyedDelivery) -> Action {
    guard !hasStopped else {
      guard let continuation = resuming.popLast() else { return .nothing }
      return .resume(continuation)
    }
    guard running < limit.current else { return .nothing }
    let now = ContinuousClock.now
    if let until = pausedUntil {
      guard until <= now else { return timer(until - now) }
      pausedUntil = nil
    }
    if !resuming.isEmpty {
      running += 1
      return .resume(resuming.removeFirst())
    }
    if isWorthWaiting(delivery) {
      let until = lingerUntil ?? now + delivery.linger
      lingerUntil = until
      if until > now { return timer(until - now) }
    }
    lingerUntil = nil
    let bytes = delivery.attemptEvents > 1 ? delivery.attemptBytes : .max
    guard
      let parcel = scheduler.take(
        atMost: delivery.attemptEvents, bytes: bytes, isOneOfEach: delivery.isOneOfEachKey)
    else { return .nothing }
    running += 1
    return .send(parcel)
  }

  /// Whether an attempt that went now would be smaller than one that goes a little later.
  private func isWorthWaiting(_ delivery: KeyedDelivery) -> Bool {
    guard scheduler.free > 0 else { return false }
    if scheduler.count < delivery.attemptEvents { return true }
    // Else keys that once went one by one would do so for ever, however much waits behind them.
    return delivery.isOneOfEachKey && running > 0 && scheduler.free < delivery.attemptEvents
  }

  private mutating func timer(_ duration: Duration) -> Action {
    if isTimerSet { return .nothing }
    isTimerSet = true
    return .wait(duration)
  }

  /// A success in so long a time.
  mutating func succeeded(in duration: Duration) {
    limit.succeeded(in: duration)
    failuresInARow = 0
  }

  /// A failure of an attempt that began at a time gives its place away, and may hold all others back: a receiver's wish
  /// holds for all, and so does a pause when nothing at all has succeeded lately. What fails for where its events go says
  /// nothing of others.
  mutating func failed(
    since start: ContinuousClock.Instant, retryAfter: Duration?, isLocal: Bool, _ retry: RetryPolicy
  ) {
    running -= 1
    guard !isLocal else { return }
    limit.failed()
    let isNew = lastFailure.map { start > $0 } ?? true
    if isNew {
      failuresInARow += 1
      lastFailure = .now
    }
    let common =
      retryAfter.map { min($0, retry.longestRetryAfter) }
      ?? (isNew && failuresInARow > 3 ? retry.pause(afterFailures: failuresInARow - 3) : .zero)
    if common > .zero { pausedUntil = max(pausedUntil ?? .now, .now + common) }
  }
}

/// What a keyed sink remembers of its attempts, so that it can be told.
struct DeliveryRecord {
  /// The first event of each parcel that has failed and is tried again, by the parcel's number.
  private var failing: [Int: (first: DeliveryScheduler.Item, since: ContinuousClock.Instant)] = [:]
  private var (failures, since, hint): (Int, ContinuousClock.Instant?, String?) = (0, nil, nil)
  private var total = DeliveryHealth()
  private var parcels = 0
  /// No more reasons, and remarks, than these are told apart.
  private static let most = 20

  /// A parcel begins; gives the number it is known by.
  mutating func begin() -> Int {
    parcels += 1
    return parcels
  }

  /// An attempt has failed and will be made again.
  mutating func fail(_ parcel: Int, _ first: DeliveryScheduler.Item, _ trouble: Attempt.Trouble) {
    if failing.isEmpty { (failures, since) = (0, .now) }
    let known = failing[parcel].flatMap { $0.first.event.position == first.event.position ? $0.since : nil }
    failing[parcel] = (first, known ?? .now)
    failures += 1
    total.failures += 1
    total.lastReason = trouble.reason
    let key = total.reasons[trouble.reason] != nil || total.reasons.count < Self.most ? trouble.reason : "other"
    total.reasons[key, default: 0] += 1
    hint = trouble.hint
  }

  /// The receiver has so many more.
  mutating func deliver(_ count: Int) { total.delivered += count }

  /// All of a parcel has its fate.
  mutating func settle(_ parcel: Int) {
    if !failing.isEmpty { failing[parcel] = nil }
  }

  /// An event has become a dead letter.
  mutating func keep(_ item: DeliveryScheduler.Item, _ reason: String) {
    total.letters.count += 1
    total.letters.position = item.event.position
    total.letters.reason = reason
    total.letters.kinds.add(item.event, of: item.batch.batch)
  }

  /// Keeps what is to be told, each once: the last one may not be the gravest.
  mutating func remark(_ text: String) {
    if total.remarks.count < Self.most, !total.remarks.contains(text) { total.remarks.append(text) }
  }

  /// How things stand.
  func health(_ destination: String) -> DeliveryHealth {
    var health = total
    health.destination = destination
    let all = failing.values
    guard let since, let oldest = all.map(\.first).min(by: { $0.event.position < $1.event.position }) else {
      return health
    }
    health.trouble = DeliveryHealth.Trouble(
      reason: total.lastReason, hint: hint, failures: failures, since: since,
      oldest: .init(
        position: oldest.event.position, time: oldest.outgoing.time, since: oldest.batch.began),
      stuckSince: all.map(\.since).min())
    return health
  }
}

extension OutgoingEvent {
  /// The event's `time`, as it is written; empty for none.
  fileprivate var time: String {
    var time = ""
    forEachAttribute { name, value in if name == "time" { time = String(decoding: value, as: UTF8.self) } }
    return time
  }
}
