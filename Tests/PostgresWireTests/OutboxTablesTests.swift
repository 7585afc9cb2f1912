// SPDX-License-Identifier: Apache-2.0

import Files
import PostgresWire
import Testing

@Suite struct OutboxTablesTests {
  private func outbox(_ schema: String, _ name: String, _ members: [UInt32]) -> OutboxTables.Outbox {
    OutboxTables.Outbox(
      name: TableName(schema: schema, name: name), holder: members[0], members: Set(members),
      links: Set(
        members.dropFirst().map { OutboxTables.Link(table: $0, publication: 7, mark: $0 &+ 1, content: $0 &+ 2) }))
  }

  private func readBack(_ tables: OutboxTables) throws -> OutboxTables? {
    var lines = KeyValueText()
    lines.append(tables)
    return try #require(KeyValueText(lines.text)).tables
  }

  @Test func `whatever the names, they are read back`() throws {
    let tables = OutboxTables(
      [
        outbox("public", "outbox", [16_384]), outbox("a b", "c\nd%20\"e\u{7f}", [7, 1, 4_294_967_295]),
        outbox("é", "e\u{301}", [9, 10]),
      ],
      publications: [
        7: .init(change: .max, isExclusive: true), 8: .init(change: 2, isExclusive: false),
      ])
    #expect(try readBack(tables) == tables)
    #expect(try readBack(OutboxTables()) == OutboxTables())
  }

  @Test(arguments: [
    "\u{2028}", "\u{2029}", "\u{85}", "\u{B}", "\u{C}", "\r\n", "\r", "\t", "\u{A0}", "\u{3000}", "\u{301}", "  ",
    "\u{7F}",
  ])
  func `blanks and line ends of every kind are read back in a table's name`(sign: String) throws {
    for name in ["a\(sign)b", sign, "\(sign)a", "a\(sign)"] {
      let tables = OutboxTables([outbox("public", name, [1, 2]), outbox(name, "x", [3])])
      #expect(try readBack(tables) == tables)
    }
  }

  @Test func `a name beyond ASCII that an earlier version wrote is read`() throws {
    let lines = try #require(KeyValueText("table.0 1 - public.\"bestellung_\u{E4}\u{2603}\"\n"))
    #expect(lines.tables?.outboxes.first?.name == TableName(schema: "public", name: "bestellung_\u{E4}\u{2603}"))
  }

  @Test(arguments: [
    "1", "x - public.outbox", "1,x - public.outbox", "- public.outbox", "1 - a.b.c", "1 - a%2", "1 1 public.outbox",
    "1 1:x public.outbox", "1 1:2:3:4:5 public.outbox", "1 1:2 public.outbox x",
  ])
  func `a line that makes no sense makes none of the whole`(line: String) throws {
    #expect(try #require(KeyValueText("table.0 \(line)")).tables == nil)
  }

  @Test func `what an earlier version knew of entries is passed over`() throws {
    let lines = try #require(KeyValueText("table.0 1,2 1:50,2:51 public.outbox"))
    let tables = try #require(lines.tables)
    #expect(tables.outboxes.first?.members == [1, 2] && tables.outboxes.first?.links.isEmpty == true)
  }

  @Test func `of very many members the newest are kept, and the one that has the name`() throws {
    let tables = OutboxTables([outbox("public", "outbox", [5] + Array(1000...30_000))])
    let back = try #require(try readBack(tables)?.outboxes.first)
    #expect(back.holder == 5 && back.members.contains(5) && back.members.contains(30_000))
    #expect(!back.members.contains(1000))
    // Much fewer are kept whole, and a file of ours may be that long.
    let some = OutboxTables([outbox("public", "outbox", Array(1000...10_000))])
    #expect(try readBack(some) == some)
  }
}
