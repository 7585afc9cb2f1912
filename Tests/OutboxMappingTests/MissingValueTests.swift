// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import PgOutput
import PostgresWire
import TestStream
import Testing

@testable import OutboxMapping

@Suite struct MissingValueTests {
  @Test(arguments: [0, 1, 2, 3])
  func `NULL in a required column`(index: Int) throws {
    var row: [Cell] = ["i1", "orders", "order-1", "OrderPlaced", "{}"]
    row[index] = nil
    let error = #expect(throws: MappingError.self) { try Mapping().line(row: row) }
    #expect(error?.problem == .null)
    #expect(error?.column == Mapping().columns[index].name)
    #expect(error?.place == .table("public.outbox"))
    #expect(error?.lsn == Mapping.lsn)
  }

  @Test(arguments: ["id", "aggregatetype", "aggregateid", "type", "payload"])
  func `a required column that the table lacks`(name: String) {
    var mapping = Mapping()
    mapping.columns.removeAll { $0.name == name }
    let error = #expect(throws: MappingError.self) { try mapping.line(row: ["a", "b", "c", "d"]) }
    #expect(error?.problem == .missing)
    #expect(error?.column == name)
  }

  @Test func `an optional column that is named but missing`() {
    var mapping = Mapping()
    mapping.configuration.columns = [.version: "revision"]
    let error = #expect(throws: MappingError.self) { try mapping.line() }
    #expect(error?.problem == .missing)
    #expect(error?.column == "revision")
  }

  @Test func `a column for an attribute that is missing`() throws {
    var mapping = Mapping()
    mapping.configuration.attributes = [(try #require(AttributeName("tenant")), "tenant_id")]
    let error = #expect(throws: MappingError.self) { try mapping.line() }
    #expect(error?.problem == .missing)
    #expect(error?.column == "tenant_id")
  }

  @Test(arguments: [("id", 0), ("type", 3)])
  func `an empty text where an event needs one`(name: String, index: Int) {
    var row: [Cell] = ["i1", "orders", "order-1", "OrderPlaced", "{}"]
    row[index] = ""
    let error = #expect(throws: MappingError.self) { try Mapping().line(row: row) }
    #expect(error?.problem == .envelope(.empty))
    #expect(error?.column == name)
  }

  @Test func `an empty aggregate id leaves subject and key out`() throws {
    let line = try Mapping().line(row: ["i1", "orders", "", "OrderPlaced", "{}"])
    #expect(line?.contains("subject") == false)
    #expect(line?.contains("partitionkey") == false)
  }

  /// Errors must be fit for a log: place and position, never what the row holds.
  @Test func `an error names table, column and position but no value`() throws {
    var mapping = Mapping([.init("headers", 25), .init("occurred_at", 1184), .init("tenant")])
    mapping.configuration.attributes = [(try #require(AttributeName("tenant")), "tenant")]
    mapping.configuration.onBadHeader = .fail
    let good: [Cell] = ["i1", "orders", "order-1", "OrderPlaced", "{}", "{}", nil, "t"]
    let bad: [(Int, Cell, String)] = [
      (0, "SECRET\u{1}", "id"), (2, "SECRET\n", "aggregateid"), (3, .rawText(Array("SECRET".utf8) + [0xFF]), "type"),
      (5, "{SECRET", "headers"), (5, #"{"a key": "SECRET"}"#, "headers"), (6, "SECRET", "occurred_at"),
      (7, "SECRET\u{7F}", "tenant"),
    ]
    for (index, cell, column) in bad {
      var row = good
      row[index] = cell
      let error = #expect(throws: MappingError.self) { try mapping.line(row: row) }
      let text = error?.description ?? ""
      #expect(text.hasPrefix("table public.outbox, column \(column), LSN 16/1: "), "\(text)")
      #expect(!text.contains("SECRET"))
      #expect(!text.contains("\n"))
    }
  }
}

@Suite struct ChangePolicyTests {
  private static let changes = [
    ("UPDATE", HandBuilt.update(1, ["a", "b", "c", "d", "e"])),
    ("DELETE", HandBuilt.delete(1, key: ["a", nil, nil, nil, nil])), ("TRUNCATE", HandBuilt.truncate([2, 1])),
  ]

  private func run(_ policy: ChangePolicy) throws -> Mapping.Run {
    var mapping = Mapping()
    mapping.configuration.onChange = policy
    var run = Mapping.Run(mapping.configuration)
    try run.relation(HandBuilt.relation(1, columns: mapping.columns))
    try run.relation(HandBuilt.relation(2, "public", "other", columns: []))
    return run
  }

  @Test(arguments: changes)
  func `ignore`(change: (name: String, message: [UInt8])) throws {
    var run = try run(.ignore)
    #expect(try run.take(change.message) == nil)
    #expect(run.outbox.passedOverChanges == 0)
    #expect(run.outbox.event.position.ordinal == 1)
  }

  @Test(arguments: changes)
  func `warn counts`(change: (name: String, message: [UInt8])) throws {
    var run = try run(.warn)
    #expect(try run.take(change.message) == nil)
    #expect(try run.take(change.message) == nil)
    #expect(run.outbox.passedOverChanges == 2)
    #expect(run.outbox.event.position.ordinal == 2)
  }

  @Test(arguments: changes)
  func `fail stops`(change: (name: String, message: [UInt8])) throws {
    var run = try run(.fail)
    let error = #expect(throws: MappingError.self) { try run.take(change.message) }
    #expect(error?.problem == .changed(change.name))
    #expect(error?.place == .table("public.outbox"))
    #expect(error?.description.contains("\(change.name) of an outbox table") == true)
  }

  @Test(arguments: ChangePolicy.allCases)
  func `changes of other tables do not matter`(policy: ChangePolicy) throws {
    var run = try run(policy)
    #expect(try run.take(HandBuilt.truncate([2])) == nil)
    #expect(run.outbox.passedOverChanges == 0)
  }
}
