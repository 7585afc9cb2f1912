// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import PgOutput
import PostgresWire
import TestStream
import Testing

@testable import OutboxMapping

/// Columns of types that are not built in. The server names a domain's base type before the table.
@Suite struct DomainTests {
  /// The number that a server would give the first type that is made.
  private static let domain: UInt32 = 16_400

  private func line(_ mapping: Mapping, _ type: (schema: String, name: String), _ row: [Cell]) throws -> String? {
    var run = Mapping.Run(mapping.configuration)
    try run.relation(HandBuilt.type(Self.domain, type.schema, type.name))
    try run.relation(HandBuilt.relation(1, columns: mapping.columns))
    return try run.take(HandBuilt.insert(1, row))
  }

  @Test(
    arguments: [
      ("jsonb", #"{"a": 1}"#, #""application/json","data":{"a": 1}"#),
      ("json", "[1\n]", #""application/json","data":[1 ]"#),
      ("bytea", "\\x00ff", #""application/octet-stream","data_base64":"AP8=""#),
      ("text", #"{"a"}"#, #""text/plain; charset=UTF-8","data":"{\"a\"}""#),
      ("varchar", "x", #""text/plain; charset=UTF-8","data":"x""#),
      ("int4", "7", #""text/plain; charset=UTF-8","data":"7""#),
    ], ["", "pg_catalog"])
  func `a payload of a domain is read as its base type`(
    type: (name: String, text: String, data: String), schema: String
  )
    throws
  {
    let mapping = Mapping(payload: Self.domain)
    #expect(
      try line(mapping, (schema, type.name), ["i1", "orders", "order-1", "OrderPlaced", .text(type.text)])
        == Mapping.head() + #","datacontenttype":"# + type.data + "}")
  }

  @Test(arguments: ["citext", "mood", "jsonb", "bytea"])
  func `a type of somebody's own is text, whatever it is called`(name: String) throws {
    let mapping = Mapping(payload: Self.domain)
    #expect(
      try line(mapping, ("public", name), ["i1", "orders", "order-1", "OrderPlaced", "{}"])
        == Mapping.head() + #","datacontenttype":"text/plain; charset=UTF-8","data":"{}"}"#)
    var checked = mapping
    checked.configuration.textPayloadIsJSON = true
    #expect(
      try line(checked, ("public", name), ["i1", "orders", "order-1", "OrderPlaced", "{}"])
        == Mapping.head() + Mapping.emptyData)
  }

  @Test(
    arguments: [
      ("timestamptz", "2024-05-01 14:00:01+02"), ("timestamp", "2024-05-01 12:00:01"), ("int8", "1714564801"),
      ("int4", "1714564801"),
    ])
  func `a time of a domain is read as its base type`(type: (name: String, text: String)) throws {
    let mapping = Mapping([.init("occurred_at", Self.domain)])
    #expect(
      try line(mapping, ("", type.name), ["i1", "orders", "order-1", "OrderPlaced", "{}", .text(type.text)])
        == Mapping.head(time: "2024-05-01T12:00:01.000000Z") + Mapping.emptyData)
  }

  @Test(arguments: [("", "time"), ("", "date"), ("public", "timestamptz")])
  func `a time of a type that is none is refused`(type: (schema: String, name: String)) {
    let mapping = Mapping([.init("occurred_at", Self.domain)])
    let error = #expect(throws: MappingError.self) {
      try line(mapping, type, ["i1", "orders", "order-1", "OrderPlaced", "{}", "2024-05-01 12:00:01+00"])
    }
    guard case .unsupportedType = error?.problem else { return #expect(Bool(false), "\(String(describing: error))") }
  }

  @Test(
    arguments: [
      (
        "uuid", [0x01, 0x90, 0xC0, 0xDE, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0xFF],
        "0190c0de-0000-7000-8000-0000000000ff"
      ),
      ("int8", [0, 0, 0, 0, 0, 0, 0, 9], "9"), ("int2", [0xFF, 0xFF], "-1"), ("text", Array("i".utf8), "i"),
    ] as [(String, [UInt8], String)])
  func `a value of a domain in binary form is read as its base type`(name: String, bytes: [UInt8], id: String) throws {
    let mapping = Mapping(id: Self.domain)
    #expect(
      try line(mapping, ("", name), [.binary(bytes), "orders", "order-1", "OrderPlaced", "{}"])
        == Mapping.head(id: id) + Mapping.emptyData)
  }

  @Test(arguments: ["numeric", "float8", "inet", "int4range"])
  func `a value in binary form whose base type cannot be read is refused, not taken for text`(name: String) {
    let mapping = Mapping(id: Self.domain)
    let error = #expect(throws: MappingError.self) {
      try line(mapping, ("", name), [.binary([0, 1, 0, 2]), "orders", "order-1", "OrderPlaced", "{}"])
    }
    #expect(error?.problem == .invalidBinary && error?.column == "id")
  }

  @Test func `a type that is made anew under its number counts from the table's next description on`() throws {
    let mapping = Mapping(payload: Self.domain)
    var run = Mapping.Run(mapping.configuration)
    let row = HandBuilt.insert(1, ["i1", "orders", "order-1", "OrderPlaced", "{}"])
    var lines: [String?] = []
    for name in ["text", "jsonb", "text"] {
      try run.relation(HandBuilt.type(Self.domain, "", name))
      try run.relation(HandBuilt.relation(1, columns: mapping.columns))
      lines.append(try run.take(row))
    }
    #expect(lines.map { $0?.hasSuffix(#""data":"{}"}"#) } == [true, false, true])
    #expect(lines[1]?.hasSuffix(#""data":{}}"#) == true)
  }
}
