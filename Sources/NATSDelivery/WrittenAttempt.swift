// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents

/// The events of an attempt as they go out: written once, by whoever hands them over.
struct WrittenAttempt: Sendable {
  private(set) var bytes: [UInt8] = []
  /// Each event's message; nil for one that cannot be written.
  private(set) var messages: [MessageWriter.Message?] = []
  /// The next event of the same key; 0 for none.
  private(set) var next: [Int32] = []
  /// Those that wait for none before them.
  private(set) var heads: [Int] = []
  /// What is decided before anything is sent.
  private(set) var verdicts: [Attempt.Verdict?]

  /// Letters, for a subject: side by side.
  init(_ letters: [DeadLetter], for subject: String) {
    verdicts = Array(repeating: nil, count: letters.count)
    next = Array(repeating: 0, count: letters.count)
    messages = letters.map { MessageWriter.append($0, for: subject, to: &bytes) }
    heads = Array(letters.indices)
  }

  init(_ events: [OutgoingEvent], _ writer: MessageWriter, stopsAtRefusal: Bool) {
    verdicts = Array(repeating: nil, count: events.count)
    next = Array(repeating: 0, count: events.count)
    messages.reserveCapacity(events.count)
    bytes.reserveCapacity(events.reduce(0) { $0 + $1.event.line.count * 5 / 4 + 256 })
    /// The last event of each key so far; nil behind one that must not be overtaken.
    var last: [ArraySlice<UInt8>: Int?] = [:]
    for (index, event) in events.enumerated() {
      let key = event.batch.bytes[event.event.key]
      let before = key.isEmpty ? nil : last[key]
      if let before, before == nil {
        messages.append(nil)
        verdicts[index] = NATSTrouble.waits.verdict
        continue
      }
      do throws(UnwritableEvent) {
        messages.append(try writer.append(event, to: &bytes))
      } catch {
        messages.append(nil)
        verdicts[index] = .refused(.init(error.reason))
        if stopsAtRefusal, !key.isEmpty { last[key] = .some(nil) }
        continue
      }
      if let before = before ?? nil { next[before] = Int32(truncatingIfNeeded: index) } else { heads.append(index) }
      if !key.isEmpty { last[key] = index }
    }
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
  var remark: String?
  private var verdicts: [Attempt.Verdict?]
  private var left: Int
  private let stopsAtRefusal: Bool
  private let continuation: CheckedContinuation<AttemptOutcome, Never>

  init(_ written: WrittenAttempt, stopsAtRefusal: Bool, _ continuation: CheckedContinuation<AttemptOutcome, Never>) {
    self.written = written
    self.stopsAtRefusal = stopsAtRefusal
    self.continuation = continuation
    verdicts = written.verdicts
    left = written.verdicts.count { $0 == nil }
    if left == 0 { finish() }
  }

  /// Decides about an event; gives the one that may go now.
  func settle(_ index: Int, _ verdict: Attempt.Verdict) -> Int? {
    decide(index, verdict)
    var following = Int(written.next[index])
    guard following > 0 else { return nil }
    switch verdict {
    case .published: return following
    case .refused where !stopsAtRefusal: return following
    case .refused, .retry, .stop:
      // None may overtake it.
      while following > 0 {
        decide(following, NATSTrouble.waits.verdict)
        following = Int(written.next[following])
      }
      return nil
    }
  }

  private func decide(_ index: Int, _ verdict: Attempt.Verdict) {
    guard verdicts[index] == nil else { return }
    verdicts[index] = verdict
    left -= 1
    if left == 0 { finish() }
  }

  private func finish() {
    continuation.resume(returning: AttemptOutcome(verdicts: verdicts.compactMap { $0 }, remark: remark))
  }
}
