// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import PgOutput
import PostgresWire
import TestStream
import Testing

@testable import OutboxMapping

/// Work on what rows and tables hold never grows by the square.
@Suite(.serialized) struct MappingWorkTests {
  /// A mapper, its table and a message of it, in one run.
  private func growth(
    _ count: Int, columns: [HandBuilt.Column] = [], _ message: (Int) -> [UInt8]
  ) -> Double {
    Scaling.growth(count) {
      message($0)
    } work: { message in
      var mapping = Mapping(columns)
      mapping.configuration.messagePrefixes = ["outbox"]
      var run = Mapping.Run(mapping.configuration)
      try? run.relation(HandBuilt.relation(1, columns: mapping.columns))
      _ = try? run.take(message)
    }
  }

  private func object(_ count: Int, _ member: (Int) -> String) -> String {
    "{" + (0..<count).map(member).joined(separator: ",") + "}"
  }

  private func row(_ payload: String, _ headers: String) -> [UInt8] {
    HandBuilt.insert(1, ["i", "orders", "k", "t", .text(payload), .text(headers)])
  }

  private static let headers = [HandBuilt.Column("headers", 3802)]

  @Test func `four times as many headers take four times as long`() {
    #expect(growth(250, columns: Self.headers) { row("{}", object($0) { "\"h\($0)\":\"x\"" }) } < Scaling.linear)
    #expect(growth(250, columns: Self.headers) { row("{}", object($0) { "\"same\":\($0)" }) } < Scaling.linear)
    #expect(growth(4000, columns: Self.headers) { row("{}", object($0) { "\"h\($0)\":\"x\"" }) } < Scaling.linear)
  }

  @Test func `a header four times as long takes four times as long`() {
    for text in ["x", "\\n", "é", "-"] {
      let growth = growth(4000, columns: Self.headers) { count in
        let long = String(repeating: text, count: count)
        return row("{}", "{\"a\":\"\(long)\",\"\(long)\":[\"\(long)\"]}")
      }
      #expect(growth < Scaling.linear, "\(text)")
    }
  }

  @Test func `four times as many members of a message take four times as long`() {
    #expect(growth(4000) { HandBuilt.message("outbox", object($0) { "\"m\($0)\":\"x\"" }) } < Scaling.linear)
    #expect(growth(250) { HandBuilt.message("outbox", object($0) { "\"type\":\"\($0)\"" }) } < Scaling.linear)
    let nested = growth(4000) { count in
      HandBuilt.message("outbox", "{\"type\":\"t\",\"payload\":" + object(count) { "\"m\($0)\":[{}]" } + "}")
    }
    #expect(nested < Scaling.linear)
  }

  @Test func `JSON nested four times as deep takes four times as long`() {
    let growth = growth(10_000) { count in
      let payload = String(repeating: "[{\"a\":", count: count) + "1" + String(repeating: "}]", count: count)
      return HandBuilt.message("outbox", "{\"type\":\"t\",\"payload\":\(payload)}")
    }
    #expect(growth < Scaling.linear)
  }

  @Test func `a table with four times as many columns and attributes takes four times as long`() throws {
    var configuration = Mapping().configuration
    let growth = Scaling.growth(500) { count -> (MappingConfiguration, [UInt8], [UInt8]) in
      let names = (0..<count).map { "c\($0)" }
      configuration.attributes = names.compactMap { name in AttributeName(name).map { ($0, name) } }
      let usual: [Cell] = ["i", "orders", "k", "t", "{}"]
      let row = HandBuilt.insert(1, usual + names.map { .text($0) })
      return (configuration, HandBuilt.relation(1, columns: Mapping().columns + names.map { .init($0) }), row)
    } work: { configuration, relation, row in
      var run = Mapping.Run(configuration)
      try? run.relation(relation)
      _ = try? run.take(row)
    }
    #expect(growth < Scaling.linear)
  }

  @Test func `four times as many outbox tables, and parts of one, take four times as long`() {
    func findings(_ count: Int, entry: UInt32) -> TableFindings {
      var findings = TableFindings()
      findings.publications = [.init(name: "p")]
      findings.tables = [.init(root: 1, id: 1, name: TableName(schema: "public", name: "outbox"))]
      for number in 2..<(UInt32(count) + 2) {
        let name = TableName(schema: "public", name: "part\(number)")
        findings.tables.append(.init(root: 1, id: number, depth: 1, name: name))
        findings.links.insert(.init(table: number, publication: 1, mark: entry + number))
      }
      return findings
    }
    let tables = [TableName(schema: "public", name: "outbox")]
    let growth = Scaling.growth(500) {
      (findings($0, entry: 1), findings($0, entry: 1_000_000))
    } work: { now, then in
      // Everything was taken out of the publication and put in again, which is accepted.
      for isAgain in [false, true] {
        var ledger = TableLedger(tables, PublishingNeeds(), known: OutboxTables(), acceptsGap: isAgain)
        _ = try? ledger.take(now)
        var next = TableLedger(tables, PublishingNeeds(), known: ledger.known, acceptsGap: isAgain)
        _ = try? next.take(then)
      }
    }
    #expect(growth < Scaling.linear)
  }
}
