// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import PgOutput
import PostgresWire
import TestStream
import Testing

@testable import OutboxMapping

@Suite struct RoleTests {
  @Test func `the five columns of an outbox`() throws {
    #expect(try Mapping().line() == Mapping.head() + Mapping.emptyData)
  }

  @Test func `every role`() throws {
    let mapping = Mapping([
      .init("version", 23), .init("occurred_at", 1184), .init("headers", 3802), .init("traceparent"),
      .init("tracestate"), .init("dataschema"),
    ])
    let line = try mapping.line(
      ["3", "2024-05-01 14:30:00.5+02:30", #"{"tenant": "acme"}"#, "00-1-2-01", "a=b", "https://example.com/s"])
    #expect(
      line == Mapping.head(time: "2024-05-01T12:00:00.500000Z")
        + #","dataversion":"3","traceparent":"00-1-2-01","tracestate":"a=b","tenant":"acme","#
        + #""dataschema":"https://example.com/s""# + Mapping.emptyData)
  }

  @Test func `columns in another order, and others between`() throws {
    var mapping = Mapping()
    mapping.columns = [
      .init("x"), .init("payload", 3802), .init("type"), .init("y", 1184), .init("aggregateid"),
      .init("aggregatetype"), .init("id", 2950),
    ]
    #expect(
      try mapping.line(row: ["ignored", "{}", "OrderPlaced", "infinity", "order-1", "orders", "i1"])
        == Mapping.head() + Mapping.emptyData)
  }

  @Test(arguments: ColumnRole.allCases)
  func `a role is found under another name`(role: ColumnRole) throws {
    var mapping = Mapping([
      .init("version"), .init("occurred_at", 1184), .init("headers", 3802), .init("traceparent"), .init("tracestate"),
      .init("dataschema"),
    ])
    let row: [Cell] = [
      "i1", "orders", "order-1", "OrderPlaced", "{}", "3", "2024-05-01 12:00:01+00", #"{"a":"b"}"#, "p", "s", "x:u",
    ]
    let expected = try mapping.line(row: row)
    let index = try #require(mapping.columns.firstIndex { $0.name == role.rawValue })
    mapping.columns[index].name = "Another Name"
    if role == .id || role == .payload {
      #expect(throws: MappingError.self) { try mapping.line(row: row) }
    } else {
      #expect((try? mapping.line(row: row)) != expected)
    }
    mapping.configuration.columns[role] = "Another Name"
    #expect(try mapping.line(row: row) == expected)
  }

  @Test func `the time may also be called timestamp`() throws {
    let mapping = Mapping([.init("timestamp", 1184)])
    #expect(
      try mapping.line(["2024-05-01 12:00:01+00"])
        == Mapping.head(time: "2024-05-01T12:00:01.000000Z") + Mapping.emptyData)
  }

