// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets
import PgOutput
import PostgresWire
import TestStream
import Testing

@testable import OutboxMapping

/// Values in text and in binary form must give the same event.
@Suite struct ColumnTypeTests {
  struct Value: Sendable, CustomTestStringConvertible {
    let type: UInt32
    let text: String
    let binary: [UInt8]
    let json: String
    var testDescription: String { "\(type) \(text)" }
  }

  private static func microseconds(_ value: Int64) -> [UInt8] { Wire().i64(value).bytes }

  static let ids = [
    Value(
      type: 2950, text: "0190c0de-0000-7000-8000-0000000000ff",
      binary: [0x01, 0x90, 0xC0, 0xDE, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0xFF],
      json: "0190c0de-0000-7000-8000-0000000000ff"),
    Value(type: 21, text: "-32768", binary: [0x80, 0], json: "-32768"),
    Value(type: 23, text: "2147483647", binary: [0x7F, 0xFF, 0xFF, 0xFF], json: "2147483647"),
    Value(type: 20, text: "-1", binary: microseconds(-1), json: "-1"),
    Value(type: 20, text: "9223372036854775807", binary: microseconds(.max), json: "9223372036854775807"),
    Value(type: 25, text: "a\"b", binary: Array("a\"b".utf8), json: #"a\"b"#),
    Value(type: 1043, text: "ü", binary: Array("ü".utf8), json: "ü"),
  ]

  @Test(arguments: ids)
  func `an id reads the same in both forms`(value: Value) throws {
    let mapping = Mapping(id: value.type)
    let expected = Mapping.head(id: value.json) + Mapping.emptyData
    #expect(try mapping.line(id: .text(value.text)) == expected)
    #expect(try mapping.line(id: .binary(value.binary)) == expected)
  }

  static let payloads = [
    Value(
      type: 114, text: "{ \"a\":\n1}", binary: Array("{ \"a\":\n1}".utf8),
      json: #""application/json","data":{ "a": 1}"#),
    Value(
      type: 3802, text: #"{"a": 1}"#, binary: [1] + Array(#"{"a": 1}"#.utf8),
      json: #""application/json","data":{"a": 1}"#),
    Value(
      type: 25, text: #"{"a"}"#, binary: Array(#"{"a"}"#.utf8), json: #""text/plain; charset=UTF-8","data":"{\"a\"}""#),
    Value(
      type: 17, text: #"\x0001fe5c277f"#, binary: [0, 1, 0xFE, 0x5C, 0x27, 0x7F],
      json: #""application/octet-stream","data_base64":"AAH+XCd/""#),
    Value(type: 17, text: #"\x"#, binary: [], json: #""application/octet-stream","data_base64":"""#),
  ]

  @Test(arguments: payloads)
  func `a payload reads the same in both forms`(value: Value) throws {
    let mapping = Mapping(payload: value.type)
    let expected = Mapping.head() + #","datacontenttype":"# + value.json + "}"
    #expect(try mapping.line(payload: .text(value.text)) == expected)
    #expect(try mapping.line(payload: .binary(value.binary)) == expected)
  }

  @Test func `a payload of NULL is an event without data`() throws {
    #expect(try Mapping().line(payload: nil) == Mapping.head() + "}")
    #expect(
      try Mapping().line(id: .binary([UInt8](repeating: 0, count: 16)), payload: nil)?.hasSuffix(#"orders"}"#) == true)
  }

  @Test func `text that is declared to be JSON`() throws {
    var mapping = Mapping(payload: 25)
    mapping.configuration.textPayloadIsJSON = true
    #expect(
      try mapping.line(payload: "[1 , 2]") == Mapping.head() + #","datacontenttype":"application/json","data":[1 , 2]}"#
    )
    let error = #expect(throws: MappingError.self) { try mapping.line(payload: "{secret") }
    #expect(error?.problem == .envelope(.invalidJSON(offset: 1)))
    #expect(error?.column == "payload")
  }

  @Test func `whatever stands between the tokens of JSON, no control character is in a line`() throws {
    let mapping = Mapping(payload: 114)
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      var json = ""
      for token in ["{", #""ключ""#, ":", "[", "1", ",", #""a\t\u0009 b""#, "]", ",", #""k""#, ":", "null", "}"] {
        for _ in 0..<Int.random(in: 0...9, using: &generator) { json += ["\n", "\r", "\t", " "].randomElement() ?? "" }
        json += token
      }
      let line = try #require(try mapping.line(payload: .text(json)))
      #expect(line.utf8.allSatisfy { $0 >= 0x20 })
      let spaced = String(json.map { $0.isWhitespace ? " " : $0 })
      // A carriage return and a newline are one character to Swift, but two blanks in the line.
      #expect(line.filter { $0 != " " }.hasSuffix(#""data":"# + spaced.filter { $0 != " " } + "}"))
    }
  }

  @Test(arguments: [114 as UInt32, 3802])
  func `JSON that no server has checked is checked before it is copied`(type: UInt32) throws {
    var mapping = Mapping(payload: type)
    mapping.configuration.checksJSON = true
    #expect(try mapping.line(payload: "{}") == Mapping.head() + Mapping.emptyData)
    for forged in [#"{},"id":"forged""#, #"{}}"#, "", "{", "nothing"] {
      let error = #expect(throws: MappingError.self) { try mapping.line(payload: .text(forged)) }
      #expect(error?.column == "payload")
    }
  }

  static let times = [
    Value(
      type: 1184, text: "2024-05-01 12:00:00.123456+00", binary: microseconds(767_880_000_123_456),
      json: "2024-05-01T12:00:00.123456Z"),
    Value(type: 1184, text: "2000-01-01 00:00:00+00", binary: microseconds(0), json: "2000-01-01T00:00:00.000000Z"),
    Value(
      type: 1184, text: "1999-12-31 18:59:59.999999-05", binary: microseconds(-1), json: "1999-12-31T23:59:59.999999Z"),
    Value(
      type: 1114, text: "2000-01-01 00:00:01.5", binary: microseconds(1_500_000), json: "2000-01-01T00:00:01.500000Z"),
    Value(
      type: 1184, text: "9999-12-31 23:59:59.999999+00", binary: microseconds(252_455_615_999_999_999),
      json: "9999-12-31T23:59:59.999999Z"),
    Value(
      type: 1184, text: "0001-01-01 00:00:00+00", binary: microseconds(-63_082_281_600_000_000),
      json: "0001-01-01T00:00:00.000000Z"),
    Value(type: 20, text: "1714564800", binary: microseconds(1_714_564_800), json: "2024-05-01T12:00:00.000000Z"),
    Value(
      type: 20, text: "1714564800123", binary: microseconds(1_714_564_800_123), json: "2024-05-01T12:00:00.123000Z"),
    Value(
      type: 20, text: "1714564800123456", binary: microseconds(1_714_564_800_123_456),
      json: "2024-05-01T12:00:00.123456Z"),
    Value(
      type: 20, text: "1714564800123456789", binary: microseconds(1_714_564_800_123_456_789),
      json: "2024-05-01T12:00:00.123456Z"),
    Value(type: 20, text: "-1", binary: microseconds(-1), json: "1969-12-31T23:59:59.000000Z"),
    Value(type: 23, text: "0", binary: [0, 0, 0, 0], json: "1970-01-01T00:00:00.000000Z"),
    Value(type: 21, text: "60", binary: [0, 60], json: "1970-01-01T00:01:00.000000Z"),
  ]

  @Test(arguments: times)
  func `a time reads the same in both forms`(value: Value) throws {
    let mapping = Mapping([.init("occurred_at", value.type)])
    let expected = Mapping.head(time: value.json) + Mapping.emptyData
    #expect(try mapping.line([.text(value.text)]) == expected)
    #expect(try mapping.line([.binary(value.binary)]) == expected)
  }

  @Test func `a time of NULL is that of the commit`() throws {
    #expect(try Mapping([.init("occurred_at", 1184)]).line([nil]) == Mapping.head() + Mapping.emptyData)
  }

  static let unwritableTimes = [
    Value(type: 1184, text: "infinity", binary: microseconds(.max), json: ""),
    Value(type: 1184, text: "-infinity", binary: microseconds(.min), json: ""),
    Value(type: 1114, text: "0044-03-15 12:00:00 BC", binary: microseconds(-64_476_000_000_000_000), json: ""),
    Value(type: 1184, text: "10000-01-01 00:00:00+00", binary: microseconds(252_455_616_000_000_000), json: ""),
    Value(type: 1184, text: "294276-12-31 00:00:00+00", binary: microseconds(9_223_371_244_800_000_000), json: ""),
  ]

  @Test(arguments: unwritableTimes)
  func `times that RFC 3339 cannot write`(value: Value) {
    let mapping = Mapping([.init("occurred_at", value.type)])
    for cell in [Cell.text(value.text), .binary(value.binary)] {
      let error = #expect(throws: MappingError.self) { try mapping.line([cell]) }
      #expect(error?.problem == .invalidTime)
      #expect(error?.column == "occurred_at")
    }
  }

  @Test(arguments: [
    "", "now", "2024-05-01", "2024-13-01 00:00:00", "2024-00-01 00:00:00", "2024-02-30 00:00:00",
    "2023-02-29 00:00:00", "2024-05-01 25:00:00", "2024-05-01 12:60:00", "2024-05-01 12:00:61", "2024-05-01 12:00:00.",
    "2024-05-01 12:00:00+", "2024-05-01 12:00:00+1", "2024-05-01 12:00:00 UTC", "2024-05-01  12:00:00",
    "2024-05-01 12:00:00Zx", "05/01/2024 12:00:00", "２024-05-01 12:00:00", "24-05-01 12:00:00",
  ])
  func `text that is no time`(text: String) {
    let error = #expect(throws: MappingError.self) { try Mapping([.init("occurred_at", 1184)]).line([.text(text)]) }
    #expect(error?.problem == .invalidTime)
  }

  @Test(arguments: [25, 1082, 1083, 700, 1700, 16] as [UInt32])
  func `a type that cannot serve as time`(type: UInt32) {
    let mapping = Mapping([.init("occurred_at", type)])
    let error = #expect(throws: MappingError.self) { try mapping.line(["2024-05-01 12:00:00+00"]) }
    #expect(error?.problem == .unsupportedType(type))
    #expect(error?.column == "occurred_at")
  }

  @Test(
    arguments: [
      (2950, [1, 2, 3]), (2950, [UInt8](repeating: 0, count: 17)), (23, [1, 2, 3]), (23, [1, 2, 3, 4, 5]), (20, []),
      (21, [1]),
    ] as [(UInt32, [UInt8])])
  func `binary bytes that do not have the type's layout`(type: UInt32, bytes: [UInt8]) {
    let error = #expect(throws: MappingError.self) { try Mapping(id: type).line(id: .binary(bytes)) }
    #expect(error?.problem == .invalidBinary)
    #expect(error?.column == "id")
  }

  @Test(arguments: [700, 701, 1082, 1700, 3904] as [UInt32])
  func `a built-in type whose binary form is not known`(type: UInt32) {
    let error = #expect(throws: MappingError.self) { try Mapping(payload: type).line(payload: .binary([0x41, 0x42])) }
    #expect(error?.problem == .invalidBinary)
    #expect(error?.column == "payload")
  }

  @Test func `a type of one's own is taken for an enumeration`() throws {
    #expect(
      try Mapping(id: 16_400).line(id: .binary(Array("paid".utf8))) == Mapping.head(id: "paid") + Mapping.emptyData)
  }

  @Test func `booleans as attributes`() throws {
    var mapping = Mapping([.init("urgent", 16)])
    mapping.configuration.attributes = [(try #require(AttributeName("urgent")), "urgent")]
    for (text, byte) in [("t", 1), ("f", 0)] as [(String, UInt8)] {
      let expected = Mapping.head() + #","urgent":"\#(text)""# + Mapping.emptyData
      #expect(try mapping.line([.text(text)]) == expected)
      #expect(try mapping.line([.binary([byte])]) == expected)
    }
  }

  @Test func `binary jsonb of another version`() {
    let error = #expect(throws: MappingError.self) { try Mapping().line(payload: .binary([2] + Array("{}".utf8))) }
    #expect(error?.problem == .invalidBinary)
    #expect(error?.column == "payload")
  }

  @Test func `a binary time that is cut off`() {
    let mapping = Mapping([.init("occurred_at", 1184)])
    let error = #expect(throws: MappingError.self) { try mapping.line([.binary([0, 0, 0, 0])]) }
    #expect(error?.problem == .invalidBinary)
  }

  @Test func `text and binary values in one row`() throws {
    let mapping = Mapping([.init("version", 23), .init("unused", 700)])
    #expect(
      try mapping.line([.binary([0, 0, 0, 5]), .binary([1, 2])])
        == Mapping.head() + #","dataversion":"5""# + Mapping.emptyData)
  }
}
