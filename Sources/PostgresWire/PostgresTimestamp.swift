// SPDX-License-Identifier: Apache-2.0

/// An instant as the replication protocol carries it: microseconds since 2000-01-01 00:00 UTC.
///
/// Source: PostgreSQL manual, "Streaming Replication Protocol".
public struct PostgresTimestamp: RawRepresentable, Hashable, Comparable, Sendable {
  /// Microseconds since 2000-01-01 00:00 UTC; negative before it.
  public let rawValue: Int64

  /// Makes an instant from microseconds since 2000-01-01 00:00 UTC.
  @inlinable
  public init(rawValue: Int64) {
    self.rawValue = rawValue
  }

  /// Microseconds between the Unix epoch and PostgreSQL's.
  public static let unixOffset: Int64 = 946_684_800_000_000

  /// Microseconds since 1970-01-01 00:00 UTC; saturates at the ends of the range.
  @inlinable
  public var unixMicroseconds: Int64 {
    let (sum, overflow) = rawValue.addingReportingOverflow(Self.unixOffset)
    return overflow ? .max : sum
  }

  /// Whole seconds since 1970-01-01 00:00 UTC.
  public var unixSeconds: Int64 { unixMicroseconds / 1_000_000 }

  /// Makes an instant from microseconds since 1970-01-01 00:00 UTC.
  public init(unixMicroseconds: Int64) {
    let (difference, overflow) = unixMicroseconds.subtractingReportingOverflow(Self.unixOffset)
    self.init(rawValue: overflow ? .min : difference)
  }

  /// Whether one instant is earlier than another.
  @inlinable
  public static func < (left: PostgresTimestamp, right: PostgresTimestamp) -> Bool {
    left.rawValue < right.rawValue
  }
}
