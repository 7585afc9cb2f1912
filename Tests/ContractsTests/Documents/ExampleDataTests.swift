// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Contracts

/// Examples that documents show.
struct ExampleDataTests {
  @Test(arguments: [
    (
      #"{"type": "object", "properties": {"a": {"type": "integer", "minimum": 5}, "b": {"type": "string"}}}"#,
      #"{"a":5,"b":"text"}"#
    ),
    (#"{"type": "string", "format": "date-time"}"#, #""2026-01-31T12:30:00Z""#),
    (#"{"type": "string", "format": "uuid"}"#, #""123e4567-e89b-42d3-a456-426614174000""#),
    (#"{"type": "string", "format": "email"}"#, #""someone@example.com""#),
    (#"{"enum": ["OPEN", "PAID"]}"#, #""OPEN""#), (#"{"const": {"x": [1]}}"#, #"{"x":[1]}"#),
    (#"{"type": "string", "minLength": 6}"#, #""texttext""#), (#"{"type": "string", "maxLength": 2}"#, #""te""#),
    (#"{"type": "string", "pattern": "^[A-Z]{3}-[0-9]{4}$"}"#, #""AAA-1111""#),
    (#"{"type": "integer", "exclusiveMinimum": 10, "multipleOf": 7}"#, "14"),
    (#"{"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}"#, "0.5"),
    (#"{"type": "integer", "examples": ["no integer", 42]}"#, "42"), (#"{"type": "integer", "default": 7}"#, "7"),
    (#"{"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": true}"#, "[1,2,3]"),
    (#"{"anyOf": [{"type": "null"}, {"type": "string"}]}"#, #""text""#),
    (#"{"allOf": [{"required": ["a"]}, {"properties": {"a": {"type": "boolean"}}}]}"#, #"{"a":true}"#),
    (
      ##"{"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}}}}}"##,
      nil
    ),
    (#"{"not": {"type": "string"}, "type": ["string", "null"]}"#, "null"),
  ])
  func `an example is made from what a schema says`(_ schema: String, _ expected: String?) throws {
    let made = try example(schema)
    if let expected { #expect(made == expected) } else { #expect(made != nil) }
  }

  @Test func `what no example is found for is left out, and nothing else`() throws {
    let both = #"{"oneOf": [{"properties": {"s": {"type": "string"}}}, {"properties": {"n": {"type": "integer"}}}]}"#
    let schema =
      #"{"type": "object", "properties": {"a": {"type": "integer"}, "b": \#(both), "c": {"type": "array", "items": \#(both)}}}"#
    #expect(try example(schema) == #"{"a":1,"c":[]}"#)
  }

  @Test(arguments: [
    "false", #"{"type": "string", "minLength": 3, "maxLength": 2}"#,
    #"{"type": "integer", "minimum": 2, "maximum": 1}"#,
    #"{"allOf": [{"type": "string"}, {"type": "null"}]}"#, #"{"type": "string", "minLength": 100000}"#,
    ##"{"required": ["a"], "properties": {"a": {"$ref": "#"}}, "type": "object"}"##,
  ])
  func `where no data is found, nothing is shown`(_ schema: String) throws {
    #expect(try example(schema) == nil)
  }

  @Test func `an Avro record that holds itself has no example, and one that may end has`() throws {
    let endless = #"{"type": "record", "name": "R", "fields": [{"name": "r", "type": "R"}]}"#
    #expect(try example(endless, "R/1.avsc") == nil)
    let list = #"{"type": "record", "name": "R", "fields": [{"name": "r", "type": ["null", "R"]}]}"#
    #expect(try example(list, "R/1.avsc") == #"{"r":null}"#)
    let meanings = """
      {"type": "record", "name": "R", "fields": [
        {"name": "id", "type": {"type": "string", "logicalType": "uuid"}}, {"name": "on", "type": {"type": "int", "logicalType": "date"}},
        {"name": "cents", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "state", "type": {"type": "enum", "name": "S", "symbols": ["OPEN", "PAID"]}}]}
      """
    #expect(
      try example(meanings, "R/1.avsc")
        == #"{"id":"123e4567-e89b-42d3-a456-426614174000","on":"2026-01-31","cents":"1.55","state":"OPEN"}"#)
  }

  @Test func `examples of generated schemas keep them, and most schemas have one`() throws {
    var making = JSONSchemaMaking(dice: Dice(7))
    var (found, all) = (0, 0)
    for _ in 0..<600 {
      let text = making.file()
      guard let contract = try? Contract(type: "T", version: 1, file: "T/1.json", text: Array(text.utf8)) else {
        continue
      }
      all += 1
      guard let made = ExampleData.of(contract) else { continue }
      found += 1
      #expect(try contract.schema.validator().mismatch(made.compact) == nil, "\(text)")
      #expect(ExampleData.of(contract) == made)
    }
    #expect(all > 400 && found * 10 > all * 8, "\(found) of \(all)")
  }

  @Test(arguments: [("avro-schemas", "avsc", 8), ("json-schema-draft7", "json", 8), ("json-schema-2020-12", "json", 8)])
  func `examples of others' schemas keep them, and most have one`(_ fixture: String, _ ending: String, _ tenths: Int)
    throws
  {
    var (found, all) = (0, 0)
    for document in try DocumentFixtures.lines(fixture) {
      guard let schema = document["schema"] else { continue }
      let text = schema.text.map { Array($0.utf8) } ?? schema.compact
      guard let contract = try? Contract(type: "T", version: 1, file: "T/1.\(ending)", text: text) else { continue }
      all += 1
      guard let made = ExampleData.of(contract) else { continue }
      found += 1
      #expect(try contract.schema.validator().mismatch(made.compact) == nil)
    }
    #expect(all > 80 && found * 10 > all * tenths, "\(found) of \(all)")
  }

  @Test func `a message of everything has an example`() throws {
    let contract = try Contract(
      type: "everything.Placed", version: 1, file: "a/1.binpb", text: ProtobufFixtures.bytes("everything.binpb"))
    let made = try #require(ExampleData.of(contract))
    #expect(made.members.count > 10)
    #expect(try contract.schema.validator().mismatch(made.compact) == nil)
  }
}
