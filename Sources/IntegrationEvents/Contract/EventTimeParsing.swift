// SPDX-License-Identifier: Apache-2.0

import Octets

/// Reading times as PostgreSQL's ISO date style and RFC 3339 write them, and as epoch numbers.
extension EventTime {
  /// `2026-11-23 06:30:00.5+01`, with a blank or T, any number of decimals up to six, and an offset or Z or nothing,
  /// which means UTC. Years beyond 9999, BC and infinity are refused.
  package static func parse(_ bytes: RawSpan, _ range: Range<Int>) -> EventTime? {
    // `2026-11-23 06:30:00` at least.
    guard range.count >= 19 else { return nil }
    let start = range.lowerBound
    // Bytes 0 to 7, 8 to 15 and 11 to 18; of the second only the first three.
    guard let months = DigitWord.pairs(bytes.word(at: start), digits: 0x00FF_FF00_FFFF_FFFF, template: hyphens),
      let days = DigitWord.pairs(bytes.word(at: start + 8), digits: 0xFFFF, template: bytes.word(at: start + 8)),
      case let separator = bytes.byte(at: start + 10), separator == UInt8(ascii: " ") || separator == UInt8(ascii: "T"),
      let seconds = DigitWord.pairs(bytes.word(at: start + 11), digits: 0xFFFF_00FF_FF00_FFFF, template: colons)
    else { return nil }
    let year = Int64(months & 0xFF) * 100 + Int64(months >> 16 & 0xFF)
    let month = Int64(months >> 40 & 0xFF)
    let day = Int64(days & 0xFF)
    let hour = Int64(seconds & 0xFF)
    let minute = Int64(seconds >> 24 & 0xFF)
    let second = Int64(seconds >> 48 & 0xFF)
    guard hour <= 24, minute < 60, second <= 60 else { return nil }
    var reader = DigitReader(offset: start + 19, end: range.upperBound)
    var microseconds: Int64 = 0
    if reader.take(".", bytes) {
      guard let fraction = reader.fraction(bytes) else { return nil }
      microseconds = fraction
    }
    guard let offset = reader.zone(bytes), reader.isAtEnd else { return nil }
    let date = CivilDate(year: year, month: month, day: day)
    guard date.isReal else { return nil }
    let unixSeconds = date.unixDay * 86_400 + hour * 3600 + minute * 60 + second - offset
    return EventTime(unixMicroseconds: unixSeconds * 1_000_000 + microseconds)
  }

  /// `....-..-` and `..:..:..`, the first byte lowest.
  private static let hyphens: UInt64 = 0x2D00_002D_0000_0000
  private static let colons: UInt64 = 0x0000_3A00_003A_0000

  /// A count since 1970: its size tells seconds, milliseconds, microseconds or nanoseconds apart, which do not overlap
  /// for times between 1973 and 5138.
  package static func parseEpoch(_ bytes: RawSpan, _ range: Range<Int>) -> EventTime? {
    guard let number = Int64(bytes.text(range)) else { return nil }
    switch number.magnitude {
    case ..<100_000_000_000: return EventTime(unixMicroseconds: number * 1_000_000)
    case ..<100_000_000_000_000: return EventTime(unixMicroseconds: number * 1000)
    case ..<100_000_000_000_000_000: return EventTime(unixMicroseconds: number)
    default: return EventTime(unixMicroseconds: number / 1000)
    }
  }
}

/// Takes digits and signs from a range.
private struct DigitReader {
  var offset: Int
  let end: Int

  var isAtEnd: Bool { offset == end }

  @inline(__always)
  mutating func take(_ character: UnicodeScalar, _ bytes: RawSpan) -> Bool {
    guard offset < end, bytes.byte(at: offset) == UInt8(ascii: character) else { return false }
    offset &+= 1
    return true
  }

  @inline(__always)
  mutating func twoDigits(_ bytes: RawSpan) -> Int64? {
    guard end - offset >= 2 else { return nil }
    let tens = bytes.byte(at: offset) &- 48
    let ones = bytes.byte(at: offset &+ 1) &- 48
    offset &+= 2
    return max(tens, ones) > 9 ? nil : Int64(tens) * 10 + Int64(ones)
  }

  /// One to six decimals, as microseconds; further ones, which PostgreSQL never writes, are cut off.
  @inline(__always)
  mutating func fraction(_ bytes: RawSpan) -> Int64? {
    var value: Int64 = 0
    let start = offset
    while offset < end, case let digit = bytes.byte(at: offset) &- 48, digit < 10 {
      if offset - start < 6 { value = value &* 10 &+ Int64(digit) }
      offset &+= 1
    }
    guard offset > start else { return nil }
    for _ in min(offset - start, 6)..<6 { value &*= 10 }
    return value
  }

  /// Seconds east of Greenwich: Z, nothing, or a sign with hours, minutes and seconds; nil for something else.
  @inline(__always)
  mutating func zone(_ bytes: RawSpan) -> Int64? {
    if isAtEnd || take("Z", bytes) { return 0 }
    let isWest = take("-", bytes)
    guard isWest || take("+", bytes), let hours = twoDigits(bytes) else { return nil }
    var seconds = hours * 3600
    var unit: Int64 = 60
    while unit > 0, take(":", bytes) {
      guard let value = twoDigits(bytes) else { return nil }
      seconds += value * unit
      unit /= 60
    }
    return isWest ? -seconds : seconds
  }
}
