// SPDX-License-Identifier: Apache-2.0

import Files
import PostgresWire
import Testing

@Suite struct PolledRowsTests {
  private func read(_ text: String) -> KeyValueText? {
    var lines = KeyValueText()
    lines.append("polled-rows", text)
    return KeyValueText(lines.text)
  }

  @Test(arguments: [[], ["7", "a b"], ["", " ", "50%", "\n", "é\u{301}"]])
  func `what is kept is read back`(last: [String]) throws {
    let rows = PolledRows(
      server: "7-00000001", log: LSN(rawValue: 0x16_B374_D848), low: 5, high: 1 << 40, order: "t.\"n\", t.id",
      last: last)
    var lines = KeyValueText()
    lines.append(rows)
    let found = try #require(KeyValueText(lines.text)?.polledRows)
    #expect(found == rows && found.last.map { Array($0.utf8) } == last.map { Array($0.utf8) })
  }

  @Test(arguments: ["", "7 0/1 5", "7 x 5 6", "7 0/1 6 5", "7 0/1 -1 5", "7 0/1 5 x", "7 0/1 5 6", "7 0/1 5 6 t.n %4"])
  func `what makes no sense is not taken for a record`(text: String) {
    #expect(read(text)?.polledRows == nil)
    #expect(read(text)?.hasBadPolledRows == true)
  }

  @Test func `a position is on record once everything up to it is delivered`() {
    let desk = PollDesk()
    func rows(_ high: UInt64) -> PolledRows { PolledRows(server: "7", log: .zero, low: 0, high: high, order: "t.n") }
    desk.begin(after: LSN(rawValue: 10), known: rows(1))
    desk.note(rows(2), at: LSN(rawValue: 11))
    desk.note(rows(3), at: LSN(rawValue: 12))
    desk.note(rows(4), at: LSN(rawValue: 13))
    #expect(desk.takeNoted(upTo: LSN(rawValue: 10)) == nil)
    #expect(desk.takeNoted(upTo: LSN(rawValue: 12)) == rows(3))
    #expect(desk.takeNoted(upTo: LSN(rawValue: 12)) == nil)
    // What was under way when the connection was lost is read again.
    #expect(desk.restart() == rows(3))
    #expect(desk.takeNoted(upTo: LSN(rawValue: 13)) == nil)
  }
}
