// SPDX-License-Identifier: Apache-2.0

import DequeModule
import IntegrationEvents
import Synchronization

/// Which events may go next: of each key one attempt at a time, keys side by side.
struct DeliveryScheduler {
  /// An event that waits, by its batch and its place there.
  struct Item: Sendable {
    let batch: BatchInFlight
    let index: Int
    /// What it is known by where it waits.
    fileprivate(set) var key = 0

    var event: EncodedEvent { batch.batch.events[index] }
    var outgoing: OutgoingEvent { OutgoingEvent(batch.batch, event) }
  }

  /// Events that go in one attempt, in order; their keys are taken until it is finished.
  struct Parcel: Sendable {
    var items: [Item]
    fileprivate(set) var keys: [Int]
  }

  /// A key is known by a hash: two that share one merely wait for each other.
  private var waiting: [Int: Deque<Item>] = [:]
  private var ready: Deque<Int> = []
  private var taken: Set<Int> = []
  private var keyless = 0
  /// What has an order of its own; nil for each key.
  private let lane: Route?
  /// How many events wait for their turn.
  private(set) var count = 0
  /// Of how many keys an event may go now.
  var free: Int { ready.count }

  init(lane: Route? = nil) { self.lane = lane }

  /// Puts an event behind all others of its key. Events without a key wait for nobody.
  mutating func enqueue(_ item: Item) {
    let key = key(of: item)
    count += 1
    var item = item
    item.key = key
    if waiting[key] == nil {
      waiting[key] = [item]
      if !taken.contains(key) { ready.append(key) }
    } else {
      waiting[key]?.append(item)
    }
  }

  private mutating func key(of item: Item) -> Int {
    var hasher = Hasher()
    if let lane {
      var name: [UInt8] = []
      // Those that have no name go one after another too.
      try? lane.append(item.outgoing, to: &name)
      hasher.combine(name)
    } else if item.event.key.isEmpty {
      keyless += 1
      return ~keyless
    } else {
      for byte in item.batch.batch.bytes[item.event.key] { hasher.combine(byte) }
    }
    return hasher.finalize() & Int.max
  }

  /// Takes the next parcel: runs of keys that are free, as far as they fit.
  ///
  /// - Parameters:
  ///   - events: how many there may be.
  ///   - limit: how many bytes they may have together; one is taken whatever it has.
  ///   - isOneOfEach: whether no two may be of one key.
  mutating func take(atMost events: Int, bytes limit: Int, isOneOfEach: Bool = false) -> Parcel? {
    var items: [Item] = []
    var keys: [Int] = []
    var size = 0
    while items.count < events, let key = ready.first, var line = waiting[key] {
      let first = line.first.map { $0.event.line.count } ?? 0
      if !items.isEmpty, size + first > limit { break }
      ready.removeFirst()
      waiting[key] = nil
      while items.count < events, let item = line.first, items.isEmpty || size + item.event.line.count <= limit {
        items.append(item)
        size += item.event.line.count
        line.removeFirst()
        if isOneOfEach { break }
      }
      keys.append(key)
      taken.insert(key)
      if !line.isEmpty { waiting[key] = line }
    }
    count -= items.count
    return items.isEmpty ? nil : Parcel(items: items, keys: keys)
  }

  /// The parcel's keys are free again.
  mutating func finish(_ parcel: Parcel) { release(parcel.keys) }

  /// Of the parcel's keys only these are still needed: the others must not wait for them.
  mutating func finish(_ parcel: inout Parcel, except kept: Set<Int>) {
    release(parcel.keys.filter { !kept.contains($0) })
    parcel.keys.removeAll { !kept.contains($0) }
  }

  private mutating func release(_ keys: [Int]) {
    for key in keys {
      taken.remove(key)
      if waiting[key] != nil { ready.append(key) }
    }
  }
}

/// A batch whose events are delivered one by one.
final class BatchInFlight: Sendable {
  let batch: EventBatch
  /// What the sink knows it by.
  let number: Int
  /// When it was handed over.
  let began = ContinuousClock.now
  private let remaining: Atomic<Int>

  init(_ batch: EventBatch, number: Int) {
    self.batch = batch
    self.number = number
    remaining = Atomic(batch.events.count)
  }

  /// One more event is where it belongs; true when this was the last.
  func finishOne() -> Bool { remaining.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
}

/// How many requests may be under way: as many as the receiver takes without slowing down.
///
/// Doubles each round until the receiver shows strain, then grows by one a round while answers stay fast, shrinks a
/// little when they slow down, and halves, at most once a round, when the receiver fails.
struct ConcurrencyLimit {
  let maximum: Int
  private(set) var current: Int
  private var isStarting = true
  private var answersThisRound = 0
  /// The fastest answers lately, in seconds, which creeps up so that old luck is forgotten.
  private var best = Double.infinity
  private var smoothed = 0.0
  private var lastCut = ContinuousClock.now - .seconds(3600)

  init(maximum: Int) {
    self.maximum = max(1, maximum)
    current = min(8, max(1, maximum))
  }

  mutating func succeeded(in duration: Duration) {
    let (seconds, attoseconds) = duration.components
    let latency = Double(seconds) + Double(attoseconds) * 1e-18
    best = min(best, latency)
    smoothed = smoothed == 0 ? latency : smoothed * 0.9 + latency * 0.1
    answersThisRound += 1
    guard answersThisRound >= current else { return }
    answersThisRound = 0
    best *= 1.01
    let isSlow = smoothed > best * 3 + 0.005
    if isSlow {
      isStarting = false
      current = max(1, current - max(1, current / 10))
    } else {
      current = min(maximum, isStarting ? current * 2 : current + 1)
    }
  }

  mutating func failed(at now: ContinuousClock.Instant = .now) {
    isStarting = false
    guard now - lastCut > .milliseconds(100) else { return }
    lastCut = now
    answersThisRound = 0
    current = max(1, current / 2)
  }
}
