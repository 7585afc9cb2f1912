// SPDX-License-Identifier: Apache-2.0

import Octets

/// An integer of any length, to tell which ones a bound allows.
struct WholeNumber: Equatable {
  /// As many digits as are looked at: nobody means an integer that is longer.
  static let maximumDigits = 1_000

  private var isNegative = false
  /// The first is no zero; none for zero.
  private var digits: [UInt8] = []

  /// The last integer that a bound allows; nil when it is too long.
  ///
  /// - Parameters:
  ///   - bound: The bound.
  ///   - bytes: What it lies in.
  ///   - isLower: Whether it bounds from below.
  ///   - isExclusive: Whether it allows itself.
  init?(_ bound: Decimal, _ bytes: RawSpan, isLower: Bool, isExclusive: Bool) {
    guard bound.exponent < Self.maximumDigits else { return nil }
    isNegative = bound.isNegative
    var offset = Int(bound.start)
    // What stands before the point; the rest is cut off, towards zero.
    while bound.exponent >= 0, !bound.isZero, digits.count <= bound.exponent {
      guard offset < Int(bound.end) else {
        digits.append(0)
        continue
      }
      let byte = bytes.byte(at: offset)
      if byte != UInt8(ascii: ".") { digits.append(byte - 0x30) }
      offset += 1
    }
    if bound.isInteger ? isExclusive : isLower != bound.isNegative { step(up: isLower) }
  }

  private mutating func step(up: Bool) {
    guard !digits.isEmpty else { return (isNegative, digits) = (!up, [1]) }
    let grows = isNegative != up
    var place = digits.count - 1
    while place >= 0, digits[place] == (grows ? 9 : 0) {
      digits[place] = grows ? 0 : 9
      place -= 1
    }
    if place < 0 { digits.insert(1, at: 0) } else { digits[place] = grows ? digits[place] + 1 : digits[place] - 1 }
    if digits.first == 0 { digits.removeFirst() }
    if digits.isEmpty { isNegative = false }
  }

  static func <= (left: WholeNumber, right: WholeNumber) -> Bool {
    if left == right { return true }
    if left.isNegative != right.isNegative { return left.isNegative }
    let isShorter =
      left.digits.count == right.digits.count
      ? left.digits.lexicographicallyPrecedes(right.digits) : left.digits.count < right.digits.count
    return isShorter != left.isNegative
  }

  /// As JSON has it.
  var text: String { digits.isEmpty ? "0" : (isNegative ? "-" : "") + digits.map { "\($0)" }.joined() }
}
