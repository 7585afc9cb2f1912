// SPDX-License-Identifier: Apache-2.0

/// A number as JSON has it: its digits without zeros at either end, and where the point is.
struct ProtobufNumber {
  /// More than any text is long: what an exponent beyond it means is the same.
  private static let bound = 1 << 40

  private(set) var isNegative = false
  /// Zero where it has more digits than any whole number of 64 bits.
  private var digits: UInt64 = 0
  private var isLong = false
  private var isZero = true
  /// Digits in all, from the first that is no zero to the last.
  private var count = 0
  /// Zeros that have been met since.
  private var zeros = 0
  /// Digits behind the point.
  private var decimals = 0
  private var exponent = 0

  /// Reads one from its first character to what cannot be in it; nil for what is none.
  ///
  /// - Parameters:
  ///   - form: What it is read from.
  ///   - bytes: Where that stands.
  init?(_ form: inout JSONTextForm, _ bytes: RawSpan) {
    isNegative = form.take("-", bytes)
    guard let first = form.digit(bytes) else { return nil }
    add(first)
    if first != 0 { while let digit = form.digit(bytes) { add(digit) } }
    if form.take(".", bytes) {
      guard let first = form.digit(bytes) else { return nil }
      add(first)
      decimals += 1
      while let digit = form.digit(bytes) {
        add(digit)
        decimals += 1
      }
    }
    guard form.take("e", bytes) || form.take("E", bytes) else { return }
    let isBelow = form.take("-", bytes)
    if !isBelow { _ = form.take("+", bytes) }
    guard let first = form.digit(bytes) else { return nil }
    exponent = first
    while let digit = form.digit(bytes) { exponent = min(Self.bound, exponent * 10 + digit) }
    if isBelow { exponent = -exponent }
  }

  private mutating func add(_ digit: Int) {
    guard digit != 0 else {
      if !isZero { zeros += 1 }
      return
    }
    isZero = false
    count += zeros + 1
    if count > 20 {
      isLong = true
    } else {
      for _ in 0...zeros {
        let (product, overflows) = digits.multipliedReportingOverflow(by: 10)
        (digits, isLong) = (product, isLong || overflows)
      }
      let (sum, overflows) = digits.addingReportingOverflow(UInt64(digit))
      (digits, isLong) = (sum, isLong || overflows)
    }
    zeros = 0
  }

  /// Its size, where it is a whole number within 64 bits.
  var whole: UInt64? {
    if isZero { return 0 }
    let power = exponent - decimals + zeros
    guard !isLong, (0...19).contains(power) else { return nil }
    var value = digits
    for _ in 0..<power {
      let (product, overflows) = value.multipliedReportingOverflow(by: 10)
      guard !overflows else { return nil }
      value = product
    }
    return value
  }

  /// Whether it is below 10 to a power for sure, at or above it for sure, or neither can be told: it has as many digits.
  func isBelow(_ power: Int) -> Bool? {
    if isZero { return true }
    let size = count + zeros + exponent - decimals
    return size == power ? nil : size < power
  }
}

extension JSONTokens {
  /// Reads a number and goes behind it.
  mutating func number(to bytes: RawSpan) -> ProtobufNumber? {
    let start = offset
    guard number(bytes) else { return nil }
    var form = JSONTextForm(start, offset, bytes)
    return ProtobufNumber(&form, bytes)
  }

  /// Reads a number in quotes and goes behind them.
  mutating func numberInQuotes(_ bytes: RawSpan) -> ProtobufNumber? {
    var form = JSONTextForm(offset + 1, end, bytes)
    guard let number = ProtobufNumber(&form, bytes), form.next == JSONCharacters.end else { return nil }
    offset = form.offset
    return number
  }
}
