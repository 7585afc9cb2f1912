// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Testing

@Suite struct PostgresTimestampTests {
  @Test func `the epoch is the year 2000`() {
    #expect(PostgresTimestamp(rawValue: 0).unixMicroseconds == 946_684_800_000_000)
    #expect(PostgresTimestamp(unixMicroseconds: 946_684_800_000_000).rawValue == 0)
    #expect(PostgresTimestamp(unixMicroseconds: 0).rawValue == -946_684_800_000_000)
  }

  @Test(arguments: [0, 1, -1, 777_777_777_777_777, -777_777_777_777_777])
  func `conversion goes both ways`(value: Int64) {
    #expect(PostgresTimestamp(unixMicroseconds: PostgresTimestamp(rawValue: value).unixMicroseconds).rawValue == value)
  }

  @Test func `the ends of the range saturate`() {
    #expect(PostgresTimestamp(rawValue: .max).unixMicroseconds == .max)
    #expect(PostgresTimestamp(rawValue: .min).unixMicroseconds == .min + 946_684_800_000_000)
    #expect(PostgresTimestamp(unixMicroseconds: .min).rawValue == .min)
    #expect(PostgresTimestamp(unixMicroseconds: .max).rawValue == .max - 946_684_800_000_000)
  }

  @Test func `earlier is less`() {
    #expect(PostgresTimestamp(rawValue: -1) < PostgresTimestamp(rawValue: 0))
  }

  @Test func `the clock is past 2024 and before 2200`() {
    let range = 757_382_400_000_000..<6_311_433_600_000_000 as Range<Int64>
    #expect(range.contains(PostgresTimestamp.now.rawValue))
  }
}
