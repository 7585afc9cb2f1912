// SPDX-License-Identifier: Apache-2.0

import Contracts
import Testing

struct JSONSchemaTests {
  private func mismatch(_ schema: String, _ data: String) throws -> Mismatch? {
    try JSONSchemaHostileTests.mismatch(schema, data)
  }

  @Test(arguments: [
    (
      ##"{"properties": {"cents": {"type": "integer"}}}"##, #"{"cents": 1.5}"#, "/cents",
      "#/properties/cents/type: integer"
    ),
    (
      ##"{"properties": {"a": {"items": {"minimum": 3}}}}"##, #" { "a" : [ 3 , 2 ] } "#, "/a/1",
      "#/properties/a/items/minimum: 3"
    ),
    (##"{"required": ["a"]}"##, "{}", "", "#/required: a"), ("false", "1", "", "#: false"),
    (
      ##"{"properties": {"a": true}, "additionalProperties": false}"##, #"{"a": 1, "b/~": {"c": 2}}"#, "/b~1~0",
      "#/additionalProperties: false"
    ),
    (##"{"propertyNames": {"maxLength": 1}}"##, #"{"a": [1], "bc": 2}"#, "/bc", "#/propertyNames/maxLength: 1"),
    (
      ##"{"anyOf": [{"type": "null"}, {"properties": {"a": {"const": 1}}, "type": "object"}]}"##, #"{"a": 2}"#, "/a",
      "#/anyOf/1/properties/a/const"
    ),
    (##"{"oneOf": [true, true]}"##, "1", "", "#/oneOf"), (##"{"not": {"type": "string"}}"##, #""a""#, "", "#/not"),
    (##"{"if": {"required": ["a"]}, "then": {"required": ["b"]}}"##, #"{"a": 1}"#, "", "#/then/required: b"),
    (##"{"enum": ["a", 1]}"##, "2", "", "#/enum"),
    (##"{"$ref": "#/$defs/é", "$defs": {"é": {"pattern": "^a"}}}"##, #""b""#, "", "#/$defs/é/pattern: ^a"),
    (##"{"dependentRequired": {"a": ["b"]}}"##, #"{"a": 1}"#, "", "#/dependentRequired: b"),
    (
      ##"{"unevaluatedProperties": false, "allOf": [{"properties": {"a": true}}]}"##, #"{"a": 1, "b": 1}"#, "/b",
      "#/unevaluatedProperties: false"
    ),
    (##"{"type": ["string", "null"]}"##, "1", "", "#/type: string, null"), ("true", "{", "", "JSON"),
    ("true", "", "", "JSON"),
    ("true", "1 2", "", "JSON"), ("true", "{\"a\":\u{1}}", "", "JSON"),
    (##"{"prefixItems": [true, {"type": "null"}]}"##, "[1,2]", "/1", "#/prefixItems/1/type: null"),
  ]) func `a mismatch is told with its place and rule`(
    _ schema: String, _ data: String, _ pointer: String, _ rule: String
  ) throws {
    let found = try mismatch(schema, data)
    #expect(found == Mismatch(pointer, rule))
  }

  @Test(arguments: [
    (##"{"maximum": 9007199254740992}"##, "9007199254740993", false),
    (##"{"maximum": 9007199254740993}"##, "9007199254740993.0", true),
    (##"{"const": 9007199254740993}"##, "9007199254740992", false), (##"{"const": 1}"##, "1.0e0", true),
    (##"{"const": 100}"##, "1E+2", true),
    (##"{"const": 0}"##, "-0.0e5", true), (##"{"minimum": 0.1}"##, "0.09999999999999999999999999999999", false),
    (##"{"minimum": -1e400000000}"##, "-1e400000001", false), (##"{"minimum": 1e-400}"##, "0", false),
    (##"{"exclusiveMinimum": 0}"##, "1e-99999999999999999999999", true),
    (##"{"multipleOf": 0.01}"##, "19.99", true), (##"{"multipleOf": 0.01}"##, "19.999", false),
    (##"{"multipleOf": 3}"##, "1e400000000", false),
    (##"{"multipleOf": 7}"##, "123456789012345678901234567890123456789", false),
    (##"{"multipleOf": 9}"##, "123456789012345678901234567890123456789123456789", true),
    (##"{"multipleOf": 8}"##, "1e400000000", true), (##"{"multipleOf": 1e-400000000}"##, "5", true),
    (##"{"multipleOf": 0.0001}"##, "0.00751", false),
    (##"{"type": "integer"}"##, "1e2", true), (##"{"type": "integer"}"##, "1e-2", false),
    (##"{"type": "integer"}"##, "120e-1", true),
    (##"{"type": "integer"}"##, "0.0", true), (##"{"type": "integer"}"##, "100000000000000000000000.5", false),
    (##"{"uniqueItems": true}"##, "[1, 1.0]", false),
    (##"{"uniqueItems": true}"##, #"[{"a": 1, "b": 2}, {"b": 2.0, "a": 1}]"#, false),
    (##"{"uniqueItems": true}"##, "[9007199254740993, 9007199254740992]", true),
    (##"{"uniqueItems": true}"##, #"["a", "\u0061"]"#, false),
    (##"{"maxLength": 1}"##, #""\ud83d\ude00""#, true), (##"{"maxLength": 1}"##, "\"\u{1F600}\"", true),
    (##"{"maxLength": 1}"##, "\"e\u{301}\"", false),
    (##"{"minLength": 2}"##, #""\ud83d\n""#, true), (##"{"properties": {"a": false}}"##, #"{"\u0061": 1}"#, false),
    (##"{"required": ["a/é"]}"##, #"{"a\/\u00e9": 1}"#, true),
    (##"{"required": ["\ud83d\ude00"]}"##, "{\"\u{1F600}\": 1}", true),
    (##"{"properties": {"é": false}}"##, "{\"e\u{301}\": 1}", true),
    (##"{"additionalProperties": false}"##, #"{"\ud800": 1}"#, false),
    (##"{"format": "date", "contentEncoding": "base64"}"##, #""no""#, true),
    (##"{"properties": {"a": {"type": "string"}}}"##, #"{"a": "x", "a": 1}"#, false),
    (##"{"maxProperties": 1}"##, #"{"a": 1, "a": 1}"#, false),
    (##"{"enum": [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,[1,{"a":null}]]}"##, #"[1.0, {"a": null}]"#, true),
  ]) func `numbers are exact, and text is code points`(_ schema: String, _ data: String, _ matches: Bool) throws {
    let found = try mismatch(schema, data)
    #expect((found == nil) == matches, "\(String(describing: found))")
  }

  @Test func `only the range is read`() throws {
    let validator = try JSONSchemaHostileTests.schema(##"{"maximum": 12}"##).validator()
    let bytes = Array("x12345".utf8)
    #expect(unsafe validator.mismatch(in: bytes.span.bytes, 1..<3) == nil)
    #expect(unsafe validator.mismatch(in: bytes.span.bytes, 1..<4) != nil)
  }

  @Test(arguments: [
    ("[]", "", 1, "a schema is to be"), ("{\"properties\": {\"a\":\n 1}}", "/properties/a", 2, "a schema is to be"),
    (##"{"$schema": "http://json-schema.org/draft-04/schema#"}"##, "/$schema", 1, "names no draft"),
    (##"{"type": "text"}"##, "/type", 1, "name types"),
    (##"{"type": []}"##, "/type", 1, "names nothing"), (##"{"minimum": "1"}"##, "/minimum", 1, "a number"),
    (##"{"maxLength": -1}"##, "/maxLength", 1, "whole number"),
    (##"{"maxLength": 1.5}"##, "/maxLength", 1, "whole number"),
    (##"{"multipleOf": 0}"##, "/multipleOf", 1, "above zero"),
    (##"{"multipleOf": 1234567890123456789}"##, "/multipleOf", 1, "more than 18 digits"),
    (##"{"pattern": "(?=a)"}"##, "/pattern", 1, "lookahead"),
    (##"{"patternProperties": {"(": true}}"##, "/patternProperties", 1, "without its )"),
    (##"{"required": "a"}"##, "/required", 1, "arrays of names"),
    (##"{"required": [1]}"##, "/required", 1, "arrays of names"), (##"{"enum": 1}"##, "/enum", 1, "array of values"),
    (##"{"allOf": []}"##, "/allOf", 1, "no schema"),
    (##"{"anyOf": {}}"##, "/anyOf", 1, "array of schemas"),
    (##"{"properties": []}"##, "/properties", 1, "object whose members"),
    (##"{"uniqueItems": 1}"##, "/uniqueItems", 1, "true or false"), (##"{"$ref": 1}"##, "/$ref", 1, "URI reference"),
    (##"{"$ref": "#/a/b"}"##, "/$ref", 1, "leads nowhere"),
    (##"{"$ref": "#a"}"##, "/$ref", 1, "anchor"), (##"{"$ref": "other.json"}"##, "/$ref", 1, "leaves the file"),
    (##"{"$ref": "#/%zz"}"##, "/$ref", 1, "wrong escape"),
    (##"{"$id": "a#b"}"##, "/$id", 1, "fragment"), (##"{"$id": 1}"##, "/$id", 1, "URI reference"),
    (##"{"$anchor": "/a"}"##, "/$anchor", 1, "a name"),
    (##"{"$defs": {"a": {"$anchor": "x"}, "b": {"$anchor": "x"}}}"##, "/$defs/b/$anchor", 1, "same anchor"),
    (##"{"$defs": {"a": {"$id": "x"}, "b": {"$id": "x"}}}"##, "/$defs/b/$id", 1, "same $id"),
    (##"{"dependentRequired": []}"##, "/dependentRequired", 1, "an object"),
    (##"{"items": [true]}"##, "/items", 1, "calls prefixItems"),
    (##"{"$ref": "#/required", "required": []}"##, "/required", 1, "a schema is to be"),
  ]) func `a wrong schema is told with its place, line and what to do`(
    _ text: String, _ path: String, _ line: Int, _ words: String
  ) {
    let fault = #expect(throws: SchemaFault.self) { try JSONSchemaHostileTests.schema(text) }
    #expect(
      fault?.path == path && fault?.line == line && fault?.advice.isEmpty == false, "\(String(describing: fault))")
    #expect(fault?.problem.contains(words) == true, "\(fault?.problem ?? "")")
  }

  @Test(arguments: [
    (
      ##"{"type": "object", "title": "a", "properties": {"title": {"minimum": 1}}}"##,
      ##"{"properties": {"title": {"minimum": 1.0, "$comment": "c"}}, "type": "object"}"##, true
    ),
    (##"{"properties": {"title": true}}"##, ##"{"properties": {"title": false}}"##, false),
    (##"{"properties": {"title": true}}"##, ##"{"properties": {}}"##, false),
    (##"{"enum": [{"title": 1}]}"##, ##"{"enum": [{"title": 2}]}"##, false),
    (##"{"format": "date"}"##, ##"{}"##, false), (##"{"examples": [1]}"##, ##"{}"##, true),
    (##"{"anyOf": [{"title": "a"}, true]}"##, ##"{"anyOf": [{}, true]}"##, true),
    (##"{"const": 9007199254740993}"##, ##"{"const": 9007199254740992}"##, false),
    (##"{"required": ["é"]}"##, "{\"required\": [\"e\u{301}\"]}", false),
  ]) func `annotations and order do not tell schemas apart`(_ one: String, _ other: String, _ same: Bool) throws {
    let (left, right) = (try JSONSchemaHostileTests.schema(one), try JSONSchemaHostileTests.schema(other))
    #expect(left.isSame(as: right) == same && right.isSame(as: left) == same && left.isSame(as: left))
  }

  @Test(arguments: [
    (##"{"require": ["a"]}"##, "/require", "required may be meant"),
    (##"{"properties": {"a": {"MinLength": 1}}}"##, "/properties/a/MinLength", "minLength may be meant"),
    (##"{"tpye": "string"}"##, "/tpye", "type may be meant"), (##"{"then": true}"##, "/then", "without if"),
    (##"{"additionalItems": false}"##, "/additionalItems", "use prefixItems"),
    (
      ##"{"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/a", "minimum": 1, "definitions": {"a": true}}"##,
      "/minimum", "beside $ref"
    ),
    (
      ##"{"$schema": "http://json-schema.org/draft-07/schema#", "prefixItems": [true]}"##, "/prefixItems",
      "items with an array"
    ),
    (
      ##"{"properties": {"a": true}, "required": ["b"], "additionalProperties": false}"##, "/required",
      "nothing can match"
    ),
  ]) func `what may not be meant is remarked`(_ text: String, _ path: String, _ words: String) throws {
    let remarks = try JSONSchemaHostileTests.schema(text).remarks
    #expect(remarks.count == 1 && remarks[0].path == path && remarks[0].words.contains(words), "\(remarks)")
  }

  @Test(arguments: [
    // As it is refused, what the advice says, and as it says.
    (
      ##"{"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "common.json"}"##,
      "copy what it refers to into definitions, with its $id, and refer to that from within allOf",
      ##"{"$schema": "http://json-schema.org/draft-07/schema#", "allOf": [{"$ref": "common.json"}], "definitions": {"c": {"$id": "common.json"}}}"##
    ),
    (
      ##"{"$schema": "http://json-schema.org/draft-07/schema#", "items": {"$ref": "common.json"}}"##,
      "copy what it refers to into definitions, with its $id, and refer to that",
      ##"{"$schema": "http://json-schema.org/draft-07/schema#", "items": {"$ref": "common.json"}, "definitions": {"c": {"$id": "common.json"}}}"##
    ),
    (
      ##"{"$ref": "common.json"}"##, "copy what it refers to into $defs, with its $id, and refer to that",
      ##"{"$ref": "common.json", "$defs": {"c": {"$id": "common.json"}}}"##
    ),
    (
      ##"{"$schema": "http://json-schema.org/draft-07/schema#", "items": {"$ref": "#f"}}"##,
      "add the $id with the #",
      ##"{"$schema": "http://json-schema.org/draft-07/schema#", "items": {"$ref": "#f"}, "definitions": {"c": {"$id": "#f"}}}"##
    ),
    (##"{"$ref": "#f"}"##, "add the $anchor", ##"{"$ref": "#f", "$defs": {"c": {"$anchor": "f"}}}"##),
    (##"{"pattern": "\\Aabc"}"##, "write ^", ##"{"pattern": "^abc"}"##),
    (##"{"pattern": "abc\\Z"}"##, "write $", ##"{"pattern": "abc$"}"##),
    (##"{"pattern": "(?i)a"}"##, "both cases", ##"{"pattern": "[Aa]"}"##),
    (##"{"pattern": "(?P<n>a)"}"##, "write (?<name> )", ##"{"pattern": "(?<n>a)"}"##),
  ]) func `what an advice says works`(_ wrong: String, _ advice: String, _ right: String) {
    let fault = #expect(throws: SchemaFault.self) { try JSONSchemaHostileTests.schema(wrong) }
    #expect(fault?.advice.contains(advice) == true, "\(fault?.advice ?? "")")
    #expect(throws: Never.self) { try JSONSchemaHostileTests.schema(right) }
  }

  @Test(arguments: [
    "{\"properties\": {\"a\": {\"$ref\": \"#/$defs/\u{301}x\"}}, \"$defs\": {\"\u{301}x\": {\"type\": \"null\"}}}",
    "{\"properties\": {\"a\": {\"$ref\": \"#\u{301}\"}}, \"$defs\": {\"x\": {\"$anchor\": \"\u{301}\", \"type\": \"null\"}}}",
    "{\"properties\": {\"a\": {\"$ref\": \"x/\u{301}\"}}, \"$defs\": {\"b\": {\"$id\": \"/x/\u{301}\", \"type\": \"null\"}}}",
    "{\"properties\": {\"a\": {\"$ref\": \"e\u{301}\"}}, \"$defs\": {\"x\": {\"$id\": \"\u{e9}\"}, \"y\": {\"$id\": \"e\u{301}\", \"type\": \"null\"}}}",
  ]) func `names that begin with a combining mark are found`(_ text: String) throws {
    let found = try JSONSchemaHostileTests.mismatch(text, ##"{"a": 1}"##)
    #expect(found?.rule.hasSuffix("/type: null") == true)
  }

  @Test func `what is meant is not remarked`() throws {
    let text =
      ##"{"title": "t", "x-owner": 1, "format": "date", "properties": {"require": true, "tpye": {"default": 1}}, "$defs": {"if": true}}"##
    #expect(try JSONSchemaHostileTests.schema(text).remarks.isEmpty)
  }
}
