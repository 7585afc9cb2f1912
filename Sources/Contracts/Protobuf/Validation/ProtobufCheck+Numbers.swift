// SPDX-License-Identifier: Apache-2.0

import Octets

/// Numbers, which may stand in quotes too.
extension ProtobufCheck {
  /// A whole number from a lowest to a highest, however it is written.
  mutating func whole(_ lowest: Int64, _ highest: UInt64, _ bytes: RawSpan) -> Bool {
    let start = offset
    if next(bytes) == UInt8(ascii: "\"") { return wholeInQuotes(lowest, highest, bytes) }
    if integer(lowest, Int64(clamping: highest), bytes) { return true }
    offset = start
    guard let number = number(to: bytes), let whole = number.whole else { return false }
    return Self.isWithin(whole, number.isNegative, lowest, highest)
  }

  /// A whole number of digits alone in quotes, as a map's key is.
  mutating func keyOfDigits(_ lowest: Int64, _ highest: UInt64, _ bytes: RawSpan) -> Bool {
    var form = JSONTextForm(offset + 1, end, bytes)
    let isNegative = form.take("-", bytes)
    guard var whole = form.digit(bytes).map(UInt64.init) else { return false }
    while let digit = form.digit(bytes) {
      let (product, overflows) = whole.multipliedReportingOverflow(by: 10)
      let (sum, overflowsToo) = product.addingReportingOverflow(UInt64(digit))
      guard !overflows, !overflowsToo else { return false }
      whole = sum
    }
    guard form.next == JSONCharacters.end else { return false }
    offset = form.offset
    return Self.isWithin(whole, isNegative, lowest, highest)
  }

  private mutating func wholeInQuotes(_ lowest: Int64, _ highest: UInt64, _ bytes: RawSpan) -> Bool {
    guard let number = numberInQuotes(bytes), let whole = number.whole else { return false }
    return Self.isWithin(whole, number.isNegative, lowest, highest)
  }

  private static func isWithin(_ whole: UInt64, _ isNegative: Bool, _ lowest: Int64, _ highest: UInt64) -> Bool {
    isNegative ? whole <= lowest.magnitude : whole <= highest
  }

  /// A whole number of 32 bits without quotes.
  mutating func int32(_ bytes: RawSpan) -> Int? {
    guard let number = number(to: bytes), let whole = number.whole,
      Self.isWithin(whole, number.isNegative, Int64(Int32.min), UInt64(Int32.max))
    else { return nil }
    return number.isNegative ? -Int(whole) : Int(whole)
  }

  private static let notFinite = ["NaN", "Infinity", "-Infinity"].map { Array($0.utf8) }

  /// A number, or the words for what is none or has no end.
  mutating func fraction(isFloat: Bool, _ bytes: RawSpan) -> Bool {
    guard next(bytes) == UInt8(ascii: "\"") else { return finite(isFloat: isFloat, bytes) }
    let start = offset
    var form = JSONTextForm(offset + 1, end, bytes)
    if let number = ProtobufNumber(&form, bytes) {
      guard form.next == JSONCharacters.end else { return false }
      offset = form.offset
      return isFinite(number, isFloat, start + 1..<offset - 1, bytes)
    }
    for word in Self.notFinite {
      var form = JSONTextForm(start + 1, end, bytes)
      if form.take(word, bytes), form.next == JSONCharacters.end {
        offset = form.offset
        return true
      }
    }
    return false
  }

  /// A number without quotes that is not too large.
  mutating func finite(isFloat: Bool, _ bytes: RawSpan) -> Bool {
    let start = offset
    guard number(bytes) else { return false }
    // What is short and has no exponent is within any range.
    if offset - start <= 32, isPlain(start, bytes) { return true }
    var form = JSONTextForm(start, offset, bytes)
    guard let number = ProtobufNumber(&form, bytes) else { return false }
    return isFinite(number, isFloat, start..<offset, bytes)
  }

  private func isPlain(_ start: Int, _ bytes: RawSpan) -> Bool {
    (start..<offset).allSatisfy { bytes.byte(at: $0) < UInt8(ascii: "A") }
  }

  private func isFinite(_ number: ProtobufNumber, _ isFloat: Bool, _ range: Range<Int>, _ bytes: RawSpan) -> Bool {
    if let isBelow = number.isBelow(isFloat ? 39 : 309) { return isBelow }
    // At the very end of the range only rounding tells. Escapes are not worth to be undone for it.
    let text = bytes.text(range)
    return isFloat ? Float(text)?.isFinite == true : Double(text)?.isFinite == true
  }
}

extension JSONTextForm {
  /// Takes characters of ASCII, if they are all there.
  mutating func take(_ word: [UInt8], _ bytes: RawSpan) -> Bool {
    for byte in word { guard take(Unicode.Scalar(byte), bytes) else { return false } }
    return true
  }
}
