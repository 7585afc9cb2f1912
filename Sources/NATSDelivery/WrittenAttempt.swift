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

  /// Letters, for a subject.
  init(_ letters: [DeadLetter], for subject: String) {
    var bytes: [UInt8] = []
    messages = letters.map { MessageWriter.append($0, for: subject, to: &bytes) }
    self.bytes = bytes
    order = AttemptOrder(sideBySide: letters.count) { _ in }
  }

  init(_ events: [OutgoingEvent], _ writer: MessageWriter, stopsAtRefusal: Bool) {
    var bytes: [UInt8] = []
    var messages: [MessageWriter.Message?] = Array(repeating: nil, count: events.count)
    bytes.reserveCapacity(events.reduce(0) { $0 + $1.event.line.count * 5 / 4 + 256 })
    order = AttemptOrder(events, stopsAtRefusal: stopsAtRefusal) { index, event throws(UnwritableEvent) in
      messages[index] = try writer.append(event, to: &bytes)
    }
    (self.bytes, self.messages) = (bytes, messages)
  }
}

/// What became of an attempt.
struct AttemptOutcome: Sendable {
  let verdicts: [Attempt.Verdict]
  /// What a stream had already, for whoever operates it.
  let remark: String?
}

/// An attempt whose events are not all decided. Belongs to the connection's event loop.
final class PendingAttempt {
  let written: WrittenAttempt
  /// What a stream had already, for whoever operates it.
  private var remark: String?
  private var isGrave = false
  private var order: AttemptOrder
  private var continuation: CheckedContinuation<AttemptOutcome, Never>?

  init(_ written: WrittenAttempt, _ continuation: CheckedContinuation<AttemptOutcome, Never>) {
    (self.written, order, self.continuation) = (written, written.order, continuation)
    finishIfDecided()
  }

  /// Has something told of the attempt. Of several the last, but nothing in the place of what may be a loss.
  func note(_ remark: String, isGrave: Bool) {
    guard isGrave || !self.isGrave else { return }
    (self.remark, self.isGrave) = (remark, isGrave)
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
    continuation.resume(returning: AttemptOutcome(verdicts: verdicts, remark: remark))
  }
}
