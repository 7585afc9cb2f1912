// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Testing

@Suite struct TimelineHistoryTests {
  private let file = "1\t0/152AF10\tno recovery target specified\n\n# a comment\n2 0/3000000 before 2026\n"

  @Test func `a record has the timeline on which it was written`() throws {
    let history = try #require(TimelineHistory(file: file, current: 3))
    for (lsn, timeline) in [(0x1, 1), (0x152AF0F, 1), (0x152AF10, 2), (0x2FFFFFF, 2), (0x3000000, 3)]
      as [(UInt64, UInt32)]
    {
      #expect(history.timeline(of: LSN(rawValue: lsn)) == timeline)
    }
    #expect(TimelineHistory().timeline(of: LSN(rawValue: .max)) == 1)
  }

  @Test func `its text reads back`() throws {
    let history = try #require(TimelineHistory(file: file, current: 3))
    #expect(history.description == "1:0/152AF10 2:0/3000000 3")
    #expect(TimelineHistory(history.description) == history)
    #expect(TimelineHistory("1") == TimelineHistory())
  }

  @Test(arguments: ["x\t0/1", "1", "1\tnowhere\tbecause"])
  func `something else is no history`(file: String) {
    #expect(TimelineHistory(file: file, current: 2) == nil)
  }
}
