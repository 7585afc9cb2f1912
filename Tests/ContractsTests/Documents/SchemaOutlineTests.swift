// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Contracts

/// Rows of schemas, and what changed between them.
struct SchemaOutlineTests {
  private static func avro(_ fields: String...) -> String {
    #"{"type": "record", "name": "Placed", "doc": "An order.", "fields": [\#(fields.joined(separator: ","))]}"#
  }

  @Test func `an Avro field has its type, default, values and words`() throws {
    let found = try outline(
      Self.avro(
        #"{"name": "cents", "type": "long", "doc": "All of it."}"#,
        #"{"name": "state", "type": {"type": "enum", "name": "S", "symbols": ["A", "B"]}, "default": "A"}"#,
        #"{"name": "lines", "type": {"type": "array", "items": {"type": "record", "name": "L", "fields": [{"name": "n", "type": "int"}]}}}"#
      ), "Placed/1.avsc")
    #expect(found.doc == "An order." && found.type == "record Placed" && !found.isCut)
    #expect(found.fields.map(\.path) == ["cents", "state", "lines", "lines[].n"])
    #expect(found.fields.map(\.type) == ["long", "enum S", "array of record L", "int"])
    #expect(found.fields.map(\.isRequired) == [true, false, true, true])
    #expect(found.fields[0].doc == "All of it." && found.fields[1].defaultText == #""A""#)
    #expect(found.fields[1].symbols == ["A", "B"])
  }

  @Test func `a property is found through references, combinations and items`() throws {
    let found = try outline(
      """
      {"type": "object", "required": ["id"], "properties": {
        "id": {"type": "string", "format": "uuid", "description": "Who."},
        "to": {"$ref": "#/$defs/Address"}, "tags": {"type": "array", "items": {"type": "object", "properties": {"k": {"const": 1}}}}},
       "allOf": [{"properties": {"n": {"type": ["integer", "null"], "minimum": 1, "default": null}}}],
       "oneOf": [{"properties": {"card": {"type": "string"}}}, {"properties": {"iban": {"type": "string"}}}],
       "$defs": {"Address": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Address"}, "city": {"enum": ["A", 1]}}}}}
      """)
    #expect(
      found.fields.map(\.path) == [
        "id", "to", "to.next", "to.city", "tags", "tags[].k", "n", "(1).card", "(2).iban",
      ])
    #expect(found.fields[0].type == "string (uuid)" && found.fields[0].isRequired && found.fields[0].doc == "Who.")
    #expect(found.fields[3].symbols == ["A", "1"] && found.fields[5].type == "always 1")
    #expect(found.fields[6].type == "integer | null" && found.fields[6].rules == "at least 1")
    #expect(found.fields[6].defaultText == "null")
  }

  @Test func `a message has its fields by JSON's names`() throws {
    let found = SchemaOutline(
      try Contract(
        type: "everything.Placed", version: 1, file: "a/1.binpb", text: ProtobufFixtures.bytes("everything.binpb")))
    #expect(found.type == "message everything.Placed" && found.fields.count > 20 && !found.isCut)
    #expect(found.fields.contains { $0.type.hasPrefix("map of ") })
  }

  @Test func `rows have an end, and it is told`() throws {
    let many = (0..<600).map { #"{"name": "f\#($0)", "type": "int"}"# }
    let wide = try outline(#"{"type": "record", "name": "R", "fields": [\#(many.joined(separator: ","))]}"#, "R/1.avsc")
    #expect(wide.isCut && wide.fields.count == SchemaOutline.mostFields)
    let deep = String(repeating: #"{"properties":{"a":"#, count: 60) + "{}" + String(repeating: "}}", count: 60)
    #expect(try outline(deep).isCut)
    // Two ways at each step are very many in all.
    let twice =
      String(repeating: ##"{"anyOf":[{"$ref":"#/$defs/a"},"##, count: 60) + "{}" + String(repeating: "]}", count: 60)
    _ = try outline(#"{"$defs":{"a":{"properties":{"x":{}}}},"allOf":[\#(twice)]}"#)
    let loops =
      ##"{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/b"}]},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/b"}"##
    if let contract = try? Contract(type: "T", version: 1, file: "T/1.json", text: Array(loops.utf8)) {
      _ = SchemaOutline(contract)
      _ = ExampleData.of(contract)
    }
  }

  @Test func `what is very large comes to an end`() throws {
    let enumeration = #"{"enum": [\#((0..<20_000).map { "\($0)" }.joined(separator: ","))]}"#
    #expect(try example(enumeration) == "0" && outline(enumeration).fields.isEmpty)
    let names = (0..<600).map { #""n\#($0)": {"pattern": "^(a|b){0,90}$"}"# }.joined(separator: ",")
    let patterns = (0..<300).map { #""^n\#($0)$": {"type": "string"}"# }.joined(separator: ",")
    let wide = #"{"type": "object", "properties": {\#(names)}, "patternProperties": {\#(patterns)}}"#
    #expect(try example(wide) != nil && outline(wide).isCut)
    let unions = (0..<3000).map { #"{"type": "fixed", "name": "F\#($0)", "size": 1000000}"# }.joined(separator: ",")
    #expect(try example(#"[\#(unions)]"#, "T/1.avsc") == nil)
  }

  @Test func `what changed is told by field`() throws {
    let old = try outline(
      Self.avro(
        #"{"name": "a", "type": "int"}"#, #"{"name": "gone", "type": "string"}"#,
        #"{"name": "s", "type": {"type": "enum", "name": "S", "symbols": ["A", "B"]}}"#), "Placed/1.avsc")
    let new = try outline(
      Self.avro(
        #"{"name": "a", "type": "long", "default": 0}"#, #"{"name": "new", "type": ["null", "int"], "default": null}"#,
        #"{"name": "s", "type": {"type": "enum", "name": "S", "symbols": ["B", "C"]}}"#), "Placed/2.avsc")
    #expect(
      OutlineChange.between(old, new) == [
        OutlineChange(kind: .changed, path: "a", words: "type int → long; no longer required; default none → 0"),
        OutlineChange(kind: .added, path: "new", words: "null | int, optional, default null"),
        OutlineChange(kind: .changed, path: "s", words: "values added: C; values removed: A"),
        OutlineChange(kind: .removed, path: "gone", words: "string"),
      ])
    #expect(OutlineChange.between(new, new).isEmpty)
  }

  @Test func `what lies within something new or gone is not told by itself`() throws {
    let inner = #"{"type": "object", "properties": {"x": {"type": "integer"}}}"#
    let old = try outline(#"{"properties": {"ab": {"type": "integer"}}}"#)
    let new = try outline(#"{"properties": {"ab": {"type": "integer"}, "a": \#(inner), "ax": {}}}"#)
    #expect(OutlineChange.between(old, new).map(\.path) == ["a", "ax"])
    #expect(OutlineChange.between(new, old).map(\.path) == ["a", "ax"])
    #expect(OutlineChange.between(new, old).map(\.kind) == [.removed, .removed])
  }
}
