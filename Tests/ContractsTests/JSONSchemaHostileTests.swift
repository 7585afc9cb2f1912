// SPDX-License-Identifier: Apache-2.0

import Contracts
import Testing

/// Schemas and data that are made to take long, or to go deep.
struct JSONSchemaHostileTests {
  static func schema(_ text: String) throws -> JSONSchema { try JSONSchema(SchemaDocument(Array(text.utf8))) }

  static func mismatch(_ schema: String, _ data: String) throws -> Mismatch? {
    let validator = try Self.schema(schema).validator()
    let bytes = Array(data.utf8)
    return validator.mismatch(bytes)
  }

  private func soon<T>(_ body: () throws -> T) rethrows -> T {
    let start = ContinuousClock.now
    let result = try body()
    #expect(ContinuousClock.now - start < .seconds(10))
    return result
  }

  @Test(arguments: [
    ##"{"$ref": "#"}"##, ##"{"allOf": [{"$ref": "#"}]}"##,
    ##"{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}"##,
    ##"{"not": {"anyOf": [true, {"if": {"$ref": "#"}, "then": false}]}}"##,
    ##"{"dependentSchemas": {"a": {"$ref": "#"}}}"##,
    ##"{"$dynamicAnchor": "a", "minimum": 1, "oneOf": [{"$dynamicRef": "#a"}]}"##,
  ]) func `a loop of references is refused`(_ text: String) throws {
    let fault = #expect(throws: SchemaFault.self) { try Self.schema(text) }
    #expect(fault?.problem.contains("lead back") == true)
  }

  @Test func `a loop through the data is none`() throws {
    let tree = ##"{"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["id"]}"##
    #expect(try Self.mismatch(tree, ##"{"id": 1, "next": {"id": 2}}"##) == nil)
    #expect(try Self.mismatch(tree, ##"{"id": 1, "next": {}}"##) == Mismatch("/next", "#/required: id"))
  }

  @Test func `ten thousand references within each other are followed`() throws {
    let definitions =
      (0..<10_000).map { "\"d\($0)\": {\"$ref\": \"#/$defs/d\($0 + 1)\"}" } + ["\"d10000\": {\"type\": \"string\"}"]
    let text = "{\"$ref\": \"#/$defs/d0\", \"$defs\": {\(definitions.joined(separator: ","))}}"
    let found = try soon { try Self.mismatch(text, "1") }
    #expect(found == Mismatch("", "#/$defs/d10000/type: string"))
  }

  @Test func `schemas applied to one value within each other are bounded`() throws {
    func chain(_ count: Int) -> String {
      let definitions =
        (0..<count).map { "\"d\($0)\": {\"allOf\": [{\"$ref\": \"#/$defs/d\($0 + 1)\"}]}" } + [
          "\"d\(count)\": {\"type\": \"string\"}"
        ]
      return "{\"$ref\": \"#/$defs/d0\", \"$defs\": {\(definitions.joined(separator: ","))}}"
    }
    #expect(try Self.mismatch(chain(200), "1") != nil)
    let fault = #expect(throws: SchemaFault.self) { try Self.schema(chain(10_000)) }
    #expect(fault?.problem.contains("within each other") == true)
  }

  @Test func `deep data with a chain at each level ends`() throws {
    let definitions =
      (0..<200).map { "\"d\($0)\": {\"allOf\": [{\"$ref\": \"#/$defs/d\($0 + 1)\"}]}" } + [
        "\"d200\": {\"items\": {\"$ref\": \"#\"}}"
      ]
    let text = "{\"$ref\": \"#/$defs/d0\", \"$defs\": {\(definitions.joined(separator: ","))}}"
    let data = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
    #expect(try Self.mismatch(text, data) == Mismatch("", "too much work"))
  }

  @Test func `data deeper than the limit is a mismatch`() throws {
    func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    #expect(try Self.mismatch(##"{"items": {"$ref": "#"}}"##, nested(128)) == nil)
    #expect(
      try Self.mismatch(##"{"items": {"$ref": "#"}}"##, nested(129))?.rule
        == "at most 128 arrays and objects within each other")
    #expect(try Self.mismatch("true", nested(1_000_000))?.rule == "at most 128 arrays and objects within each other")
  }

