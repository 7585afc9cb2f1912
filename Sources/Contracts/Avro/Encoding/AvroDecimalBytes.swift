// SPDX-License-Identifier: Apache-2.0

/// A decimal number as Avro has it: a whole number in two's complement, the highest byte first, and its scale.
///
/// Source: Avro 1.12, "Decimal".
struct AvroDecimalBytes {
  /// Of a number with more digits, the whole number takes too long to make.
  static let mostDigits = 10_000

  /// As few bytes as hold it; at least one.
  let octets: [UInt8]
  let isNegative: Bool
  /// How many of its digits are behind the point.
  let scale: Int

  /// Of a scale that is given; the number fits it.
  init?(_ decimal: AvroDecimalForm, scale: Int, _ form: JSONTextForm, _ bytes: RawSpan) {
    let digits = decimal.digitsThatCount
    let zeros = digits.isEmpty ? 0 : decimal.power(behind: digits.upperBound) + scale
    self.init(digits, zeros, scale, form, bytes)
  }

  /// Of the scale that it is written with.
  init?(_ decimal: AvroDecimalForm, _ form: JSONTextForm, _ bytes: RawSpan) {
    let digits = decimal.writtenDigits
    self.init(digits, 0, -decimal.power(behind: digits.upperBound), form, bytes)
  }

  private init?(_ digits: Range<Int>, _ zeros: Int, _ scale: Int, _ form: JSONTextForm, _ bytes: RawSpan) {
    guard digits.count + zeros <= Self.mostDigits, zeros >= 0 else { return nil }
    var form = form
    let hasSign = form.take("-", bytes)
    var whole = WholeLimbs()
    var index = 0
    while index < digits.upperBound {
      _ = form.take(".", bytes)
      guard let digit = form.digit(bytes) else { return nil }
      // A zero before the point is counted too, as the form does.
      if index >= digits.lowerBound { whole.append(digit) }
      index += 1
    }
    for _ in 0..<zeros { whole.append(0) }
    whole.flush()
    isNegative = hasSign && !whole.isZero
    octets = whole.octets(isNegative: isNegative)
    self.scale = scale
  }
}

/// A whole number of any size, made of its decimal digits.
private struct WholeLimbs {
  /// The lowest first.
  private var limbs: [UInt64] = []
  /// Digits that are not among them yet, and ten to their number.
  private var (pending, power): (UInt64, UInt64) = (0, 1)

  var isZero: Bool { limbs.allSatisfy { $0 == 0 } }

  mutating func append(_ digit: Int) {
    pending = pending * 10 + UInt64(digit)
    power *= 10
    if power == 1_000_000_000_000_000_000 { flush() }
  }

  mutating func flush() {
    var carry = pending
    for index in limbs.indices {
      let (high, low) = limbs[index].multipliedFullWidth(by: power)
      let (sum, overflows) = low.addingReportingOverflow(carry)
      limbs[index] = sum
      carry = high + (overflows ? 1 : 0)
    }
    if carry > 0 { limbs.append(carry) }
    (pending, power) = (0, 1)
  }

  /// In two's complement, the highest first.
  func octets(isNegative: Bool) -> [UInt8] {
    var octets: [UInt8] = []
    var carry: UInt64 = 1
    for limb in limbs {
      var limb = limb
      if isNegative {
        let (sum, overflows) = (~limb).addingReportingOverflow(carry)
        (limb, carry) = (sum, overflows ? 1 : 0)
      }
      for shift in 0..<UInt64(8) { octets.append(UInt8(truncatingIfNeeded: limb >> (shift * 8))) }
    }
    let filling: UInt8 = isNegative ? 0xFF : 0
    while octets.last == filling { octets.removeLast() }
    // Its highest bit is the sign.
    if octets.last.map({ $0 & 0x80 != filling & 0x80 }) ?? true { octets.append(filling) }
    return octets.reversed()
  }
}
