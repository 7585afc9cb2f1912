// SPDX-License-Identifier: Apache-2.0

import PostgresWire

/// When to look after the server while nothing is read from it, for then its questions are not heard.
struct ServerWatch {
  private static let interval: Duration = .seconds(3)

  private var next: ContinuousClock.Instant?

  /// The server is being read from.
  mutating func rest() { next = nil }

  /// How long until the next look; nil while the server is being read from.
  var untilNext: Duration? { next.map { max(.zero, $0 - .now) } }

  /// Whether it is time for a look; the first is an interval after reading has stopped.
  mutating func isDue() -> Bool {
    let now = ContinuousClock.now
    defer { if next.map({ now >= $0 }) ?? true { next = now + Self.interval } }
    return next.map { now >= $0 } ?? false
  }
}

extension Failure {
  /// The server waits for us in order to shut down, and we for the sink.
  static let serverLeaving = Failure(
    .connection, "the server is shutting down while the sink is busy; letting it go")
}
