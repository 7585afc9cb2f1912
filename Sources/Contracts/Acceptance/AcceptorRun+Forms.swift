// SPDX-License-Identifier: Apache-2.0

/// UUIDs and times as nearly all are written, without escapes: eight bytes at a time.
extension AcceptorRun {
  /// A UUID in quotes. Source: RFC 4122, section 3.
  func uuid(_ quote: Int) -> Int {
    let start = quote + 1
    guard end - quote >= 38, byte(quote + 37) == UInt8(ascii: "\""), byte(start + 8) == UInt8(ascii: "-"),
      Self.isHexadecimal(word(start), dashes: 0),
      Self.isHexadecimal(word(start + 9), dashes: 0x0000_00FF_0000_0000),
      Self.isHexadecimal(word(start + 16), dashes: 0xFF00_0000_00FF_0000),
      Self.isHexadecimal(word(start + 24), dashes: 0), Self.isHexadecimal(word(start + 28), dashes: 0)
    else { return -1 }
    return quote + 38
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

  /// `YYYY-MM-DDTHH:MM:SS` in quotes, with decimals or without, and a zone if there is to be one; of days only those that each
  /// year has. Source: RFC 3339, section 5.6.
  func timestamp(hasZone: Bool, _ quote: Int) -> Int {
    let start = quote + 1
    guard end - quote >= 22 else { return -1 }
    let (date, time) = (word(start), word(start + 8))
    let (tens, ones) = (byte(start + 17) &- 0x30, byte(start + 18) &- 0x30)
    let (month, day) = (Self.number(date, 5), Self.number(time, 0))
    guard Self.isYearAndMonth(date),
      Self.isDecimal(time, others: 0x0000_FF00_00FF_0000, are: 0x0000_3A00_0054_0000),
      byte(start + 16) == UInt8(ascii: ":"), tens <= 6, ones <= 9, tens * 10 + ones <= 60,
      month >= 1, month <= 12, day >= 1, day <= Self.days(of: month), Self.number(time, 3) <= 23,
      Self.number(time, 6) <= 59
    else { return -1 }
    var next = start + 19
    if byte(next) == UInt8(ascii: ".") {
      let decimals = next + 1
      next = decimals
      while byte(next) &- 0x30 <= 9 { next += 1 }
      guard next > decimals else { return -1 }
    }
    if hasZone { next = zone(next) }
    return next >= 0 && byte(next) == UInt8(ascii: "\"") ? next + 1 : -1
  }

  /// A timestamp as Protobuf has it.
  func instant(_ quote: Int) -> Int {
    let behind = timestamp(hasZone: true, quote)
    // Its seconds have no six in front, and no tenth decimal follows.
    guard behind >= 0, byte(quote + 18) != UInt8(ascii: "6"), byte(quote + 30) &- 0x30 > 9 || behind < quote + 32
    else { return -1 }
    let year = word(quote + 1) & 0xFFFF_FFFF
    return year == 0x3030_3030 || year == 0x3130_3030 || year == 0x3939_3939 ? -1 : behind
  }

  static func days(of month: Int) -> Int {
    switch month {
    case 2: 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Behind a `Z` or `+HH:MM`.
  private func zone(_ start: Int) -> Int {
    let sign = byte(start)
    if sign == UInt8(ascii: "Z") { return start + 1 }
    guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), start + 6 <= end else { return -1 }
    // What comes before and behind the five is not looked at.
    let zone = word(start)
    guard
      Self.isDecimal(zone | 0xFF, others: 0xFFFF_0000_FF00_00FF, are: zone & 0xFFFF_0000_0000_0000 | 0x3A00_00FF),
      Self.number(zone, 1) <= 23, Self.number(zone, 4) <= 59
    else { return -1 }
    return start + 6
  }

  /// Whether eight bytes begin a day, up to behind its month.
  static func isYearAndMonth(_ word: UInt64) -> Bool {
    isDecimal(word, others: 0xFF00_00FF_0000_0000, are: 0x2D00_002D_0000_0000)
  }

  /// Whether eight bytes are decimal digits, and others where a mask is set.
  private static func isDecimal(_ word: UInt64, others mask: UInt64, are others: UInt64) -> Bool {
    let (ones, highs): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
    let digits = word & ~mask | ones &* 0x30 & mask
    guard word & mask == others, digits & highs == 0 else { return false }
    return (digits &+ ones &* (0x80 - 0x30)) & ~(digits &+ ones &* (0x7F - 0x39)) & highs == highs
  }

  /// The number that two digits of eight bytes are.
  static func number(_ word: UInt64, _ index: UInt64) -> Int {
    Int(word &>> (index * 8) & 0xF) * 10 + Int(word &>> (index * 8 + 8) & 0xF)
  }
}
