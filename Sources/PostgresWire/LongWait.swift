// SPDX-License-Identifier: Apache-2.0

/// A wait for a server that is to be told when it is long, and then sparsely.
struct LongWait: Hashable, Sendable {
  private static let patience: Duration = .seconds(5)

  private var since: ContinuousClock.Instant?
  private var limit = LongWait.patience

  /// It begins, or is over.
  mutating func note(_ begins: Bool) { (since, limit) = (begins ? .now : nil, Self.patience) }

  /// How long it has been, where that is to be told now.
  mutating func overdue() -> Duration? {
    guard let since, case let waited = .now - since, waited >= limit else { return nil }
    limit = min(limit * 4, waited + .seconds(600))
    return waited
  }
}
