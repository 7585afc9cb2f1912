// SPDX-License-Identifier: Apache-2.0

import Octets

/// UUIDs and times as nearly all are written, without escapes: eight bytes at a time.
///
/// What is none of these may still be one: then nothing has been read.
extension AvroCheck {
  /// A UUID in quotes.
  mutating func isPlainUUID(_ bytes: RawSpan) -> Bool {
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

  /// `YYYY-MM-DDTHH:MM:SS` in quotes, with decimals or without, and a zone if there is to be one.
  mutating func isPlainTimestamp(hasZone: Bool, _ bytes: RawSpan) -> Bool {
    guard end - offset >= 22, isQuote(bytes) else { return false }
    let start = offset + 1
    let (date, time) = (bytes.word(at: start), bytes.word(at: start + 8))
    let (tens, ones) = (bytes.byte(at: start + 17) &- 0x30, bytes.byte(at: start + 18) &- 0x30)
    guard Self.isDecimal(date, others: 0xFF00_00FF_0000_0000, are: 0x2D00_002D_0000_0000),
      Self.isDecimal(time, others: 0x0000_FF00_00FF_0000, are: 0x0000_3A00_0054_0000),
      bytes.byte(at: start + 16) == UInt8(ascii: ":"), tens <= 6, ones <= 9, tens * 10 + ones <= 60,
      (1...12).contains(Self.number(date, 5)), Self.number(time, 0) > 0, Self.number(time, 3) <= 23,
      Self.number(time, 6) <= 59,
      AvroTextForm.isDay(
        Self.number(date, 0) * 100 + Self.number(date, 2), Self.number(date, 5), Self.number(time, 0))
    else { return false }
    var next = start + 19
    if bytes.byte(at: next) == UInt8(ascii: ".") {
      next += 1
      let decimals = next
      while next < end, bytes.byte(at: next) &- 0x30 <= 9 { next += 1 }
      guard next > decimals else { return false }
    }
    if hasZone {
      guard let behind = plainZone(next, bytes) else { return false }
      next = behind
    }
    guard next < end, bytes.byte(at: next) == UInt8(ascii: "\"") else { return false }
    offset = next + 1
    return true
  }

  /// Behind a `Z` or `+HH:MM`.
  private func plainZone(_ start: Int, _ bytes: RawSpan) -> Int? {
    guard start < end else { return nil }
    let sign = bytes.byte(at: start)
    if sign == UInt8(ascii: "Z") { return start + 1 }
    guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), start + 8 <= end else { return nil }
    // What comes before and behind the five is not looked at.
    let zone = bytes.word(at: start)
    guard
      Self.isDecimal(zone | 0xFF, others: 0xFFFF_0000_FF00_00FF, are: zone & 0xFFFF_0000_0000_0000 | 0x3A00_00FF),
      Self.number(zone, 1) <= 23, Self.number(zone, 4) <= 59
    else { return nil }
    return start + 6
  }

  /// Whether eight bytes are decimal digits, and others where a mask is set.
  private static func isDecimal(_ word: UInt64, others mask: UInt64, are others: UInt64) -> Bool {
    let (ones, highs): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
    let digits = word & ~mask | ones &* 0x30 & mask
    guard word & mask == others, digits & highs == 0 else { return false }
    return (digits &+ ones &* (0x80 - 0x30)) & ~(digits &+ ones &* (0x7F - 0x39)) & highs == highs
  }

  /// The number that two digits of eight bytes are.
  private static func number(_ word: UInt64, _ index: UInt64) -> Int {
    Int(word &>> (index * 8) & 0xF) * 10 + Int(word &>> (index * 8 + 8) & 0xF)
  }
}
