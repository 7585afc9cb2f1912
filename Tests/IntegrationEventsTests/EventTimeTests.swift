// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import TestStream
import Testing

@Suite struct EventTimeTests {
  @Test(arguments: [
    (Int64(0), "1970-01-01T00:00:00.000000Z"),
    (-1, "1969-12-31T23:59:59.999999Z"),
    (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
    (951_868_799_999_999, "2000-02-29T23:59:59.999999Z"),
    (951_868_800_000_000, "2000-03-01T00:00:00.000000Z"),
    (-2_203_891_200_000_001, "1900-02-28T23:59:59.999999Z"),
    (-2_203_891_200_000_000, "1900-03-01T00:00:00.000000Z"),
    (1_714_564_800_123_456, "2024-05-01T12:00:00.123456Z"),
    (4_107_542_399_000_000, "2100-02-28T23:59:59.000000Z"),
    (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
    (-62_135_596_800_000_000, "0001-01-01T00:00:00.000000Z"),
    (-62_135_596_799_999_999, "0001-01-01T00:00:00.000001Z"),
    (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
  ])
  func `known instants`(microseconds: Int64, text: String) {
    #expect(EventTime(unixMicroseconds: microseconds)?.description == text)
  }

  @Test(arguments: [Int64.min, -62_135_596_800_000_001, 253_402_300_800_000_000, .max])
  func `years that RFC 3339 cannot write are refused`(microseconds: Int64) {
    #expect(EventTime(unixMicroseconds: microseconds) == nil)
  }

  @Test func `earlier is less`() throws {
    let early = try #require(EventTime(unixMicroseconds: -1))
    #expect(early < .epoch)
  }
}

@Suite struct EventTimeParsingTests {
  private func parse(_ text: some Collection<UInt8>) -> EventTime? {
    let bytes = Array("before".utf8) + text
    return EventTime.parse(bytes.span.bytes, 6..<bytes.count)
  }

  @Test(arguments: [
    ("2026-11-23 07:16:06.254758+00", "2026-11-23T07:16:06.254758Z"),
    ("2026-11-23T07:16:06Z", "2026-11-23T07:16:06.000000Z"),
    ("2026-11-23 07:16:06", "2026-11-23T07:16:06.000000Z"),
    ("2026-11-23 07:16:06.5-01:30", "2026-11-23T08:46:06.500000Z"),
    ("1890-01-01 00:00:00+00:53:28", "1889-12-31T23:06:32.000000Z"),
    ("2024-02-29 24:00:00+00", "2024-03-01T00:00:00.000000Z"),
    ("2026-11-23 07:16:06.1234567", "2026-11-23T07:16:06.123456Z"),
  ])
  func `what PostgreSQL and RFC 3339 write`(text: String, expected: String) {
    #expect(parse(text.utf8)?.description == expected)
  }

  @Test(arguments: [
    "", "infinity", "2026-11-23", "2026-11-23 07:16", "2026-02-29 00:00:00", "2026-13-01 00:00:00",
    "2026-00-01 00:00:00", "2026-01-00 00:00:00", "2026-11-23 25:00:00", "2026-11-23 07:60:00", "2026-11-23 07:16:61",
    "2026-11-23 07:16:06.", "2026-11-23 07:16:06+", "2026-11-23 07:16:06+1", "2026-11-23 07:16:06+01:",
    "2026-11-23 07:16:06 BC", "12026-11-23 07:16:06", "2026-11-23 07:16:06+00:00:00:00", "0000-01-01 00:00:00",
  ])
  func `what is no time`(text: String) {
    #expect(parse(text.utf8) == nil)
  }

  @Test func `a wrong byte anywhere is noticed`() {
    let text = Array("2026-11-23 07:16:06.254758+00".utf8)
    for place in text.indices {
      for byte in UInt8.min...UInt8.max where byte != text[place] {
        var damaged = text
        damaged[place] = byte
        let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[place])
        let mayBe: Set<UInt8> =
          isDigit ? Set("0123456789".utf8) : place == 10 ? [UInt8(ascii: "T")] : Set("+-Z0123456789".utf8)
        if !mayBe.contains(byte) { #expect(parse(damaged) == nil, "byte \(byte) at \(place)") }
      }
    }
  }

  @Test func `every time is read back as it was written`() {
    var random = Randomness(seed: 7)
    for _ in 0..<20_000 {
      let span = UInt64(EventTime.range.upperBound - EventTime.range.lowerBound)
      let time = EventTime(unixMicroseconds: EventTime.range.lowerBound + Int64(random.next() % span))
      #expect(time.flatMap { parse($0.description.utf8) } == time)
    }
  }
}

@Suite struct CivilDateTests {
  @Test(
    arguments: [
      (Int64(0), CivilDate(year: 1970, month: 1, day: 1)),
      (-1, CivilDate(year: 1969, month: 12, day: 31)),
      (11_016, CivilDate(year: 2000, month: 2, day: 29)),
      (11_017, CivilDate(year: 2000, month: 3, day: 1)),
      (19_782, CivilDate(year: 2024, month: 2, day: 29)),
      (-719_162, CivilDate(year: 1, month: 1, day: 1)),
      (-719_163, CivilDate(year: 0, month: 12, day: 31)),
      (-719_468, CivilDate(year: 0, month: 3, day: 1)),
      (2_932_896, CivilDate(year: 9999, month: 12, day: 31)),
    ] as [(Int64, CivilDate)])
  func `known dates`(day: Int64, date: CivilDate) {
    #expect(CivilDate(unixDay: day) == date)
    #expect(date.unixDay == day)
  }

  /// Walks the calendar by the rule of the leap years, which the conversion does not use.
  @Test func `every day of four centuries follows the one before`() {
    var (year, month, day) = (1799, 12, 31) as (Int64, Int64, Int64)
    var failures = 0
    for unixDay in CivilDate(year: 1800, month: 1, day: 1).unixDay..<CivilDate(year: 2201, month: 1, day: 1).unixDay {
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      day += 1
      if day > lengths[Int(month) - 1] { (month, day) = (month + 1, 1) }
      if month > 12 { (year, month) = (year + 1, 1) }
      let date = CivilDate(year: year, month: month, day: day)
      if CivilDate(unixDay: unixDay) != date || date.unixDay != unixDay { failures += 1 }
    }
    #expect((year, month, day) == (2200, 12, 31))
    #expect(failures == 0)
  }
}
