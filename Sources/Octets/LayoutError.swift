// SPDX-License-Identifier: Apache-2.0

/// What can be wrong with bytes that claim to have a certain layout.
///
/// Carries sizes and tags, never the bytes themselves, so that it can be logged.
public enum LayoutError: Error, Hashable, Sendable {
  /// A field needs more bytes than are left.
  case truncated(needed: Int, available: Int)
  /// A string has no terminating NUL.
  case unterminatedString
  /// A string is not valid UTF-8.
  case invalidUTF8
  /// A length or count is negative, or larger than the bytes left could hold.
  case invalidCount(Int)
  /// A tag byte is none of those expected here.
  case unexpectedTag(UInt8, expected: String)
  /// The layout ended before the bytes did.
  case bytesLeftOver(Int)
}

extension LayoutError: CustomStringConvertible {
  /// One line, lower case, fit to follow "at byte N:".
  public var description: String {
    switch self {
    case .truncated(let needed, let available):
      "needs \(needed) more bytes but only \(available) are left"
    case .unterminatedString: "string without a terminating NUL"
    case .invalidUTF8: "string is not valid UTF-8"
    case .invalidCount(let count): "impossible length or count \(count)"
    case .unexpectedTag(let tag, let expected): "unexpected tag 0x\(String(tag, radix: 16)), expected \(expected)"
    case .bytesLeftOver(let count): "\(count) bytes left over"
    }
  }
}
