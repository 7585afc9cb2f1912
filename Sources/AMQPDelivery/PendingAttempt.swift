// SPDX-License-Identifier: Apache-2.0

import Connections
import Delivery
import IntegrationEvents

/// The events of an attempt as they go out: written once, by whoever hands them over.
struct WrittenAttempt: Sendable {
  let bytes: [UInt8]
  /// Each event's message; nil for one that must not go.
  let messages: [MessageWriter.Message?]
  let order: AttemptOrder

  /// Letters, for a queue.
  init(_ letters: [DeadLetter], for queue: String, frameLimit: Int) {
    var bytes: [UInt8] = []
    var messages: [MessageWriter.Message?] = Array(repeating: nil, count: letters.count)
    order = AttemptOrder(sideBySide: letters.count) { index throws(UnwritableEvent) in
      messages[index] = try MessageWriter.append(letters[index], for: queue, to: &bytes, frameLimit: frameLimit)
    }
    (self.bytes, self.messages) = (bytes, messages)
  }

  init(_ events: [OutgoingEvent], _ writer: MessageWriter, frameLimit: Int, stopsAtRefusal: Bool) {
    var bytes: [UInt8] = []
    var messages: [MessageWriter.Message?] = Array(repeating: nil, count: events.count)
    bytes.reserveCapacity(events.reduce(0) { $0 + $1.event.line.count * 5 / 4 + 64 })
    order = AttemptOrder(events, stopsAtRefusal: stopsAtRefusal) { index, event throws(UnwritableEvent) in
      messages[index] = try writer.append(event, to: &bytes, frameLimit: frameLimit)
    }
    (self.bytes, self.messages) = (bytes, messages)
  }
}

/// An attempt whose events are not all decided. Belongs to the connection's event loop.
final class PendingAttempt {
  let written: WrittenAttempt
  private var order: AttemptOrder
  private var continuation: CheckedContinuation<[Attempt.Verdict], Never>?

  init(_ written: WrittenAttempt, _ continuation: CheckedContinuation<[Attempt.Verdict], Never>) {
    (self.written, order, self.continuation) = (written, written.order, continuation)
    finishIfDecided()
  }

  /// Decides about an event; gives the one that may go now.
  func settle(_ index: Int, _ verdict: Attempt.Verdict) -> Int? {
    let next = order.settle(index, verdict)
    finishIfDecided()
    return next
  }

  private func finishIfDecided() {
    guard let verdicts = order.verdicts, let continuation else { return }
    self.continuation = nil
    continuation.resume(returning: verdicts)
  }
}

/// An event on its way, by its attempt. Belongs to the connection's event loop.
struct PublishedEvent {
  let attempt: PendingAttempt
  let index: Int
  /// When it was sent.
  var since = ContinuousClock.now
  /// Whether it came back: no queue takes it.
  var isReturned = false
}