  @Test func `occurred_at goes before timestamp`() throws {
    let mapping = Mapping([.init("timestamp", 1184), .init("occurred_at", 1184)])
    #expect(
      try mapping.line(["2001-01-01 00:00:00+00", "2024-05-01 12:00:01+00"])
        == Mapping.head(time: "2024-05-01T12:00:01.000000Z") + Mapping.emptyData)
  }

  @Test func `a role that is taken away is not used`() throws {
    var mapping = Mapping([.init("version"), .init("headers", 25)])
    mapping.configuration.columns = [.version: "", .headers: "", .aggregateType: ""]
    let line = try mapping.line(["3", "no JSON"])
    #expect(
      line == Mapping.head().replacing(#","aggregatetype":"orders""#, with: "") + Mapping.emptyData)
  }

  @Test func `columns become attributes`() throws {
    var mapping = Mapping([.init("tenant_id"), .init("region")])
    mapping.configuration.attributes = [
      (try #require(AttributeName("region")), "region"), (try #require(AttributeName("tenant")), "tenant_id"),
    ]
    #expect(
      try mapping.line(["t\"1", "eu"]) == Mapping.head() + #","tenant":"t\"1","region":"eu""# + Mapping.emptyData)
    #expect(try mapping.line([nil, ""]) == Mapping.head() + Mapping.emptyData)
  }

  @Test func `a column serves every role and attribute that it is mapped to`() throws {
    var mapping = Mapping([.init("version")])
    mapping.configuration.columns = [.type: "aggregatetype", .traceState: "version"]
    mapping.configuration.attributes = [
      (try #require(AttributeName("orderid")), "aggregateid"), (try #require(AttributeName("a")), "type"),
      (try #require(AttributeName("b")), "type"), (try #require(AttributeName("rowid")), "id"),
      (try #require(AttributeName("body")), "payload"), (try #require(AttributeName("v")), "version"),
    ]
    #expect(
      try mapping.line(["7"], payload: #"{"n": 1}"#)
        == Mapping.head().replacing(#""type":"OrderPlaced""#, with: #""type":"orders""#)
        + #","dataversion":"7","tracestate":"7","rowid":"i1","orderid":"order-1","a":"OrderPlaced","b":"OrderPlaced","#
        + #""body":"{\"n\": 1}","v":"7","datacontenttype":"application/json","data":{"n": 1}}"#)
    let binary: [Cell] = [
      .binary(Array("i1".utf8)), .binary(Array("orders".utf8)), "order-1", "OrderPlaced", #"{"n": 1}"#, "7",
    ]
    mapping.columns[0].type = 25
    #expect(try mapping.line(row: binary) == mapping.line(["7"], payload: #"{"n": 1}"#))
  }

  @Test func `a column with several uses is still required by those that require it, and named`() throws {
    var mapping = Mapping()
    mapping.configuration.columns = [.type: "aggregatetype"]
    mapping.configuration.attributes = [(try #require(AttributeName("a")), "aggregatetype")]
    let error = #expect(throws: MappingError.self) {
      try mapping.line(row: ["i1", nil, "order-1", "OrderPlaced", "{}"])
    }
    #expect(error?.problem == .null && error?.column == "aggregatetype")
  }

  @Test func `columns whose names are the same text in different forms are two`() throws {
    // é as one scalar, and as e with a mark.
    for (name, value) in [("\u{E9}", "composed"), ("e\u{301}", "decomposed")] {
      var mapping = Mapping([.init("\u{E9}"), .init("e\u{301}")])
      mapping.configuration.attributes = [(try #require(AttributeName("a")), name)]
      #expect(try mapping.line(["composed", "decomposed"])?.contains(#""a":"\#(value)""#) == true)
      mapping.configuration.attributes = []
      mapping.configuration.columns = [.type: name]
      #expect(try mapping.line(["composed", "decomposed"])?.contains(#""type":"\#(value)""#) == true)
    }
  }

  @Test func `a source of one's own`() throws {
    var mapping = Mapping()
    mapping.configuration.source = EventSource("urn:example:shop")
    #expect(try mapping.line()?.contains(#""source":"urn:example:shop""#) == true)
  }

  @Test func `the default source is percent-encoded`() throws {
    var mapping = Mapping()
    mapping.configuration.database = "my shop"
    mapping.schema = "Größe"
    mapping.configuration.tables = [TableName(schema: "Größe", name: "outbox")]
    #expect(try mapping.line()?.contains(#""source":"/my%20shop/Gr%C3%B6%C3%9Fe.outbox""#) == true)
  }

  @Test func `another table is no outbox`() throws {
    var mapping = Mapping()
    mapping.table = "orders"
    #expect(try mapping.line() == nil)
    mapping.configuration.tables = [TableName(schema: "public", name: "orders")]
    #expect(try mapping.line() != nil)
    mapping.schema = "other"
    #expect(try mapping.line() == nil)
  }

  @Test func `every row counts in its transaction, whatever its table`() throws {
    var run = Mapping.Run(Mapping().configuration)
    try run.relation(HandBuilt.relation(1, columns: Mapping().columns))
    try run.relation(HandBuilt.relation(2, "public", "other", columns: [.init("a")]))
    let row = HandBuilt.insert(1, ["i1", "orders", "order-1", "OrderPlaced", "{}"])
    #expect(try run.take(row) == Mapping.head(ordinal: 1) + Mapping.emptyData)
    #expect(try run.take(HandBuilt.insert(2, ["x"])) == nil)
    #expect(try run.take(HandBuilt.update(1, ["i1", "orders", "order-1", "OrderPlaced", "{}"])) == nil)
    #expect(try run.take(HandBuilt.truncate([1, 2])) == nil)
    #expect(try run.take(HandBuilt.message("unrelated", "x")) == nil)
    #expect(try run.take(HandBuilt.message("unrelated", "x", transactional: false)) == nil)
    #expect(try run.take(row) == Mapping.head(ordinal: 6) + Mapping.emptyData)
  }

  @Test func `a table's new shape counts from the next row on`() throws {
    var run = Mapping.Run(Mapping().configuration)
    let columns = Mapping().columns
    try run.relation(HandBuilt.relation(1, columns: columns))
    _ = try run.take(HandBuilt.insert(1, ["i1", "orders", "order-1", "OrderPlaced", "{}"]))
    try run.relation(HandBuilt.relation(1, columns: [.init("version")] + columns))
    #expect(
      try run.take(HandBuilt.insert(1, ["9", "i1", "orders", "order-1", "OrderPlaced", "{}"]))
        == Mapping.head(ordinal: 2) + #","dataversion":"9""# + Mapping.emptyData)
  }
}
