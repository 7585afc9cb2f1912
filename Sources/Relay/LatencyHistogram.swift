// SPDX-License-Identifier: Apache-2.0

package import PostgresWire

/// How long something took, counted in buckets from 0.25 ms to 60 s.
package struct LatencyHistogram: Sendable {
  /// The buckets' upper ends, in microseconds; what is longer counts in one more.
  package static let bounds: [Int64] = [
    250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
    10_000_000, 30_000_000, 60_000_000,
  ]

  /// How many fell into each bucket, none into two.
  package private(set) var counts = InlineArray<18, UInt64>(repeating: 0)
  /// All of it together, in microseconds.
  package private(set) var sum: UInt64 = 0

  package init() {}

  /// Counts a time; one before its start, which two clocks can make of it, counts as none.
  package mutating func add(from start: PostgresTimestamp, to end: PostgresTimestamp) {
    let (difference, overflow) = end.rawValue.subtractingReportingOverflow(start.rawValue)
    let time = overflow ? 0 : max(0, difference)
    var bucket = 0
    while bucket < Self.bounds.count, time > Self.bounds[bucket] { bucket += 1 }
    counts[bucket] &+= 1
    sum &+= UInt64(time)
  }

  /// Adds what was counted elsewhere.
  package mutating func add(_ other: LatencyHistogram) {
    for bucket in counts.indices { counts[bucket] &+= other.counts[bucket] }
    sum &+= other.sum
  }
}
