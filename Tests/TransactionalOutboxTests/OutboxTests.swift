// SPDX-License-Identifier: Apache-2.0

import DomainEvents
import Foundation
import IntegrationEvents
import Synchronization
import Testing

@testable import TransactionalOutbox

/// As the domain has it: it can be encoded, and holds what is nobody's business.
struct Placed: DomainEvent, Codable {
  let id: String
  let cents: Int
  var secret = "margin 40 %"
}

struct PlacedV2: VersionedEvent {
  static let type = "OrderPlaced"
  static let version = 2
  var key: String { orderID }
  let orderID: String
  let total: Decimal
}

extension PlacedV2 {
  init(_ placed: Placed) { self.init(orderID: placed.id, total: Decimal(placed.cents) / 100) }
}

struct Measured: VersionedEvent {
  static let type = "Measured"
  static let version = 1
  var key = "m"
  let at: Date
  let value: Decimal
}

@Suite struct OutboxTests {
  let source = RecordedSource()
  var outbox = Outbox(aggregateType: "order")
  var handlers = DomainEventHandlers<RecordedTransaction> { _ in }

  func raise(_ events: any DomainEvent...) async throws {
    try await UnitsOfWork(source, handlers).run { unit in
      for event in events { unit.raise(event) }
    }
  }

  /// The objects that the only statement has written.
  func written() throws -> [[String: Any]] {
    #expect(source.transaction.statements.count == 1)
    let text = try #require(source.transaction.statements.first?.parameters.first ?? nil)
    return try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
  }

