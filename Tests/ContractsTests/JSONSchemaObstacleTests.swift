// SPDX-License-Identifier: Apache-2.0

import Contracts
import Testing

struct JSONSchemaObstacleTests {
  private func obstacles(_ reader: String, _ writer: String, isStrict: Bool = false) throws -> [Obstacle] {
    try JSONSchemaHostileTests.schema(reader).obstacles(
      reading: JSONSchemaHostileTests.schema(writer), isStrict: isStrict)
  }

  @Test(arguments: [
    // reader, writer
    (
      ##"{"properties": {"a": {"type": "integer"}, "b": {"type": "string"}}, "required": ["a"]}"##,
      ##"{"properties": {"a": {"type": "integer"}}, "required": ["a"]}"##
    ),
    (
      ##"{"properties": {"a": {"type": "integer"}}}"##,
      ##"{"properties": {"a": {"type": "integer"}, "b": true}, "required": ["b"]}"##
    ),
    (##"{"type": "number"}"##, ##"{"type": "integer"}"##),
    (##"{"type": "integer"}"##, ##"{"type": "number", "multipleOf": 2}"##),
    (##"{"type": ["string", "null"]}"##, ##"{"type": "string"}"##),
    (##"{"anyOf": [{"type": "string"}, {"type": "null"}]}"##, ##"{"type": ["null", "string"]}"##),
    (##"{"oneOf": [{"type": "string"}, {"type": "null"}]}"##, ##"{"type": "string", "maxLength": 3}"##),
    (##"{"minimum": 1}"##, ##"{"type": "integer", "exclusiveMinimum": 0}"##),
    (##"{"maximum": 10}"##, ##"{"maximum": 9.5}"##), (##"{"multipleOf": 2}"##, ##"{"multipleOf": 6}"##),
    (##"{"multipleOf": 0.1}"##, ##"{"type": "integer"}"##),
    (##"{"enum": ["a", "b", "c"]}"##, ##"{"enum": ["a", "b"]}"##),
    (##"{"minLength": 1, "pattern": "^a"}"##, ##"{"enum": ["a", "ab"]}"##),
    (
      ##"{"items": {"type": "number"}, "minItems": 1}"##,
      ##"{"items": {"type": "integer"}, "minItems": 2, "type": "array"}"##
    ), (##"{"type": "boolean", "enum": [true, false]}"##, ##"{"type": "boolean"}"##),
    (
      ##"{"properties": {"next": {"$ref": "#"}, "id": {"type": "number"}}}"##,
      ##"{"properties": {"next": {"$ref": "#"}, "id": {"type": "integer"}}}"##
    ),
    (
      ##"{"not": {"required": ["x"]}, "pattern": "a|b"}"##,
      ##"{"pattern": "a|b", "not": {"required": ["x"]}, "title": "same"}"##
    ),
    (##"{"additionalProperties": {"type": "number"}}"##, ##"{"additionalProperties": {"type": "integer"}}"##),
    (##"{"additionalProperties": false, "properties": {"a": true, "b": true}}"##, ##"{"properties": {"a": true}}"##),
    (
      ##"{"oneOf": [{"properties": {"k": {"const": "A"}, "n": {"type": "number"}}, "required": ["k"]}, {"properties": {"k": {"const": "B"}}, "required": ["k"]}, {"properties": {"k": {"const": "C"}}, "required": ["k"]}]}"##,
      ##"{"oneOf": [{"type": "object", "properties": {"k": {"const": "A"}, "n": {"type": "integer"}}, "required": ["k"]}, {"type": "object", "properties": {"k": {"const": "B"}}, "required": ["k"]}]}"##
    ),
    ("true", ##"{"type": "string"}"##), (##"{"type": "string"}"##, "false"),
    (
      ##"{"if": {"type": "string"}, "then": {"minLength": 1}, "else": true}"##, ##"{"type": "string", "minLength": 2}"##
    ),
    (
      ##"{"properties": {"a": {"type": "string"}}}"##,
      ##"{"allOf": [{"$ref": "#/$defs/base"}], "$defs": {"base": {"properties": {"a": {"enum": ["x"]}}}}}"##
    ),
    (##"{"patternProperties": {"^x-": {"type": "string"}}}"##, ##"{"patternProperties": {"^x-": {"const": "a"}}}"##),
    (##"{"type": "object", "properties": {}}"##, ##"{"type": "object", "properties": {"a": true}}"##),
  ]) func `what is compatible is found to be`(_ reader: String, _ writer: String) throws {
    let found = try obstacles(reader, writer)
    #expect(found == [])
  }

  @Test(arguments: [
    (##"{"required": ["a"]}"##, ##"{"properties": {"a": true}}"##, "/required", "required: a"),
    (##"{"type": "integer"}"##, ##"{"type": "number"}"##, "/type", "type: integer"),
    (
      ##"{"properties": {"a": {"type": "string"}}}"##, ##"{"properties": {"a": {"type": ["string", "null"]}}}"##,
      "/properties/a/type", "type: string"
    ),
    (
      ##"{"properties": {"a": true}, "additionalProperties": false}"##, ##"{"properties": {"a": true, "b": true}}"##,
      "/additionalProperties", "additionalProperties: false: b"
    ),
    (##"{"enum": ["a"]}"##, ##"{"enum": ["a", "b"]}"##, "/enum", #"enum, which lacks "b""#),
    (##"{"enum": ["a"]}"##, ##"{"type": "string"}"##, "/enum", "enum"),
    (##"{"maxLength": 5}"##, ##"{"maxLength": 6}"##, "/maxLength", "maxLength: 5"),
    (##"{"minimum": 2}"##, ##"{"type": "integer", "minimum": 1}"##, "/minimum", "minimum: 2"),
    (##"{"pattern": "^a"}"##, ##"{"type": "string"}"##, "/pattern", "pattern: ^a"),
    (##"{"maxItems": 2}"##, ##"{"type": "array"}"##, "/maxItems", "maxItems: 2"),
    (##"{"uniqueItems": true}"##, ##"{"type": "array"}"##, "/uniqueItems", "uniqueItems"),
    (
      ##"{"$ref": "#/$defs/a", "$defs": {"a": {"type": "null"}}}"##, ##"{"type": "string"}"##, "/$defs/a/type",
      "type: null"
    ), ("false", "true", "", "false"),
    (
      ##"{"properties": {"m": {"properties": {"a": {"type": "string"}}}}}"##,
      ##"{"properties": {"m": {"type": "object"}}}"##, "/properties/m/properties/a/type", "type: string"
    ),
  ]) func `an obstacle is told with its place and rule`(
    _ reader: String, _ writer: String, _ path: String, _ rule: String
  ) throws {
    let found = try obstacles(reader, writer)
    #expect(found.contains { $0.path == path && $0.rule == rule && $0.isProved && !$0.advice.isEmpty }, "\(found)")
  }

  @Test(arguments: [
    (##"{"pattern": "^a"}"##, ##"{"type": "string", "pattern": "^ab"}"##),
    (##"{"not": {"const": 1}}"##, ##"{"type": "number"}"##),
    (##"{"anyOf": [{"maximum": 5}, {"minimum": 5}]}"##, ##"{"type": "number"}"##),
    (##"{"contains": {"const": 1}}"##, ##"{"type": "array", "contains": {"type": "integer"}}"##),
    (##"{"minLength": 1}"##, ##"{"type": "string", "pattern": "^a"}"##),
    (##"{"unevaluatedProperties": false, "properties": {"a": true}}"##, ##"{"properties": {"a": {"type": "null"}}}"##),
    (##"{"oneOf": [{"type": "string"}, {"maxLength": 3}]}"##, ##"{"type": "string"}"##),
    (
      ##"{"properties": {"b": {"type": "string"}}}"##,
      ##"{"properties": {"a": true}, "if": {"required": ["a"]}, "then": {"properties": {"b": true}}}"##
    ),
  ]) func `what nobody can tell is not proved`(_ reader: String, _ writer: String) throws {
    let found = try obstacles(reader, writer)
    #expect(!found.isEmpty && found.allSatisfy { !$0.isProved }, "\(found)")
  }

  @Test func `strictly, members that are left open count`() throws {
    let (reader, writer) = (
      ##"{"properties": {"a": true, "b": {"type": "string"}}}"##, ##"{"properties": {"a": true}}"##
    )
    #expect(try obstacles(reader, writer).isEmpty)
    #expect(try obstacles(reader, writer, isStrict: true).map(\.path) == ["/properties/b/type"])
    #expect(
      try obstacles(reader, ##"{"properties": {"a": true}, "additionalProperties": false}"##, isStrict: true).isEmpty)
  }

  @Test func `a branch that failed is not forgotten where it counts`() throws {
    // The pair of x is compared within a branch that is not taken, and again where it has to hold.
    let reader =
      ##"{"properties": {"p": {"anyOf": [{"properties": {"x": {"$ref": "#/$defs/n"}}}, true]}, "x": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"type": "null"}}}"##
    let writer =
      ##"{"properties": {"p": {"properties": {"x": {"$ref": "#/$defs/s"}}}, "x": {"$ref": "#/$defs/s"}}, "$defs": {"s": {"type": "string"}}}"##
    #expect(try obstacles(reader, writer).map(\.path) == ["/$defs/n/type"])
  }
}