  @Test func `combinations that multiply end`() throws {
    var text = ##"{"type": "string"}"##
    var definitions: [String] = []
    for level in 0..<60 {
      definitions.append("\"d\(level)\": \(text)")
      text = "{\"anyOf\": [{\"$ref\": \"#/$defs/d\(level)\"}, {\"$ref\": \"#/$defs/d\(level)\"}]}"
    }
    let schema = "{\"$defs\": {\(definitions.joined(separator: ","))}, \(text.dropFirst())"
    #expect(try soon { try Self.mismatch(schema, "1") } == Mismatch("", "too much work"))
    let one = try Self.schema(schema)
    let other = try Self.schema(schema.replacing("string", with: "null"))
    #expect(soon { one.obstacles(reading: other) }.isEmpty == false)
    let data = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
    let tree = ##"{"anyOf": [{"items": {"$ref": "#"}, "minItems": 2}, {"items": {"$ref": "#"}, "minItems": 3}]}"##
    #expect(try soon { try Self.mismatch(tree, data) } != nil)
  }

  @Test func `a catastrophic pattern ends`() throws {
    let data = "\"" + String(repeating: "a", count: 2_000) + "!\""
    #expect(try soon { try Self.mismatch(##"{"pattern": "^(a+)+$"}"##, data) } != nil)
    #expect(try soon { try Self.mismatch(##"{"pattern": ".{1,4000}z"}"##, data) } == Mismatch("", "too much work"))
  }

  @Test func `many items are compared soon`() throws {
    let numbers = (0..<10_000).map { "{\"a\": \($0)}" }.joined(separator: ",")
    #expect(try soon { try Self.mismatch(##"{"uniqueItems": true}"##, "[\(numbers)]") } == nil)
    #expect(
      try soon { try Self.mismatch(##"{"uniqueItems": true}"##, "[\(numbers), {\"a\": 7.0}]") }
        == Mismatch("", "#/uniqueItems"))
  }

  @Test func `a large schema is read soon`() throws {
    let properties = (0..<10_000).map { "\"p\($0)\": {\"type\": \"string\", \"maxLength\": 10}" }.joined(separator: ",")
    let text = "{\"properties\": {\(properties)}}"
    let found = try soon { try Self.mismatch(text, ##"{"p9999": "12345678901"}"##) }
    #expect(found == Mismatch("/p9999", "#/properties/p9999/maxLength: 10"))
  }

  @Test func `schemas that go deep are compared`() throws {
    func chain(_ type: String, _ link: (Int) -> String) -> String {
      let definitions = (0..<900).map { "\"d\($0)\": \(link($0 + 1))" } + ["\"d900\": {\"type\": \"\(type)\"}"]
      return "{\"$ref\": \"#/$defs/d0\", \"$defs\": {\(definitions.joined(separator: ","))}}"
    }
    func compare(_ link: (Int) -> String) throws -> [Obstacle] {
      try Self.schema(chain("string", link)).obstacles(reading: Self.schema(chain("null", link)))
    }
    let members = try soon { try compare { "{\"properties\": {\"a\": {\"$ref\": \"#/$defs/d\($0)\"}}}" } }
    #expect(members.count == 1 && members[0].isProved == false)
    let inPlace = try soon { try compare { "{\"anyOf\": [{\"$ref\": \"#/$defs/d\($0)\"}]}" } }
    #expect(!inPlace.isEmpty)
    let both = try soon {
      try compare { "{\"allOf\": [{\"items\": {\"$ref\": \"#/$defs/d\($0)\"}}], \"minItems\": 1}" }
    }
    #expect(!both.isEmpty)
  }

  @Test(arguments: [
    (
      "{\"" + String(repeating: "k", count: 10_000) + "\": 1, \"x\": 1}",
      ##"{"properties": {"x": {"type": "string"}}}"##
    ),
    ("{" + String(repeating: " ", count: 10_000) + "\"x\": 1}", ##"{"properties": {"x": {"type": "string"}}}"##),
    (String(repeating: "7", count: 10_000), ##"{"multipleOf": 1000003}"##),
    ("[" + String(repeating: " ", count: 10_000) + "1]", ##"{"items": false}"##),
    ("\"" + String(repeating: "a", count: 10_000) + "\"", ##"{"pattern": "(|){3000}b"}"##),
  ]) func `long data is counted wherever it is looked at`(_ data: String, _ leaf: String) throws {
    var definitions = ["\"d0\": \(leaf)"]
    for level in 1..<40 {
      definitions.append(
        "\"d\(level)\": {\"anyOf\": [{\"$ref\": \"#/$defs/d\(level - 1)\"}, {\"$ref\": \"#/$defs/d\(level - 1)\"}]}")
    }
    let schema = "{\"$ref\": \"#/$defs/d39\", \"$defs\": {\(definitions.joined(separator: ","))}}"
    let validator = try Self.schema(schema).validator()
    let bytes = Array(data.utf8)
    let start = ContinuousClock.now
    #expect(unsafe validator.mismatch(in: bytes.span.bytes, 0..<bytes.count) == Mismatch("", "too much work"))
    #expect(ContinuousClock.now - start < .seconds(10))
  }
}