  @Test mutating func `what a domain event is translated into is written, in one statement for all`() async throws {
    handlers.publish(Placed.self, as: PlacedV2.init)
    handlers.write(to: outbox)
    try await raise(Placed(id: "a", cents: 1999), Placed(id: "b", cents: 1))
    let rows = try written()
    #expect(rows.map { $0["aggregateid"] as? String } == ["a", "b"])
    #expect(rows.map { $0["aggregatetype"] as? String } == ["order", "order"])
    #expect(rows.map { $0["type"] as? String } == ["OrderPlaced", "OrderPlaced"])
    #expect(rows.map { $0["version"] as? Int } == [2, 2])
    #expect(
      rows.map { ($0["payload"] as? [String: Any])?.keys.sorted() } == [["orderID", "total"], ["orderID", "total"]])
    #expect(rows.allSatisfy { $0["traceparent"] == nil && $0["headers"] == nil })
  }

  @Test mutating func `a domain event that could be encoded is not published for that`() async throws {
    handlers.write(to: outbox)
    try await raise(Placed(id: "a", cents: 1999))
    #expect(source.transaction.statements.isEmpty)
  }

  @Test mutating func `a unit that publishes and has no outbox fails`() async throws {
    handlers.publish(Placed.self, as: PlacedV2.init)
    await #expect(throws: UnitOfWorkError.self) { try await raise(Placed(id: "a", cents: 1)) }
  }

  @Test mutating func `a second outbox is refused, instead of each event written twice`() async throws {
    handlers.publish(Placed.self, as: PlacedV2.init)
    handlers.write(to: outbox)
    handlers.write(to: outbox)
    await #expect(throws: OutboxError.secondOutbox) { try await raise(Placed(id: "a", cents: 1)) }
  }

  @Test mutating func `a translation into nothing publishes nothing, and one that throws is a veto`() async throws {
    handlers.publish(Placed.self) { (placed: Placed) -> PlacedV2? in
      if placed.cents < 0 { throw OutboxError.noKey(type: "x") }
      return placed.cents == 0 ? nil : PlacedV2(placed)
    }
    handlers.write(to: outbox)
    try await raise(Placed(id: "a", cents: 0), Placed(id: "b", cents: 1))
    #expect(try written().map { $0["aggregateid"] as? String } == ["b"])
    await #expect(throws: OutboxError.self) { try await raise(Placed(id: "c", cents: -1)) }
    #expect(source.transaction.statements.count == 1)
  }

  @Test mutating func `what the task knows of a trace and further headers goes with each event`() async throws {
    outbox.traceParent = { "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" }
    outbox.headers = { ["tenant": "a\"b"] }
    handlers.publish(Placed.self, of: "basket", as: PlacedV2.init)
    handlers.write(to: outbox)
    try await raise(Placed(id: "a", cents: 1))
    let row = try #require(try written().first)
    #expect(row["traceparent"] as? String == "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    #expect(row["headers"] as? [String: String] == ["tenant": "a\"b"])
    #expect(row["aggregatetype"] as? String == "basket")
  }

  @Test mutating func `other columns, tables and names that need quotes are taken as they are`() async throws {
    outbox.place = .table(schema: "my \"shop\"", name: "Events")
    outbox.columns = [.type: "kind \"1\"", .headers: "", .traceParent: "", .version: ""]
    var transaction = source.transaction
    try await outbox.write([PlacedV2(orderID: "a", total: 1)], in: &transaction)
    let statement = try #require(transaction.statements.first)
    let columns = "\"id\", \"aggregatetype\", \"aggregateid\", \"kind \"\"1\"\"\", \"payload\", \"occurred_at\""
    #expect(statement.text.hasPrefix("INSERT INTO \"my \"\"shop\"\"\".\"Events\" (\(columns)) SELECT \(columns) FROM "))
    #expect(try written().first?["kind \"1\""] as? String == "OrderPlaced")
  }

  @Test func `nothing to write is no statement`() async throws {
    var transaction = source.transaction
    try await outbox.write([], in: &transaction)
    #expect(transaction.statements.isEmpty)
  }

  @Test func `rows that something keeps out of the table are an error`() async throws {
    var transaction = source.transaction
    transaction.memory.written.withLock { $0 = 1 }
    let events = [PlacedV2(orderID: "a", total: 1), PlacedV2(orderID: "b", total: 1)]
    await #expect(throws: OutboxError.notWritten(of: 2, written: 1)) {
      try await outbox.write(events, in: &transaction)
    }
  }

  @Test func `an event without a key is refused`() async throws {
    var transaction = source.transaction
    await #expect(throws: OutboxError.noKey(type: "OrderPlaced")) {
      try await outbox.write([PlacedV2(orderID: "", total: 1)], in: &transaction)
    }
  }

  @Test(arguments: [
    "0.1", "19.99", "12345678901234567890.123456789", "-0.000000000000000000001",
    "0.30000000000000000000000000000000000001",
    "99999999999999999999999999999999999999",
  ])
  func `a decimal keeps its digits`(digits: String) throws {
    let value = try #require(Decimal(string: digits))
    let text = try EventJSON.text(Measured(at: Date(timeIntervalSince1970: 0), value: value))
    #expect(text == #"{"at":"1970-01-01T00:00:00.000000Z","key":"m","value":\#(digits)}"#)
  }

  @Test(arguments: [
    (1_795_840_000.123456, "2026-11-28T04:26:40.123456Z"), (-0.5, "1969-12-31T23:59:59.500000Z"),
    (951_825_600, "2000-02-29T12:00:00.000000Z"), (253_402_300_799, "9999-12-31T23:59:59.000000Z"),
  ])
  func `a date is ISO 8601 in UTC, to the microsecond`(seconds: Double, text: String) throws {
    #expect(EventJSON.time(Date(timeIntervalSince1970: seconds)) == text)
  }

  @Test(arguments: [Double.nan, .infinity, 1e300, 253_402_300_800])
  func `a date that has no year of four digits is an error`(seconds: Double) throws {
    #expect(throws: EncodingError.self) {
      try EventJSON.text(Measured(at: Date(timeIntervalSince1970: seconds), value: 1))
    }
  }
}
