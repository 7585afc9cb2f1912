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

  /// Appends the RFC 3339 form in UTC, with six decimals.
  package func append(to bytes: inout [UInt8]) {
    let microsecondsPerDay: Int64 = 86_400_000_000
    var day = unixMicroseconds / microsecondsPerDay
    var rest = unixMicroseconds % microsecondsPerDay
    if rest < 0 {
      rest += microsecondsPerDay
      day -= 1
    }
    let date = CivilDate(unixDay: day)
    let seconds = rest / 1_000_000
    bytes.append(addingCapacity: Self.textLength) { span in
      span.appendTwoDigits(date.year / 100)
      span.appendTwoDigits(date.year % 100)
      span.append(UInt8(ascii: "-"))
      span.appendTwoDigits(date.month)
      span.append(UInt8(ascii: "-"))
      span.appendTwoDigits(date.day)
      span.append(UInt8(ascii: "T"))
      span.appendTwoDigits(seconds / 3600)
      span.append(UInt8(ascii: ":"))
      span.appendTwoDigits(seconds / 60 % 60)
      span.append(UInt8(ascii: ":"))
      span.appendTwoDigits(seconds % 60)
      span.append(UInt8(ascii: "."))
      span.appendTwoDigits(rest / 10_000 % 100)
      span.appendTwoDigits(rest / 100 % 100)
      span.appendTwoDigits(rest % 100)
      span.append(UInt8(ascii: "Z"))
    }
  }
}

extension OutputSpan<UInt8> {
  /// Appends a number from 0 to 99. Division by a constant is a multiplication, so digits go in pairs of known size.
  @inline(__always)
  mutating func appendTwoDigits(_ value: some BinaryInteger) {
    let value = UInt32(truncatingIfNeeded: value)
    append(48 &+ UInt8(truncatingIfNeeded: value / 10))
    append(48 &+ UInt8(truncatingIfNeeded: value % 10))
  }
}

extension EventTime: CustomStringConvertible {
  /// The RFC 3339 form.
  public var description: String {
    var bytes: [UInt8] = []
    append(to: &bytes)
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

  /// Days since 1970-01-01.
  package var unixDay: Int64 {
    let year = month <= 2 ? self.year - 1 : self.year
    let era = (year >= 0 ? year : year - 399) / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}
