// SPDX-License-Identifier: Apache-2.0

/// How fast rows go: so many a second, and after a rest no more than a tenth of that at once.
struct Pace {
  private let interval: Duration
  private let burst: Duration
  private var next: ContinuousClock.Instant

  init(rate: Int, now: ContinuousClock.Instant = .now) {
    interval = .nanoseconds(1_000_000_000 / Int64(max(1, min(rate, 1_000_000_000))))
    burst = .milliseconds(100)
    next = now
  }

  /// Takes a row's turn; where it has not come yet, when it comes.
  mutating func take(now: ContinuousClock.Instant = .now) -> ContinuousClock.Instant? {
    next = max(next, now - burst)
    if next > now { return next }
    next += interval
    return nil
  }
}
