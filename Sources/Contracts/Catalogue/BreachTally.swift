// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets

/// How many events have left that should not, by type, version and rule; of no more kinds than some, all others together.
struct BreachTally {
  /// The most kinds that are remembered.
  static let most = 256
  /// As many types and versions are named at the end.
  private static let mostNamed = 10

  /// What is counted by itself.
  struct Kind: Hashable {
    fileprivate let type: ForeignText
    fileprivate let version: ForeignText
    private let rule: ForeignText

    /// Names are cut, so that many of them do not take much.
    init(_ event: borrowing IntegrationEvent, _ bytes: RawSpan, _ rule: String) {
      type = ForeignText(ForeignText(bytes.text(event.type)).shortened(to: 128))
      version = ForeignText(ForeignText(bytes.text(event.dataVersion)).shortened(to: 32))
      self.rule = ForeignText(rule).prefix(512)
    }

    fileprivate var name: String { version.raw.isEmpty ? "\(type)" : "\(type) \(version)" }
  }

  private var counts: [Kind: Int] = [:]
  private var others = 0
  /// How many there were.
  private(set) var total = 0

  /// Counts one; gives how many of its kind there are now, or how many of all others.
  mutating func add(_ kind: Kind) -> (count: Int, isKnown: Bool) {
    total += 1
    if let count = counts[kind] {
      counts[kind] = count + 1
      return (count + 1, true)
    }
    guard counts.count < Self.most else {
      others += 1
      return (others, false)
    }
    counts[kind] = 1
    return (1, true)
  }

  /// `8 of OrderPaid 1, 2 of OrderPlaced, 5 of others`.
  var words: String {
    var sums: [String: Int] = [:]
    for (kind, count) in counts { sums[kind.name, default: 0] += count }
    let sorted = sums.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let rest = others + sorted.dropFirst(Self.mostNamed).reduce(0) { $0 + $1.value }
    let named = sorted.prefix(Self.mostNamed).map { "\($0.value) of \($0.key)" }
    return (named + (rest > 0 ? ["\(rest) of others"] : [])).joined(separator: ", ")
  }
}
