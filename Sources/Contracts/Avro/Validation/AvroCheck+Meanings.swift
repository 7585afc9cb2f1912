// SPDX-License-Identifier: Apache-2.0

import Octets

/// The JSON forms of logical types, each of which is a string, or a number too.
extension AvroCheck {
  /// Source: RFC 4122, section 3.
  mutating func uuid(_ bytes: RawSpan) -> Bool {
    if isPlainUUID(bytes) { return true }
    guard var form = quoted(bytes), form.uuid(bytes) else { return false }
    return closes(form)
  }

  /// As nearly all are written, without escapes: eight bytes at a time.
  private mutating func isPlainUUID(_ bytes: RawSpan) -> Bool {
    guard end - offset >= 38, isQuote(bytes), bytes.byte(at: offset + 37) == UInt8(ascii: "\"") else { return false }
    let start = offset + 1
    guard Self.isHexadecimal(bytes.word(at: start), dashes: 0), bytes.byte(at: start + 8) == UInt8(ascii: "-"),
      Self.isHexadecimal(bytes.word(at: start + 9), dashes: 0x0000_00FF_0000_0000),
      Self.isHexadecimal(bytes.word(at: start + 16), dashes: 0xFF00_0000_00FF_0000),
      Self.isHexadecimal(bytes.word(at: start + 24), dashes: 0),
      Self.isHexadecimal(bytes.word(at: start + 28), dashes: 0)
    else { return false }
    offset += 38
    return true
  }

  /// Whether eight bytes are hexadecimal digits, and hyphens where the mask is set.
  private static func isHexadecimal(_ word: UInt64, dashes: UInt64) -> Bool {
    let (ones, highs): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
    guard word & highs == 0, word & dashes == ones &* 0x2D & dashes else { return false }
    let digits = word & ~dashes | ones &* 0x30 & dashes
    // Without high bits nothing is carried; a byte's high bit is set from the first of a range on, and beyond its last.
    let isDigit = (digits &+ ones &* (0x80 - 0x30)) & ~(digits &+ ones &* (0x7F - 0x39))
    let lower = digits | ones &* 0x20
    let isLetter = (lower &+ ones &* (0x80 - 0x61)) & ~(lower &+ ones &* (0x7F - 0x66))
    return (isDigit | isLetter) & highs == highs
  }

  mutating func date(_ bytes: RawSpan) -> Bool {
    guard var form = quoted(bytes), form.date(bytes) else { return false }
    return closes(form)
  }

  mutating func time(_ bytes: RawSpan) -> Bool {
    guard var form = quoted(bytes), form.time(bytes) else { return false }
    return closes(form)
  }

  /// A date, a `T` and a time. Source: RFC 3339, section 5.6.
  mutating func timestamp(hasZone: Bool, _ bytes: RawSpan) -> Bool {
    guard var form = quoted(bytes), form.date(bytes), form.take("T", bytes) || form.take("t", bytes), form.time(bytes),
      !hasZone || form.zone(bytes)
    else { return false }
    return closes(form)
  }

  /// A number, or a string of digits as numbers have them.
  ///
  /// - Parameters:
  ///   - precision: How many digits its value may have in all; 0 for any.
  ///   - scale: How many of them may be behind the point.
  ///   - bytes: Where it stands.
  mutating func decimal(precision: Int, scale: Int, _ bytes: RawSpan) -> Bool {
    let start = offset
    guard var form = quoted(bytes) else {
      guard number(bytes) else { return false }
      guard precision > 0 else { return true }
      var form = AvroTextForm(start, offset, bytes)
      return AvroDecimalForm(&form, bytes)?.fits(precision: precision, scale: scale) == true
    }
    guard let decimal = AvroDecimalForm(&form, bytes), !decimal.hasExponent, closes(form) else { return false }
    return precision == 0 || decimal.fits(precision: precision, scale: scale)
  }

  /// What stands within quotes; nil where there are none.
  private mutating func quoted(_ bytes: RawSpan) -> AvroTextForm? {
    take(UInt8(ascii: "\""), bytes) ? AvroTextForm(offset, end, bytes) : nil
  }

  /// Whether a form has been read to its closing quote.
  private mutating func closes(_ form: AvroTextForm) -> Bool {
    guard form.next == AvroCharacters.end else { return false }
    offset = form.offset
    return true
  }
}
