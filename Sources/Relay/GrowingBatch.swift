// SPDX-License-Identifier: Apache-2.0

package import Delivery
import IntegrationEvents

/// The events that have not been handed over yet, and how many of them belong to transactions that are complete.
struct GrowingBatch {
  /// Batches below this are copied when they are handed over: many may be under way, and each would hold the memory of a
  /// large one.
  private static let small = Pipeline.batchSize / 8
  /// A batch that a large row has made larger than this is not used again: it would hold its memory for ever.
  private static let large = 4 * Pipeline.batchSize

  var batch = EventBatch()
  private(set) var completeEvents = 0
  /// Large batches that have come back, to be used again.
  private var spares: [EventBatch] = []

  /// Whether some events belong to a transaction that is not complete.
  var hasIncomplete: Bool { completeEvents < batch.events.count }

  /// No transaction is open: all events so far are complete.
  mutating func markComplete() { completeEvents = batch.events.count }

  /// Hands over all events and goes on with an empty batch.
  mutating func take() -> EventBatch {
    completeEvents = 0
    guard batch.bytes.count >= Self.small else {
      defer { if batch.bytes.capacity > Self.large { batch = spare() } else { batch.clear() } }
      return EventBatch(copying: batch)
    }
    defer { batch = spare() }
    return batch
  }

  /// Hands over the events of transactions that are complete; the others stay. Most often there are no others.
  mutating func takeComplete() -> EventBatch {
    guard completeEvents < batch.events.count else { return take() }
    var next = spare()
    next.append(batch, from: completeEvents)
    dropIncomplete()
    completeEvents = 0
    defer { batch = next }
    return batch
  }

  /// Takes a batch back that has been delivered.
  mutating func recycle(_ delivered: EventBatch) {
    guard delivered.bytes.capacity <= Self.large else { return }
    if delivered.bytes.count >= Self.small, spares.count < 4 { spares.append(delivered) }
  }

  private mutating func spare() -> EventBatch {
    var spare = spares.popLast() ?? EventBatch()
    spare.clear()
    // At once, since growing step by step would end with twice as much.
    spare.bytes.reserveCapacity(Pipeline.batchSize + Pipeline.batchSize / 8)
    return spare
  }

  /// Drops the events of a transaction that is not complete.
  mutating func dropIncomplete() {
    batch.drop(from: completeEvents)
  }

  /// Appends an event that was spooled, as it is now that its commit tells position and time.
  mutating func append(
    _ event: EncodedEvent, _ attributes: [EncodedAttribute], from bytes: [UInt8], committedAt position: EventPosition,
    _ time: EventTime
  ) {
    var committed =
      unsafe event.append(from: bytes.span.bytes, committedAt: position, time, to: &batch.bytes)
    let first = batch.attributes.count
    batch.attributes.append(contentsOf: attributes)
    committed.attributes = first..<batch.attributes.count
    batch.events.append(committed)
  }
}

extension EventBatch {
  /// The same in memory of its own size.
  fileprivate init(copying batch: EventBatch) {
    self.init()
    bytes.append(contentsOf: batch.bytes)
    events.append(contentsOf: batch.events)
    attributes.append(contentsOf: batch.attributes)
  }
}

/// Handing over what has grown.
extension Pipeline {
  /// Hands over the events so far and goes on with an empty batch.
  package mutating func takeBatch() -> EventBatch { growing.take() }

  /// Hands over the events of transactions that are complete; the others stay.
  mutating func takeCompleteBatch() -> EventBatch { growing.takeComplete() }

  /// Takes a batch back, for its memory.
  package mutating func recycle(_ batch: EventBatch) { growing.recycle(batch) }

  /// Drops the events of a transaction that is not complete: they will come again.
  mutating func dropIncomplete() {
    if begun != nil || releasing != nil || hasOrphans { growing.dropIncomplete() }
  }
}
