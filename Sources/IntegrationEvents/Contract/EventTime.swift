// SPDX-License-Identifier: Apache-2.0

/// An instant in microseconds since 1970-01-01 00:00 UTC, in the years 0001 to 9999 that RFC 3339 can write.
public struct EventTime: Hashable, Comparable, Sendable {
  /// Microseconds since the Unix epoch.
  public let unixMicroseconds: Int64

  /// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z.
  public static let range: ClosedRange<Int64> = -62_135_596_800_000_000...253_402_300_799_999_999

  /// Makes an instant; nil outside `range`.
  public init?(unixMicroseconds: Int64) {
    guard Self.range.contains(unixMicroseconds) else { return nil }
    self.init(unchecked: unixMicroseconds)
  }

  /// 1970-01-01T00:00:00Z.
  public static let epoch = EventTime(unchecked: 0)

  private init(unchecked unixMicroseconds: Int64) {
    self.unixMicroseconds = unixMicroseconds
  }

  /// Whether one instant is earlier than another.
  public static func < (left: EventTime, right: EventTime) -> Bool {
    left.unixMicroseconds < right.unixMicroseconds
  }

  /// How long the RFC 3339 form is, always: `2026-11-23T06:30:00.000000Z`.
  package static let textLength = 27

  /// Appends the RFC 3339 form in UTC, with six decimals; there must be room for `LineWriter.slack` bytes more.
  @inline(__always)
  func append(to line: inout LineWriter) {
    // Counted from the range's start, so that nothing is negative.
    let microseconds = UInt64(bitPattern: unixMicroseconds &- Self.range.lowerBound)
    let date = CivilDate(unixDay: Int64(microseconds / 86_400_000_000) &- 719_162)
    let rest = microseconds % 86_400_000_000
    let seconds = UInt32(rest / 1_000_000)
    let fraction = UInt32(rest % 1_000_000)
    let year = UInt32(truncatingIfNeeded: date.year)
    let month = DigitWord.twoDecimal(UInt32(truncatingIfNeeded: date.month))
    let day = DigitWord.twoDecimal(UInt32(truncatingIfNeeded: date.day))
    let hyphen = UInt64(UInt8(ascii: "-"))
    let colon = UInt64(UInt8(ascii: ":"))
    line.append(
      word: DigitWord.twoDecimal(year / 100) | DigitWord.twoDecimal(year % 100) << 16 | hyphen << 32 | month << 40
        | hyphen << 56)
    line.append(
      word: day | UInt64(UInt8(ascii: "T")) << 16 | DigitWord.twoDecimal(seconds / 3600) << 24 | colon << 40
        | DigitWord.twoDecimal(seconds / 60 % 60) << 48)
    line.append(
      word: colon | DigitWord.twoDecimal(seconds % 60) << 8 | UInt64(UInt8(ascii: ".")) << 24
        | DigitWord.twoDecimal(fraction / 10_000) << 32 | DigitWord.twoDecimal(fraction / 100 % 100) << 48)
    line.append(word: DigitWord.twoDecimal(fraction % 100) | UInt64(UInt8(ascii: "Z")) << 16, length: 3)
  }
}

extension EventTime: CustomStringConvertible {
  /// The RFC 3339 form.
  public var description: String {
    var bytes: [UInt8] = []
    bytes.append(room: Self.textLength + LineWriter.slack) { append(to: &$0) }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// A date of the proleptic Gregorian calendar.
package struct CivilDate: Hashable, Sendable {
  package let year: Int64
  package let month: Int64
  package let day: Int64

  package init(year: Int64, month: Int64, day: Int64) {
    self.year = year
    self.month = month
    self.day = day
  }

  /// Counts from 0000-03-01, so that the leap day is the last of its year; 146,097 days make 400 years.
  package init(unixDay: Int64) {
    let shifted = unixDay + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    self.init(
      year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
      day: dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
  }

  /// Whether the calendar has this date.
  package var isReal: Bool {
    guard (1...12).contains(month), day >= 1 else { return false }
    if month == 2 {
      let isLeapYear = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      return day <= (isLeapYear ? 29 : 28)
    }
    return day <= (month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31)
  }

  /// Days since 1970-01-01.
  package var unixDay: Int64 {
    let year = month <= 2 ? self.year - 1 : self.year
    let era = (year >= 0 ? year : year - 399) / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}
