import DequeModule
import IntegrationEvents
import Synchronization

/// Which events may go next: of each key one attempt at a time, keys side by side.
struct DeliveryScheduler {
  /// An event that waits, by its batch and its place there.
  struct Item: Sendable {
    let batch: BatchInFlight
    let index: Int

    var event: EncodedEvent { batch.batch.events[index] }
    var outgoing: OutgoingEvent { OutgoingEvent(batch.batch, event) }
  }

  /// Events that go in one attempt, in order; their keys are taken until it is finished.
  struct Parcel: Sendable {
    var items: [Item]
    let keys: [Int]
  }

  /// A key is known by a hash: two that share one merely wait for each other.
  private var waiting: [Int: Deque<Item>] = [:]
  private var ready: Deque<Int> = []
  private var taken: Set<Int> = []
  private var keyless = 0
  /// How many events wait for their turn.
  private(set) var count = 0

  /// Puts an event behind all others of its key. Events without a key wait for nobody.
  mutating func enqueue(_ item: Item) {
    let event = item.event
    let key: Int
    if event.key.isEmpty {
      keyless += 1
      key = ~keyless
    } else {
      var hasher = Hasher()
      for byte in item.batch.batch.bytes[event.key] { hasher.combine(byte) }
      key = hasher.finalize() & Int.max
    }
    count += 1
    if waiting[key] == nil {
      waiting[key] = [item]
      if !taken.contains(key) { ready.append(key) }
    } else {
      waiting[key]?.append(item)
    }
  }

  /// Takes the next parcel: whole runs of keys that are free, as far as they fit.
  mutating func take(atMost events: Int, bytes limit: Int) -> Parcel? {
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
      }
      keys.append(key)
      taken.insert(key)
      if !line.isEmpty { waiting[key] = line }
    }
    count -= items.count
    return items.isEmpty ? nil : Parcel(items: items, keys: keys)
  }

  /// The parcel's keys are free again.
  mutating func finish(_ parcel: Parcel) {
    for key in parcel.keys {
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
