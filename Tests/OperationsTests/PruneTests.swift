// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire
import Testing

@testable import Operations

@Suite struct PruneProofTests {
  private static let target = PruneTarget(id: "\"id\"", time: "\"at\"", limit: "x", oid: "1", parts: [])

  @Test func `a row has to be older than what was confirmed, younger than the slot by number and clock, and no letter`()
  {
    let proof = PruneProof(delivered: 900, start: 100, startTime: "2026-01-31 12:00:00+00")
    let condition = Pruner.mayGo(Self.target, proof)
    #expect(condition.contains("< 900 AND") && condition.contains(">= 100 AND"))
    #expect(condition.contains("t.\"at\" >= '2026-01-31 12:00:00+00'"))
    #expect(condition.hasSuffix("AND t.\"id\"::pg_catalog.text <> ALL ($2::pg_catalog.text[])"))
  }

  @Test func `rows from before the slot still have to be older than what was confirmed`() {
    let condition = Pruner.proved(Self.target, PruneProof(delivered: 900, start: nil, startTime: nil))
    #expect(condition.hasSuffix("< 900") && !condition.contains("AND t."))
  }

  /// The arithmetic of the statement: what 32 bits are of, seen from the next number.
  @Test(
    arguments: [
      (1_000, 999, 999), (1_000, 3, 3), (4_294_967_396, 50, 4_294_967_346),
      (4_294_967_396, 4_294_967_290, 4_294_967_290),
      (8_589_934_592, 4_294_967_295, 8_589_934_591), (8_589_934_592, 0, 8_589_934_592),
    ] as [(Int64, Int64, Int64)])
  func `a number of 32 bits is the last one that it can be`(next: Int64, xmin: Int64, number: Int64) {
    #expect(Pruner.number("\(xmin)", next: "\(next)") == "(\(next) - ((\(next) - \(xmin)) & 4294967295))")
    #expect(next - ((next - xmin) & 4_294_967_295) == number)
  }

  @Test func `a letter's id is the event's, or that of the row that could not become one`() {
    #expect(KeptIDs.id(ofRow: #"{"id":"a\"b","n":1}"#, ["key", "id"]) == "a\"b")
    #expect(
      KeptIDs.id(ofRow: #"{"id":"a","key":"b"}"#, ["key", "id"]) == "b", "the first column that is configured counts")
    #expect(KeptIDs.id(ofRow: #"{"n":{"id":"a"}}"#, ["id"]) == nil)
    #expect(KeptIDs.id(ofRow: #"{"id":"a"#, ["id"]) == nil)
    #expect(KeptIDs.id(ofRow: "", ["id"]) == nil)
  }
}

@Suite struct PruneMarksTests {
  private let table = TableName(schema: "s", name: "tailrace_marks")
  private let outboxes = [TableName(schema: "s", name: "a"), TableName(schema: "s", name: "b'c")]

  @Test func `a new slot voids what was noted of another of its name, and is noted for each outbox`() {
    let statements = PruneMarks.startStatements(table, slot: "o'x", outboxes: outboxes, isNew: true)
    #expect(statements.hasPrefix("DELETE FROM \"s\".\"tailrace_marks\" WHERE slot = E'o''x'; INSERT"))
    #expect(statements.components("INSERT").count == 3 && statements.contains("b'"))
  }

  @Test func `an outbox more leaves what is noted of others`() {
    #expect(!PruneMarks.startStatements(table, slot: "o", outboxes: outboxes, isNew: false).contains("DELETE"))
  }

  @Test func `a position is no start`() {
    #expect(PruneMarks.note(table, "o").contains("NULL, false"))
    #expect(PruneMarks.note(table, "o", beginning: outboxes[0]).contains("E's.a', true"))
  }
}

@Suite struct DayPartitionsTests {
  private func days(_ name: String, owner: String? = nil, there: Set<Int> = []) -> DayPartitions {
    DayPartitions(
      table: TableName(schema: "s", name: name), owner: owner,
      days: (0...DayPartitions.made).map { n in
        .init(label: "2026013\(n)", low: "low\(n)", high: "high\(n)", isThere: there.contains(n))
      })
  }

  @Test func `all that are not there are made, and those of the next days have to be there`() {
    #expect(days("o").missing.count == 9 && days("o").lacking.count == 7)
    #expect(days("o", there: Set(0...6)).lacking.isEmpty && days("o", there: Set(0...6)).missing.count == 2)
    #expect(days("o", there: Set(0...8).subtracting([3])).lacking.map(\.low) == ["low3"])
  }

  @Test func `a long name is cut between two letters, so that the day stays in it`() {
    #expect(days("outbox").name("20260131").name == "outbox_20260131")
    let long = days(String(repeating: "ä", count: 31)).name("20260131").name
    #expect(long == String(repeating: "ä", count: 27) + "_20260131" && long.utf8.count == 63)
    #expect(days(String(repeating: "x", count: 63)).name("default").name.utf8.count == 62)
  }

  @Test func `a partition is made beside the table, given to its owner, and then attached`() {
    let table = days("o\"x", owner: "own")
    let statements = table.statements(table.days[0])
    #expect(
      statements.count == 3 && statements[0].hasPrefix("CREATE TABLE \"s\".\"o\"\"x_20260130\" (LIKE \"s\".\"o\"\"x\" ")
    )
    #expect(statements[1] == "ALTER TABLE \"s\".\"o\"\"x_20260130\" OWNER TO \"own\";")
    #expect(statements[2].hasSuffix("FOR VALUES FROM ('low0') TO ('high0');"))
    #expect(days("o").statements(table.days[0]).count == 2)
  }

  @Test func `an outbox by time has a key that begins with the id, a partition for the rest, and all days`() {
    let sql = OutboxTable.createStatement(TableName(schema: "s", name: "o"), days("o", there: [8]))
    #expect(sql.contains("PRIMARY KEY (id, occurred_at)\n) PARTITION BY RANGE (occurred_at);"))
    #expect(sql.contains("CREATE TABLE \"s\".\"o_default\" PARTITION OF \"s\".\"o\" DEFAULT;"))
    #expect(sql.components("ATTACH PARTITION").count == 9)
    let plain = OutboxTable.createStatement(TableName(schema: "s", name: "o"))
    #expect(
      plain.hasSuffix("traceparent pg_catalog.text\n);") && plain.contains("id pg_catalog.uuid PRIMARY KEY DEFAULT"))
  }
}

extension String {
  fileprivate func components(_ separator: String) -> [Substring] {
    split(separator: separator, omittingEmptySubsequences: false)
  }
}
