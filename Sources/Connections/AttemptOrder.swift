// SPDX-License-Identifier: Apache-2.0

package import Delivery
import IntegrationEvents

/// Which events of an attempt may be on their way: of a key one after another, keys side by side; and what has been decided about
/// each.
package struct AttemptOrder: Sendable {
  /// Those that wait for none before them.
  package private(set) var heads: [Int] = []
  /// The next event of the same key; 0 for none.
  private var next: [Int32]
  private var decisions: [Attempt.Verdict?]
  private var left = 0
  private let stopsAtRefusal: Bool

  /// Events that go side by side, as letters do.
  ///
  /// - Parameters:
  ///   - count: how many.
  ///   - write: writes one of them.
  package init(sideBySide count: Int, _ write: (Int) throws(UnwritableEvent) -> Void) {
    self.init(count, stopsAtRefusal: false)
    for index in 0..<count {
      do throws(UnwritableEvent) { try write(index) } catch {
        decide(index, .refused(.init(error.reason)))
        continue
      }
      heads.append(index)
    }
  }

  /// Events in their order.
  ///
  /// - Parameters:
  ///   - events: all of the attempt.
  ///   - stopsAtRefusal: whether none of a key may come behind a refused one.
  ///   - write: writes one of them, in their order; those that must not go are not written.
  package init(
    _ events: [OutgoingEvent], stopsAtRefusal: Bool, _ write: (Int, OutgoingEvent) throws(UnwritableEvent) -> Void
  ) {
    self.init(events.count, stopsAtRefusal: stopsAtRefusal)
    /// The last event of each key so far; nil behind one that must not be overtaken.
    var last: [ArraySlice<UInt8>: Int?] = [:]
    for (index, event) in events.enumerated() {
      let key = event.batch.bytes[event.event.key]
      let before = key.isEmpty ? nil : last[key]
      if let before, before == nil {
        decide(index, Self.waits)
        continue
      }
      do throws(UnwritableEvent) { try write(index, event) } catch {
        decide(index, .refused(.init(error.reason)))
        if stopsAtRefusal, !key.isEmpty { last[key] = .some(nil) }
        continue
      }
      if let before = before ?? nil { next[before] = Int32(truncatingIfNeeded: index) } else { heads.append(index) }
      if !key.isEmpty { last[key] = index }
    }
  }

  private init(_ count: Int, stopsAtRefusal: Bool) {
    next = Array(repeating: 0, count: count)
    decisions = Array(repeating: nil, count: count)
    left = count
    self.stopsAtRefusal = stopsAtRefusal
  }

  /// All verdicts, in the order of the events; nil while one is open.
  package var verdicts: [Attempt.Verdict]? { left == 0 ? decisions.compactMap(\.self) : nil }

  /// Decides about an event; gives the one that may go now.
  package mutating func settle(_ index: Int, _ verdict: Attempt.Verdict) -> Int? {
    decide(index, verdict)
    var following = Int(next[index])
    guard following > 0 else { return nil }
    switch verdict {
    case .published: return following
    case .refused where !stopsAtRefusal: return following
    case .refused, .retry, .stop:
      // None may overtake it.
      while following > 0 {
        decide(following, Self.waits)
        following = Int(next[following])
      }
      return nil
    }
  }

  private mutating func decide(_ index: Int, _ verdict: Attempt.Verdict) {
    guard decisions[index] == nil else { return }
    decisions[index] = verdict
    left -= 1
  }

  private static let waits = Attempt.Verdict.retry(
    .init("waits for an earlier event of its key", concernsReceiver: true, isLocal: true))
}
