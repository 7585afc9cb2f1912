// SPDX-License-Identifier: Apache-2.0

/// Where an event stands in the log: the commit of its transaction, then its place within it.
///
/// Ordinals count every row and message of the transaction from 1, before any filtering, so that they do not depend
/// on which of them become events.
public struct EventPosition: Hashable, Comparable, Sendable {
  /// The LSN of the commit record, as a byte offset.
  public var commitLSN: UInt64
  /// The place in the transaction, from 1.
  public var ordinal: UInt64

  /// Makes a position.
  public init(commitLSN: UInt64, ordinal: UInt64) {
    self.commitLSN = commitLSN
    self.ordinal = ordinal
  }

  /// Whether one event comes before another.
  @inlinable
  public static func < (left: EventPosition, right: EventPosition) -> Bool {
    left.commitLSN == right.commitLSN ? left.ordinal < right.ordinal : left.commitLSN < right.commitLSN
  }

  /// How long `sequence` is, always.
  public static let sequenceLength = 27

  /// The CloudEvents `sequence`: 16 hexadecimal digits, a hyphen, 10 decimal digits.
  ///
  /// Comparing two of them as strings compares the positions. Source: CloudEvents extension "Sequence".
  public var sequence: String {
    var bytes: [UInt8] = []
    bytes.append(room: Self.sequenceLength + LineWriter.slack) { append(to: &$0) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Reads `sequence` back.
  public init?(sequence: some StringProtocol) {
    let parts = sequence.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].utf8.count == 16, parts[1].utf8.count == 10,
      parts[0].allSatisfy(\.isHexDigit), let commit = UInt64(parts[0], radix: 16),
      parts[1].allSatisfy(\.isNumber), let ordinal = UInt64(parts[1])
    else { return nil }
    self.init(commitLSN: commit, ordinal: ordinal)
  }

  /// Appends `sequence`; there must be room for `LineWriter.slack` bytes more.
  @inline(__always)
  func append(to line: inout LineWriter) {
    line.append(word: DigitWord.hexadecimal(UInt32(truncatingIfNeeded: commitLSN >> 32)))
    line.append(word: DigitWord.hexadecimal(UInt32(truncatingIfNeeded: commitLSN)))
    line.append(UInt8(ascii: "-"))
    line.append(word: DigitWord.twoDecimal(UInt32(ordinal / 100_000_000 % 100)), length: 2)
    line.append(word: DigitWord.decimal(UInt32(ordinal % 100_000_000)))
  }
}
