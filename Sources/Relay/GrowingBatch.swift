import IntegrationEvents
import Sinks

/// The events that have not been handed over yet, and how many of them belong to transactions that are complete.
struct GrowingBatch {
  var batch = EventBatch()
  private(set) var completeEvents = 0

  /// No transaction is open: all events so far are complete.
  mutating func markComplete() { completeEvents = batch.events.count }

  /// Hands over all events and goes on with an empty batch.
  mutating func take(replacement: EventBatch) -> EventBatch {
    defer {
      batch = replacement
      batch.clear()
      // At once, since growing step by step would end with twice as much.
      batch.bytes.reserveCapacity(Pipeline.batchSize + Pipeline.batchSize / 8)
      completeEvents = 0
    }
    return batch
  }

  /// Hands over the events of transactions that are complete; the others stay. Most often there are no others.
  mutating func takeComplete(replacement: EventBatch) -> EventBatch {
    guard completeEvents < batch.events.count else { return take(replacement: replacement) }
    let start = batch.events[completeEvents].line.lowerBound
    var next = replacement
    next.clear()
    next.bytes.append(contentsOf: batch.bytes[start...])
    next.events.append(contentsOf: batch.events[completeEvents...].map { $0.moved(by: -start) })
    dropIncomplete()
    defer {
      batch = next
      completeEvents = 0
    }
    return batch
  }

  /// Drops the events of a transaction that is not complete.
  mutating func dropIncomplete() {
    guard completeEvents < batch.events.count else { return }
    batch.bytes.removeSubrange(batch.events[completeEvents].line.lowerBound...)
    batch.events.removeSubrange(completeEvents...)
  }
}
