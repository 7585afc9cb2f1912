// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Contracts

/// Data as programs write it, which goes to bytes in one pass: the same bytes as the long way, which others judge.
@Suite struct AvroTranscoderTests {
  private static let zone = #"{"type": "long", "logicalType": "timestamp-micros"}"#
  private static let record = """
    {"type": "record", "name": "R", "fields": [{"name": "first", "type": "int"},
      {"name": "a_name_of_more_than_sixteen", "type": ["null", "string"], "default": null},
      {"name": "inner", "type": {"type": "record", "name": "I", "fields": [{"name": "a", "type": "int"},
        {"name": "b", "type": "string", "default": "of the schema"}]}},
      {"name": "last", "type": "boolean"}]}
    """

  private static let plain: [(schema: String, data: [String])] = [
    ("null", ["null"]), ("boolean", ["true", "false"]),
    ("int", ["0", "-1", "63", "-65", "2147483647", "-2147483648"]),
    ("long", ["999999999999999999", "-999999999999999999", " 7 "]),
    ("double", ["0", "-0.0", "1.5", "-12.250", "123456789.123456", "0.0000000001"]),
    ("float", ["0.1", "-3.25", "65536"]),
    ("string", [#""""#, #""plain""#, #""of exactly 24 characters""#, #""a \"b\"\n\t\/\\""#, #""né 日本語 😀""#]),
    ("string", ["\"\(String(repeating: "x", count: 9000))\""]), ("bytes", [#""abc""#]),
    (#"{"type": "fixed", "name": "F", "size": 3}"#, [#""abc""#]),
    (#"{"type": "enum", "name": "E", "symbols": ["A", "LONGER_THAN_EIGHT"]}"#, [#""A""#, #""LONGER_THAN_EIGHT""#]),
    (
      #"{"type": "string", "logicalType": "uuid"}"#, [#""6b6b9e0e-b215-64b9-7e3c-0cefb6307ed0""#]
    ), (#"{"type": "int", "logicalType": "date"}"#, [#""2026-11-23""#, #""0001-01-01""#, #""1969-12-31""#, "20000"]),
    (
      zone,
      [
        #""2026-11-23T07:16:06Z""#, #""2026-11-23T07:16:06.254758Z""#, #""1969-12-31T23:59:59.999999+05:30""#,
        #""2026-11-23T07:16:06.5000000-00:30""#, "-1",
      ]
    ), (#"{"type": "long", "logicalType": "local-timestamp-nanos"}"#, [#""2026-11-23T07:16:06.254758123""#]),
    (
      #"{"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}"#,
      ["12.5", #""-0.01""#, "0", "-1.28", "1.27", "9999999.99", "-9999999.99"]
    ),
    (
      #"{"type": "fixed", "name": "D", "size": 12, "logicalType": "decimal", "precision": 18, "scale": 0}"#,
      ["-1", "99999999999999999"]
    ), (#"["null", "string", "long"]"#, ["null", #""text""#, "7"]),
    (
      #"{"type": "array", "items": "int"}"#,
      ["[]", "[1, 2]", "[\(Array(repeating: "1", count: 9000).joined(separator: ","))]"]
    ),
    (#"{"type": "map", "values": ["null", "int"]}"#, ["{}", #"{"a": 1, "né": null}"#]),
    (
      record,
      [
        #"{"first": 1, "a_name_of_more_than_sixteen": "x", "inner": {"a": 1, "b": "b"}, "last": true}"#,
        #"{"last": false, "inner": {"b": "b", "a": -7}, "first": 1}"#, #"{"inner":{"a":1},"last":true,"first":0}"#,
      ]
    ),
  ]

  @Test func `what is plain is written at once, as the long way writes it`() throws {
    for (type, data) in Self.plain {
      let schema = type.hasPrefix("{") || type.hasPrefix("[") ? type : "\"\(type)\""
      let encoder = try AvroEncoder(try AvroSchema(try SchemaDocument(Array(schema.utf8))))
      for text in data {
        // Whether something stands behind the data or not.
        for more in ["", ", \"and\": \"so on, for as long as it takes\"}"] {
          let bytes = Array((text + more).utf8)
          let range = 0..<text.utf8.count
          var (atOnce, slowly): ([UInt8], [UInt8]) = ([1], [1])
          #expect(encoder.transcoder.append(bytes.span.bytes, range, to: &atOnce), "\(type): \(text.prefix(80))")
          #expect(encoder.appendSlowly(bytes.span.bytes, range, to: &slowly) == nil)
          #expect(atOnce == slowly, "\(type): \(text.prefix(80))")
        }
      }
    }
  }

  @Test(arguments: [
    (#""int""#, ["2147483648", "1.0", "1e2", "01", "-", "", "1 1", "null"]),
    (#""double""#, ["1e400", "1.", ".5", "00.1"]), (#""float""#, ["16777217"]),
    (#""string""#, [#""a"#, "\"\u{1}\"", #""\x""#, #""a"b"#, "\"a\\"]),
    (#"{"type": "int", "logicalType": "date"}"#, [#""2026-13-01""#, #""2026-02-30""#, #""2026-1-01""#]),
    (zone, [#""2026-11-23T07:16:60Z""#, #""2026-11-23T07:16:06.1234567Z""#, #""2026-11-23T07:16:06""#]),
    (#"{"type": "bytes", "logicalType": "decimal", "precision": 3, "scale": 1}"#, ["100", "0.05", "1e1", #""1"#]),
    (record, [#"{"first": 1, "last": true}"#, #"{"first": 1, "first": 1, "inner": {"a": 1}, "last": true}"#]),
    (record, [#"{"first": 1, "inner": {"a": 1, "other": 1}, "last": true}"#, #"{"first": 1"#]),
    (#"{"type": "array", "items": "int"}"#, ["[1,]", "[1", "[1}", "[,1]"]),
  ])
  func `what is wrong, or written in a way that is rare, is not written at once`(_ type: String, _ data: [String])
    throws
  {
    let encoder = try AvroEncoder(try AvroSchema(try SchemaDocument(Array(type.utf8))))
    for text in data {
      let bytes = Array(text.utf8)
      var output: [UInt8] = [1]
      #expect(!encoder.transcoder.append(bytes.span.bytes, 0..<bytes.count, to: &output), "\(text)")
      #expect(output == [1])
    }
  }
}
