// SPDX-License-Identifier: Apache-2.0

import Foundation
import Octets
import Testing

@testable import Contracts

/// What is written of plain JSON in Avro's binary form.
struct AvroEncoderTests {
  private static func encoder(_ schema: String) throws -> AvroEncoder { try AvroEncoder(AvroSchema(text: schema)) }

  private static func encoded(_ schema: String, _ text: String, behind start: [UInt8] = []) throws -> [UInt8]? {
    let bytes = [0x22] + Array(text.utf8) + [0x7D]
    var output = start
    let mismatch = try encoder(schema).append(bytes.span.bytes, 1..<(bytes.count - 1), to: &output)
    if mismatch != nil { #expect(output == start) }
    return mismatch == nil ? output : nil
  }

  private static func refusal(_ schema: String, _ text: String) throws -> String? {
    let bytes = Array(text.utf8)
    var output: [UInt8] = []
    return try encoder(schema).append(bytes.span.bytes, 0..<bytes.count, to: &output)
      .map { "\($0.pointer) \($0.rule)" }
  }

  private static func fault(_ schema: String) throws -> SchemaFault? {
    let schema = try AvroSchema(text: schema)
    do { _ = try AvroEncoder(schema) } catch { return error }
    return nil
  }

  @Test func `fastavro writes the same, byte for byte`() throws {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().resolvingSymlinksInPath()
    let file = tests.appendingPathComponent("../../Fixtures/contracts/avro-encodings.ndjson").standardizedFileURL
    var count = 0
    for line in [UInt8](try Data(contentsOf: file)).split(separator: 0x0A) {
      let document = try SchemaDocument(Array(line))
      guard case .array(let data)? = document["data"]?.value, case .array(let binary)? = document["binary"]?.value
      else {
        Issue.record("a line has no data")
        continue
      }
      let encoder = try Self.encoder(document.text("schema"))
      let validator = try AvroSchema(text: document.text("schema")).validator()
      for (text, expected) in zip(data, binary) {
        guard case .string(let text) = text.value, case .string(let expected) = expected.value else { continue }
        let bytes = Array(text.utf8)
        var output: [UInt8] = []
        let mismatch = encoder.append(bytes.span.bytes, 0..<bytes.count, to: &output)
        #expect(mismatch == nil && output == Hexadecimal.decode(expected.utf8), "\(text)")
        #expect(validator.mismatch(text) == nil, "\(text)")
        count += 1
      }
    }
    #expect(count == 600)
  }

  @Test(arguments: [
    (#""double""#, "9007199254740993", false), (#""double""#, "9007199254740992", true), (#""double""#, "1e23", true),
    (#""double""#, "0.12345678901234567", true), (#""double""#, "0.123456789012345678", false),
    (#""double""#, "1e400", false), (#""double""#, "1e-400", false), (#""double""#, "5e-324", true),
    (#""double""#, "0.1000000000000000000000", true), (#""double""#, "9223372036854775807", false),
    (#""double""#, "1.7976931348623157e308", true), (#""double""#, "0e99999999999999999999", true),
    (#""float""#, "16777217", false), (#""float""#, "16777216", true), (#""float""#, "0.1", true),
    (#""float""#, "3.4e39", false), (#""float""#, "0.1234567891", false), (#""float""#, "1e-46", false),
  ])
  func `a number that its type does not hold is refused, not rounded`(
    _ schema: String, _ text: String, _ isHeld: Bool
  ) throws {
    #expect(try (Self.encoded(schema, text) != nil) == isHeld)
    if !isHeld { #expect(try AvroSchema(text: schema).validator().mismatch(text) == nil) }
  }

  @Test(arguments: [
    (#"{"type": "long", "logicalType": "timestamp-millis"}"#, #""2026-01-01T00:00:00.1230Z""#, true),
    (#"{"type": "long", "logicalType": "timestamp-millis"}"#, #""2026-01-01T00:00:00.1234Z""#, false),
    (#"{"type": "long", "logicalType": "timestamp-micros"}"#, #""2026-12-31T23:59:60Z""#, false),
    (#"{"type": "long", "logicalType": "timestamp-nanos"}"#, #""2262-04-11T23:47:16.854775807Z""#, true),
    (#"{"type": "long", "logicalType": "timestamp-nanos"}"#, #""2262-04-11T23:47:16.854775808Z""#, false),
    (#"{"type": "long", "logicalType": "timestamp-nanos"}"#, #""1677-09-21T00:12:43.145224192Z""#, true),
    (#"{"type": "long", "logicalType": "timestamp-nanos"}"#, #""1677-09-21T00:12:43.145224191Z""#, false),
    (#"{"type": "int", "logicalType": "time-millis"}"#, #""12:00:00.0001""#, false),
    (#"{"type": "int", "logicalType": "time-millis"}"#, #""12:00:60""#, false),
    (#"{"type": "int", "logicalType": "time-millis"}"#, #""23:59:59.999000""#, true),
  ])
  func `a time that its unit cannot tell is refused, not cut`(_ schema: String, _ text: String, _ isHeld: Bool) throws {
    #expect(try (Self.encoded(schema, text) != nil) == isHeld)
    #expect(try AvroSchema(text: schema).validator().mismatch(text) == nil)
  }

  @Test(arguments: [
    ("0", [2, 0]), ("127", [2, 0x7F]), ("128", [4, 0, 0x80]), ("-128", [2, 0x80]), ("-129", [4, 0xFF, 0x7F]),
    ("-0", [2, 0]), ("1e2", [2, 100]), ("0.01e4", [2, 100]), ("\"255.0\"", [4, 0, 0xFF]),
    ("18446744073709551616", [18, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
    ("-18446744073709551616", [18, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0]),
  ])
  func `a decimal is a whole number in as few bytes as hold it`(_ text: String, _ expected: [UInt8]) throws {
    let schema = #"{"type": "bytes", "logicalType": "decimal", "precision": 30, "scale": 0}"#
    #expect(try Self.encoded(schema, text) == expected)
  }

  @Test func `a decimal of very many digits is refused before they are multiplied`() throws {
    let digits = String(repeating: "9", count: 1_000_000)
    for text in [digits, "1e999999", "-\(digits)e-5"] {
      let schema = #"{"type": "bytes", "logicalType": "decimal", "precision": 2000000, "scale": 5}"#
      #expect(try Self.refusal(schema, text) == " a decimal of at most 10000 digits")
    }
    let big = #"{"type": "bytes", "logicalType": "big-decimal"}"#
    #expect(try Self.encoded(big, "1e-2147483648") == nil)
    #expect(try Self.encoded(big, "1.50") == [8, 4, 0, 150, 4])
  }

  @Test(arguments: [
    (#"["int", "long"]"#, ""), (#"["null", "string", "bytes"]"#, ""),
    (#"["double", {"type": "int", "logicalType": "date"}]"#, ""),
    (#"["string", {"type": "enum", "name": "E", "symbols": ["A"]}]"#, ""),
    (
      #"[{"type": "map", "values": "int"}, {"type": "record", "name": "R", "fields": [{"name": "n", "type": "long"}]}]"#,
      ""
    ),
    (
      #"{"type": "record", "name": "R", "fields": [{"name": "u", "type": ["null", "float", "double"]}]}"#,
      "/fields/0/type"
    ),
    (
      #"[{"type": "record", "name": "A", "fields": [{"name": "n", "type": "int"}, {"name": "a", "type": "int", "default": 0}]}, {"type": "record", "name": "B", "fields": [{"name": "n", "type": "long"}]}]"#,
      ""
    ),
  ])
  func `a union of which two branches take the same JSON is refused`(_ schema: String, _ path: String) throws {
    let fault = try #require(try Self.fault(schema))
    #expect(fault.path == path && fault.problem.contains("some JSON is both"), "\(fault)")
  }

  @Test(arguments: [
    #"["null", "string", "long", "boolean"]"#, #"["string", {"type": "int", "logicalType": "date"}]"#,
    #"[{"type": "string", "logicalType": "uuid"}, {"type": "fixed", "name": "F", "size": 35}]"#,
    #"[{"type": "enum", "name": "E", "symbols": ["A"]}, {"type": "enum", "name": "F", "symbols": ["B"]}]"#,
    #"[{"type": "map", "values": "int"}, {"type": "record", "name": "R", "fields": [{"name": "n", "type": "string"}]}]"#,
    #"[{"type": "record", "name": "A", "fields": [{"name": "n", "type": "int"}]}, {"type": "record", "name": "B", "fields": [{"name": "n", "type": "string"}]}]"#,
    #"{"type": "record", "name": "A", "fields": [{"name": "next", "type": ["null", "A", {"type": "map", "values": "A"}]}, {"name": "n", "type": "int"}]}"#,
  ])
  func `a union whose branches can be told apart is taken`(_ schema: String) throws {
    // A date is text too: it is the string that it looks like.
    let isApart = !schema.contains("date")
    #expect(try (Self.fault(schema) == nil) == isApart, "\(schema)")
  }

  @Test func `records are written in the schema's order, with defaults for what is missing`() throws {
    let schema = #"""
      {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}, {"name": "b", "type": "string", "default": "x"},
      {"name": "c", "type": {"type": "record", "name": "S", "fields": [{"name": "d", "type": ["null", "int"], "default": null},
      {"name": "e", "type": "boolean", "default": true}]}, "default": {"d": 7}}]}
      """#
    #expect(try Self.encoded(schema, #"{"a": 1}"#, behind: [9]) == [9, 2, 2, 0x78, 2, 14, 1])
    #expect(try Self.encoded(schema, #"{"c": {"e": false}, "b": "", "a": -1}"#) == [1, 0, 0, 0])
    for text in [#"{"b": "x"}"#, #"{"a": 1, "a": 1}"#, #"{"a": 1, "z": 1}"#, #"{"a": 1"#, #"{"a": 1} "#] {
      let ours = try Self.encoded(schema, text) == nil
      #expect(try ours == (AvroSchema(text: schema).validator().mismatch(text) != nil), "\(text)")
    }
  }

  @Test func `defaults that have no end, or no bound, are refused`() throws {
    let endless = #"{"type": "record", "name": "R", "fields": [{"name": "n", "type": ["R", "null"], "default": {}}]}"#
    #expect(try Self.fault(endless)?.problem.contains("holds itself without end") == true)
    var inner = #""string""#
    var value = "\"\(String(repeating: "x", count: 200))\""
    for level in 0..<20 {
      inner =
        #"{"type": "record", "name": "R\#(level)", "fields": [{"name": "a", "type": \#(inner), "default": \#(value)}, {"name": "b", "type": \#(level == 0 ? #""string""# : #""R\#(level - 1)""#), "default": \#(value)}]}"#
      value = "{}"
    }
    #expect(try Self.fault(inner)?.problem.contains("takes more than 1 MiB") == true)
  }

  @Test(arguments: [
    (#"{"type": "string", "logicalType": "uuid"}"#, #""nope""#, false),
    (#"{"type": "string", "logicalType": "uuid"}"#, #""0123456789abcdef""#, false),
    (#"{"type": "string", "logicalType": "uuid"}"#, #""123e4567-e89b-42d3-A456-426614174000""#, true),
    (#"{"type": "fixed", "name": "F", "size": 16, "logicalType": "uuid"}"#, #""0123456789abcdef""#, true),
    (#"{"type": "int", "logicalType": "time-millis"}"#, "99999999", false),
    (#"{"type": "int", "logicalType": "time-millis"}"#, "86399999", true),
    (#"{"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 1}"#, #""\u007f\u00ff\u00ff""#, false),
    (#"{"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 1}"#, #""c""#, true),
    (#"{"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 1}"#, #""d""#, false),
    (#"{"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 1}"#, #""\u00ff\u009d""#, true),
    (#"{"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 1}"#, #""\u00ff\u009c""#, false),
  ])
  func `a default that means nothing in its logical type is refused`(
    _ type: String, _ value: String, _ isTaken: Bool
  ) throws {
    let schema =
      #"{"type": "record", "name": "R", "fields": [{"name": "a", "type": \#(type), "default": \#(value)}]}"#
    #expect(try (Self.fault(schema) == nil) == isTaken)
  }

  @Test func `a refusal has the words of the check, or names what its type cannot hold`() throws {
    let schema =
      #"{"type": "record", "name": "R", "fields": [{"name": "n", "type": {"type": "array", "items": "double"}}]}"#
    #expect(try Self.refusal(schema, #"{"n": [1, "x"]}"#) == "/n/1 double")
    #expect(
      try Self.refusal(schema, #"{"n": [1, 9007199254740993]}"#)
        == "/n/1 a number of no more digits than its type holds")
  }
}
