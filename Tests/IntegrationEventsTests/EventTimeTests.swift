import IntegrationEvents
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
