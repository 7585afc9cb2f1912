// SPDX-License-Identifier: Apache-2.0

import Octets

/// A JSON number in place: its significant digits, and the power of ten that the first of them stands for.
///
/// It is compared digit by digit, so it is exact. Exponents beyond ±10¹⁵ are taken for that.
struct Decimal: BitwiseCopyable, Sendable {
  static let exponentLimit = 1_000_000_000_000_000

  var isNegative = false
  /// From the first digit that is no zero to behind the last such; a point may lie between. Empty for zero.
  var start: Int32 = 0
  var end: Int32 = 0
  /// How many digits there are.
  var count: Int32 = 0
  /// The power of ten of the first digit.
  var exponent = 0

  var isZero: Bool { start == end }

  /// Whether there is no fraction, however it is written.
  var isInteger: Bool { isZero || exponent >= Int(count) - 1 }

  /// Reads a number that `JSONScanner` has checked.
  init(_ bytes: RawSpan, _ range: Range<Int>) {
    var offset = range.lowerBound
    if bytes.byte(at: offset) == UInt8(ascii: "-") {
      isNegative = true
      offset += 1
    }
    var point: Int?
    var first: Int?
    var last = offset
    scan: while offset < range.upperBound {
      let byte = bytes.byte(at: offset)
      switch byte {
      case UInt8(ascii: "0"): break
      case UInt8(ascii: "1")...UInt8(ascii: "9"):
        if first == nil { first = offset }
        last = offset
      case UInt8(ascii: "."): point = offset
      default: break scan
      }
      offset += 1
    }
    let mantissaEnd = offset
    guard let first else {
      isNegative = false
      return
    }
    start = Int32(truncatingIfNeeded: first)
    end = Int32(truncatingIfNeeded: last + 1)
    let pointPlace = point ?? mantissaEnd
    let hasPointWithin = first < pointPlace && pointPlace < last
    count = end - start - (hasPointWithin ? 1 : 0)
    exponent = first < pointPlace ? pointPlace - first - 1 : pointPlace - first
    if offset < range.upperBound { exponent += Self.exponent(bytes, (offset + 1)..<range.upperBound) }
    exponent = min(max(exponent, -Self.exponentLimit), Self.exponentLimit)
  }

  private static func exponent(_ bytes: RawSpan, _ range: Range<Int>) -> Int {
    var offset = range.lowerBound
    let isNegative = bytes.byte(at: offset) == UInt8(ascii: "-")
    if isNegative || bytes.byte(at: offset) == UInt8(ascii: "+") { offset += 1 }
    var exponent = 0
    while offset < range.upperBound {
      exponent = min(exponent * 10 + Int(bytes.byte(at: offset) - 0x30), exponentLimit)
      offset += 1
    }
    return isNegative ? -exponent : exponent
  }

  /// Below zero when it is less than another, above when it is more.
  func compare(_ bytes: RawSpan, _ other: Decimal, _ otherBytes: RawSpan) -> Int {
    if isZero || other.isZero || isNegative != other.isNegative { return sign - other.sign }
    if exponent != other.exponent { return exponent < other.exponent ? -sign : sign }
    var (left, right) = (Int(start), Int(other.start))
    while left < end, right < other.end {
      let (one, two) = (bytes.byte(at: left), otherBytes.byte(at: right))
      if one == UInt8(ascii: ".") {
        left += 1
      } else if two == UInt8(ascii: ".") {
        right += 1
      } else {
        if one != two { return one < two ? -sign : sign }
        left += 1
        right += 1
      }
    }
    // The last digit is no zero, so the longer is the more.
    return count == other.count ? 0 : count < other.count ? -sign : sign
  }

  private var sign: Int { isZero ? 0 : isNegative ? -1 : 1 }

  /// The digits as an integer, modulo a divisor.
  func remainder(_ bytes: RawSpan, by divisor: UInt64) -> UInt64 {
    var remainder: UInt64 = 0
    for offset in Int(start)..<Int(end) {
      let byte = bytes.byte(at: offset)
      guard byte != UInt8(ascii: ".") else { continue }
      let (high, low) = remainder.multipliedFullWidth(by: 10)
      let (sum, carry) = low.addingReportingOverflow(UInt64(byte - 0x30))
      remainder = divisor.dividingFullWidth((high + (carry ? 1 : 0), sum)).remainder
    }
    return remainder
  }

  /// Whether it is a whole multiple of a divisor, digits times a power of ten.
  func isMultiple(_ bytes: RawSpan, of divisor: Divisor) -> Bool {
    if isZero { return true }
    let shift = exponent - Int(count) + 1 - divisor.exponent
    // Its last digit is no zero, so what has more decimals than the divisor is no multiple.
    guard shift >= 0 else { return false }
    var remainder = remainder(bytes, by: divisor.digits)
    var power: UInt64 = 10 % divisor.digits
    var rest = shift
    while rest > 0 {
      if rest & 1 != 0 { remainder = Self.product(remainder, power, divisor.digits) }
      power = Self.product(power, power, divisor.digits)
      rest >>= 1
    }
    return remainder % divisor.digits == 0
  }

  private static func product(_ left: UInt64, _ right: UInt64, _ divisor: UInt64) -> UInt64 {
    divisor.dividingFullWidth(left.multipliedFullWidth(by: right)).remainder
  }

  /// What `multipleOf` says: an integer that ends with no zero, and the power of ten of its last digit.
  struct Divisor: BitwiseCopyable, Hashable, Sendable {
    /// As many digits as surely fit.
    static let maximumDigits = 18
    var digits: UInt64
    var exponent: Int
  }

  /// As a divisor; nil when it has too many digits, or is not above zero.
  func divisor(_ bytes: RawSpan) -> Divisor? {
    guard !isZero, !isNegative, count <= Divisor.maximumDigits else { return nil }
    return Divisor(digits: remainder(bytes, by: UInt64.max), exponent: exponent - Int(count) + 1)
  }
}
