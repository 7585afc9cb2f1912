// SPDX-License-Identifier: Apache-2.0

/// A position in the write-ahead log: a byte offset counted from the birth of the cluster.
///
/// Written as PostgreSQL writes it, two hexadecimal halves with a slash: `16/B374D848` is 97500059720.
/// Source: PostgreSQL manual, "pg_lsn Type".
public struct LSN: RawRepresentable, Hashable, Comparable, Sendable {
  /// The byte offset.
  public let rawValue: UInt64

  /// Makes a position from its byte offset.
  @inlinable
  public init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// `0/0`, which PostgreSQL uses for "no position".
  public static let zero = LSN(rawValue: 0)

  /// Whether one position lies before another in the log.
  @inlinable
  public static func < (left: LSN, right: LSN) -> Bool {
    left.rawValue < right.rawValue
  }
}

extension LSN: LosslessStringConvertible {
  /// Reads the form `16/B374D848`; anything else, signs and blanks included, gives nil.
  public init?(_ description: String) {
    let halves = description.split(separator: "/", omittingEmptySubsequences: false)
    guard halves.count == 2, let high = Self.half(halves[0]), let low = Self.half(halves[1]) else { return nil }
    self.init(rawValue: UInt64(high) << 32 | UInt64(low))
  }

  /// The form that PostgreSQL prints, such as `16/B374D848`.
  public var description: String {
    let high = String(rawValue >> 32, radix: 16, uppercase: true)
    let low = String(rawValue & 0xFFFF_FFFF, radix: 16, uppercase: true)
    return "\(high)/\(low)"
  }

  private static func half(_ digits: Substring) -> UInt32? {
    guard (1...8).contains(digits.utf8.count), digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else { return nil }
    return UInt32(digits, radix: 16)
  }
}
