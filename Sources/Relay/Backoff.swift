// SPDX-License-Identifier: Apache-2.0

/// How long to wait before trying again: exponentially longer, with full jitter.
struct Backoff {
  static let first: Duration = .milliseconds(200)
  static let longest: Duration = .seconds(30)

  private var ceiling = Self.first

  mutating func next() -> Duration {
    defer { ceiling = min(ceiling * 2, Self.longest) }
    return ceiling * Double.random(in: 0.1...1)
  }

  mutating func reset() { ceiling = Self.first }
}
