// SPDX-License-Identifier: Apache-2.0

import Delivery
package import IntegrationEvents
import Relay

/// How many events of one kind.
package struct KindCount: Hashable, Sendable {
  package var kind: EventKind
  package var count: Int
}

/// Tells delivered events from dead letters, kind by kind.
///
/// A letter is counted before its batch is done, so the difference may fall for a moment; what is told never does.
struct KindLedger {
  /// What kinds beyond the hundred that are kept apart count as.
  private static let other = EventKind(table: "other", type: "other")

  private var told: [EventKind: Int] = [:]

  mutating func split(_ counts: RelayCounts) -> (delivered: [KindCount], letters: [KindCount]) {
    var letters = Self.read(counts.letterKinds)
    guard let tally = counts.tally else { return ([], Self.sorted(letters)) }
    let settled = Self.read(tally.kinds)
    // A kind that is apart among the letters and not among the settled ones counts with the others in both.
    for (kind, count) in letters where settled[kind] == nil && (settled[Self.other] ?? 0) > 0 && kind != Self.other {
      letters[kind] = nil
      letters[Self.other, default: 0] += count
    }
    for (kind, count) in settled { told[kind] = max(told[kind] ?? 0, count - (letters[kind] ?? 0)) }
    return (Self.sorted(told), Self.sorted(letters))
  }

  private static func read(_ counts: KindCounts) -> [EventKind: Int] {
    var all: [EventKind: Int] = [:]
    counts.forEach { all[$0, default: 0] += $1 }
    if counts.others > 0 { all[other, default: 0] += counts.others }
    return all
  }

  private static func sorted(_ counts: [EventKind: Int]) -> [KindCount] {
    counts.map { KindCount(kind: $0.key, count: $0.value) }.sorted {
      ($0.kind.table, $0.kind.type) < ($1.kind.table, $1.kind.type)
    }
  }
}
