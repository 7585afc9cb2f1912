// SPDX-License-Identifier: Apache-2.0

/// Which digits of a decimal number count: from its first to its last that is no zero.
struct AvroDecimalForm {
  /// More than any text is long: what an exponent beyond it means is the same.
  private static let bound = 1 << 40

  /// Digits before the point.
  private var whole = 0
  private var count = 0
  private var firstThatCounts: Int?
  private var lastThatCounts = 0
  private var exponent = 0
  private(set) var hasExponent = false

  /// Reads one as JSON has numbers; nil for what is none.
  init?(_ form: inout JSONTextForm, _ bytes: RawSpan) {
    _ = form.take("-", bytes)
    if form.take("0", bytes) {
      (whole, count) = (1, 1)
    } else {
      guard digits(&form, bytes) else { return nil }
      whole = count
    }
    if form.take(".", bytes) { guard digits(&form, bytes) else { return nil } }
    guard form.take("e", bytes) || form.take("E", bytes) else { return }
    hasExponent = true
    let isNegative = form.take("-", bytes)
    if !isNegative { _ = form.take("+", bytes) }
    guard let first = form.digit(bytes) else { return nil }
    exponent = first
    while let digit = form.digit(bytes) { exponent = min(exponent * 10 + digit, Self.bound) }
    if isNegative { exponent = -exponent }
  }

  private mutating func digits(_ form: inout JSONTextForm, _ bytes: RawSpan) -> Bool {
    let start = count
    while let digit = form.digit(bytes) {
      if digit != 0 {
        firstThatCounts = firstThatCounts ?? count
        lastThatCounts = count
      }
      count += 1
    }
    return count > start
  }

  /// Where the digits that count lie among all digits: the first, and behind the last; empty for zero.
  var digitsThatCount: Range<Int> { firstThatCounts.map { $0..<(lastThatCounts + 1) } ?? 0..<0 }

  /// Where the digits lie from the first that counts to the last that is written.
  var writtenDigits: Range<Int> { (firstThatCounts ?? count)..<count }

  /// The power of ten of what is behind some digits.
  func power(behind digits: Int) -> Int { whole - digits + exponent }

  /// Whether its value is one of at most so many digits, of which so many are behind the point.
  func fits(precision: Int, scale: Int) -> Bool {
    guard let first = firstThatCounts else { return true }
    // As powers of ten.
    let highest = whole - 1 - first + exponent
    let lowest = whole - 1 - lastThatCounts + exponent
    return highest < precision - scale && lowest >= -scale
  }
}
