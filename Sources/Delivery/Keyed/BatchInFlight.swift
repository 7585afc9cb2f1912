import Synchronization

/// A batch whose events are delivered one by one.
final class BatchInFlight: Sendable {
  let batch: EventBatch
  /// What the sink knows it by.
  let number: Int
  private let remaining: Atomic<Int>

  init(_ batch: EventBatch, number: Int) {
    self.batch = batch
    self.number = number
    remaining = Atomic(batch.events.count)
  }

  /// One more event is where it belongs; true when this was the last.
  func finishOne() -> Bool { remaining.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
}
