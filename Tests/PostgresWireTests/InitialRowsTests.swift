// SPDX-License-Identifier: Apache-2.0

import Files
import PostgresWire
import Testing

@Suite struct InitialRowsTests {
  private func rows(_ keys: [[String]] = [["a"], ["b"]], last: [String] = ["b"]) -> InitialRows {
    var rows = InitialRows(start: LSN(rawValue: 0x16_B374_D848))
    (rows.planned, rows.table, rows.last) = (2, 1, last)
    (rows.gone, rows.layout) = (1, ["16390 id pg_catalog.int8", "16400 at pg_catalog.timestamptz, ä pg_catalog.uuid"])
    rows.pages = [.init(table: 1, first: 1, keys: keys)]
    return rows
  }

  private func read(_ text: String) -> InitialRows? {
    var lines = KeyValueText()
    lines.append("initial-rows", text)
    return KeyValueText(lines.text)?.initialRows
  }

  private func text(_ rows: InitialRows) throws -> String {
    var lines = KeyValueText()
    lines.append(rows)
    return try #require(KeyValueText(lines.text)?["initial-rows"])
  }

  @Test(arguments: [
    "a", "", " ", "a b", "50%", "%20", "a\nb", "\u{7F}", "é\u{301}", "2026-01-31 12:00:00+00", "-infinity", "\u{2028}",
  ])
  func `whatever a key is, it is read back`(key: String) throws {
    let rows = rows([[key, "x"], ["y", key]], last: [key, "1", key])
    let found = try #require(read(text(rows)))
    #expect(
      found == rows
        && found.pages[0].keys.map { $0.map { Array($0.utf8) } } == rows.pages[0].keys.map { $0.map { Array($0.utf8) } }
    )
  }

  @Test func `rows stand right before the slot's beginning, and a page knows its last place`() {
    #expect(rows().commit.rawValue == 0x16_B374_D847)
    #expect(InitialRows.Page(table: 0, first: 1001, keys: [["a"], ["b"], ["c"]]).last == 1003)
  }

  @Test func `the least that makes sense is read`() throws {
    let rows = try #require(read("0/1 open 1 0 0 0 0 1 0 1 1 1 a"))
    #expect(rows.pages == [.init(table: 0, first: 1, keys: [["a"]])] && rows.layout.isEmpty)
  }

  @Test func `what is done is known as done`() throws {
    var rows = InitialRows(start: LSN(rawValue: 1))
    (rows.isDone, rows.planned) = (true, 7)
    #expect(try read(text(rows)) == rows)
  }

  @Test func `a text that was cut anywhere, or has more, makes no sense`() throws {
    let whole = try text(rows([["a", "b"], ["c", "d"]]))
    let words = whole.split(separator: " ")
    for count in 0..<words.count { #expect(read(words.prefix(count).joined(separator: " ")) == nil, "\(count)") }
    #expect(read(whole) != nil)
    #expect(read(whole + " x") == nil && read(whole + " ") == nil)
  }

  @Test(arguments: [
    "x done 0 0 0 0 0 0", "0/1 gone 0 0 0 0 0 0", "0/1 open -1 0 0 0 0 0", "0/1 open 1 -1 0 0 0 0",
    "0/1 open 1 0 0 99999999999 0 0", "0/1 open 1 0 0 0 99999999999 0", "0/1 open 1 0 0 0 0",
    "0/1 open 1 0 0 0 0 1 0 1 5 1 a", "0/1 open 1 0 0 0 0 1 0 1 0 1", "0/1 open 1 0 0 0 0 1 0 1 1 0 a",
    "0/1 open 1 0 0 0 0 1 0 1 9223372036854775807 2 a b", "0/1 open 1 0 0 0 0 1 0 1 1 1 %4",
  ])
  func `what makes no sense is not taken for a record`(text: String) throws {
    #expect(read(text) == nil)
    var lines = KeyValueText()
    lines.append("initial-rows", text)
    #expect(lines.hasBadInitialRows)
  }
}
