// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Contracts

/// What hostile schemas and data may cost, in steps, and that what was not looked at is told.
struct JSONSchemaBoundsTests {
  private static func schema(_ text: String) throws -> JSONSchema { try JSONSchema(SchemaDocument(Array(text.utf8))) }

  /// A comparison with limits, and what is left of them.
  private static func compare(
    _ reader: String, _ writer: String, work: Int = SchemaComparison.maximumWork,
    steps: Int = SchemaComparison.maximumSteps
  ) throws -> (found: [Obstacle], work: Int, steps: Int) {
    let (reader, writer) = (try schema(reader), try schema(writer))
    var comparison = SchemaComparison(reader: reader.compiled, writer: writer.compiled, isStrict: false)
    (comparison.work, comparison.steps) = (work, steps)
    let found = comparison.obstacles()
    return (found, work - comparison.work, steps - comparison.steps)
  }

  private static func check(_ schema: String, _ data: String, budget: Int) throws -> (end: Int, left: Int) {
    let compiled = try Self.schema(schema).compiled
    let bytes = Array(data.utf8)
    var checker = SchemaChecker(compiled, budget: budget)
    let end = checker.check(bytes.span.bytes, Int32(compiled.program.root), 0)
    return (end, checker.budget)
  }

  @Test func `equal items are not compared with each other once too much is spent`() throws {
    let items = Array(repeating: "1", count: 200_000).joined(separator: ",")
    let found = try Self.check(##"{"uniqueItems": true}"##, "[\(items)]", budget: 1_000_000)
    #expect(found.end < 0 && found.left < 0)
  }

  @Test(arguments: [
    (##"{"uniqueItems": true}"##, "[1,2,3,4,5,6,7,8,9,[{\"a\":\"b\"}],9]"),
    (##"{"uniqueItems": true}"##, "[[\"\\u0061aaaaaaaaaa\",[true]],[\"aaaaaaaaaaa\",[true]]]"),
    (##"{"not": {"uniqueItems": false}}"##, "[1,1]"), (##"{"anyOf": [{"uniqueItems": true}, false]}"##, "[{},{}]"),
    (##"{"enum": [{"a": [1, 2, 3, 4]}, "x"]}"##, "{\"a\":[1,2,3,5]}"),
    (##"{"not": {"const": {"a": [1, 2, 3, 4]}}}"##, "{\"a\":[1.0,20e-1,3,4]}"),
    (
      ##"{"not": {"enum": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, "aaaaaa"]}}"##,
      "\"aaaaaa\""
    ),
  ]) func `with however few steps, what does not match is not taken`(_ schema: String, _ data: String) throws {
    for budget in 0..<400 {
      let found = try Self.check(schema, data, budget: budget)
      #expect(found.end < 0, "\(budget)")
    }
  }

  @Test func `equal values within many arrays are counted at each`() throws {
    let item =
      String(repeating: "[", count: 100) + "\"\(String(repeating: "a", count: 4_000))\""
      + String(repeating: "]", count: 100)
    let (left, right) = (Array(item.utf8), Array(item.utf8))
    var budget = 1_000_000
    #expect(JSONEquality.areEqual(left.span.bytes, 0, right.span.bytes, 0, budget: &budget))
    #expect(budget < 1_000_000 - 100 * 4_000 / 8)
  }

  @Test func `no event may take more steps than go into a second, and a large one some for each byte`() {
    #expect(SchemaChecker.budget(for: 0) == 1_000_000)
    #expect((0...80).allSatisfy { SchemaChecker.budget(for: $0 * 100_000) <= 64_000_000 })
    #expect(SchemaChecker.budget(for: 1_000_000_000) == 8_000_000_000)
  }

  @Test func `what one schema says of plain data takes less than a step a byte`() throws {
    let item = #"{"id":"9b2f6c1e-5a0f-4e2a-9d3a-0c7a8c1d2e3f","cents":12345,"tags":["a","bc"]}"#
    let data = "[" + Array(repeating: item, count: 100).joined(separator: ",") + "]"
    let schema =
      ##"{"items": {"properties": {"id": {"type": "string", "maxLength": 36}, "cents": {"type": "integer", "minimum": 0}, "tags": {"items": {"type": "string"}}}, "required": ["id"]}}"##
    let found = try Self.check(schema, data, budget: data.utf8.count)
    #expect(found.end == data.utf8.count && found.left > 0)
  }

  private static func layers(_ count: Int, _ last: String, _ layer: (Int) -> String) -> String {
    let definitions = (0..<count).map { "\"A\($0)\": \(layer($0 + 1))" } + ["\"A\(count)\": \(last)"]
    return "{\"$ref\": \"#/$defs/A0\", \"$defs\": {\(definitions.joined(separator: ","))}}"
  }

  private static func link(_ index: Int) -> String { "{\"$ref\": \"#/$defs/A\(index)\"}" }

  @Test(arguments: [
    "{\"type\": \"object\", \"properties\": {\"a\": L, \"b\": L, \"c\": L}}",
    "{\"anyOf\": [{\"type\": \"object\", \"properties\": {\"a\": L}}, {\"type\": \"array\", \"items\": L}]}",
    "{\"allOf\": [L, L]}", "{\"type\": \"array\", \"items\": {\"allOf\": [L, L]}}",
  ]) func `what layers share is looked at once, and told once`(_ layer: String) throws {
    func schema(_ type: String) -> String {
      Self.layers(30, "{\"type\": \"\(type)\"}") { layer.replacing("L", with: Self.link($0)) }
    }
    let found = try Self.compare(schema("string"), schema("integer"))
    #expect(found.found.map(\.path) == ["/$defs/A30/type"] && found.found.first?.isProved == true, "\(found.found)")
    #expect(found.work < 3_000)
  }

  @Test func `layers that may take nothing of a case are looked at once`() throws {
    let reader = Self.layers(12, ##"{"type": "object", "properties": {"z": {"const": 1}}}"##) {
      "{\"allOf\": [\(Array(repeating: Self.link($0), count: 10).joined(separator: ","))]}"
    }
    let found = try Self.compare(
      "{\"not\": \(Self.link(0)), \(reader.dropFirst())".replacing(
        "\"$ref\": \"#/$defs/A0\", \"$defs\"", with: "\"$defs\""),
      ##"{"type": "object", "properties": {"x": {"type": "integer"}}}"##)
    #expect(found.found.map(\.rule) == ["not"] && found.found.first?.isProved == false, "\(found.found)")
    #expect(found.work < 1_000)
  }

  @Test func `steps in trying values are counted over all of them`() throws {
    let writer = "{\"enum\": [\((0..<400).map { "\"value\($0)\"" }.joined(separator: ","))]}"
    let enums = (0..<100).map { number in
      "{\"enum\": [\((0..<5).map { "\"value\(number * 5 + $0)\"" }.joined(separator: ","))]}"
    }
    let reader = "{\"anyOf\": [\(enums.joined(separator: ","))]}"
    let all = try Self.compare(reader, writer)
    #expect(all.found.isEmpty && all.steps > 400 * 5)
    let few = try Self.compare(reader, writer, steps: 10_000)
    #expect(few.found.last?.rule == "too large to be compared" && few.steps < 12_000)
  }

  @Test func `patterns that look at names are counted`() throws {
    func schema(_ type: String) -> String {
      let patterns = (0..<40).map { "\"^x\($0)_[a-z]+$\": {\"type\": \"\(type)\"}" }.joined(separator: ",")
      let properties = (0..<40).map { "\"p\($0)\": {\"type\": \"\(type)\"}" }.joined(separator: ",")
      return "{\"type\": \"object\", \"patternProperties\": {\(patterns)}, \"properties\": {\(properties)}}"
    }
    let all = try Self.compare(schema("number"), schema("integer"))
    #expect(all.steps > 40 * 40 * 16 && all.work > 40 * 40)
    let few = try Self.compare(schema("number"), schema("integer"), steps: 20_000)
    #expect(few.found.contains { $0.rule == "too large to be compared" } && few.steps < 22_000)
    let little = try Self.compare(schema("number"), schema("integer"), work: 500)
    #expect(little.found.contains { $0.rule == "too large to be compared" } && little.work < 600)
  }

  /// Pairs of which the reader does not take all that the writer writes.
  private static let incompatible = [
    (##"{"enum": [1, 2, {"a": 3}]}"##, ##"{"enum": [1, 2, {"a": 4}]}"##),
    (
      ##"{"properties": {"a": {"properties": {"b": {"type": "string"}}}}}"##,
      ##"{"properties": {"a": {"properties": {"b": {"type": "null"}}}}}"##
    ),
    (##"{"patternProperties": {"^a": {"type": "string"}}}"##, ##"{"properties": {"ab": {"type": "integer"}}}"##),
    (##"{"properties": {"ab": {"type": "string"}}}"##, ##"{"patternProperties": {"^a": {"type": "integer"}}}"##),
    (
      ##"{"additionalProperties": false, "patternProperties": {"^b": true}}"##,
      ##"{"properties": {"a": true, "b": true}}"##
    ),
    (
      ##"{"items": {"anyOf": [{"type": "string"}, {"type": "null"}]}}"##,
      ##"{"items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}}"##
    ),
    (
      ##"{"not": {"properties": {"k": {"const": "a"}}, "required": ["k"]}}"##,
      ##"{"type": "object", "properties": {"k": {"enum": ["a", "b"]}}, "required": ["k"]}"##
    ),
    (##"{"oneOf": [{"maxLength": 3}, {"minLength": 3}]}"##, ##"{"type": "string"}"##),
    (##"{"dependentRequired": {"a": ["b"]}}"##, ##"{"properties": {"a": true, "b": true}}"##),
    (##"{"prefixItems": [{"type": "string"}], "contains": {"const": 1}}"##, ##"{"items": {"type": "integer"}}"##),
    (
      ##"{"properties": {"b": {"type": "string"}}}"##,
      ##"{"anyOf": [{"properties": {"a": true}}, {"properties": {"b": {"type": "null"}}}]}"##
    ),
    (##"{"pattern": "^a{1,50}$"}"##, ##"{"type": "string"}"##),
    (##"{"type": "string", "enum": ["a", "b"]}"##, ##"{"enum": ["a", "b", "c"], "minLength": 1}"##),
  ]

  @Test(arguments: incompatible)
  func `whatever is not compared is told, and nothing is proved by that`(_ reader: String, _ writer: String) throws {
    let whole = try Self.compare(reader, writer)
    let proved = Set(whole.found.filter(\.isProved))
    #expect(!whole.found.isEmpty)
    for limit in 0...min(whole.work + 1, 200) {
      let found = try Self.compare(reader, writer, work: limit).found
      #expect(!found.isEmpty && Set(found.filter(\.isProved)).isSubset(of: proved), "work \(limit): \(found)")
    }
    for limit in stride(from: 0, through: min(whole.steps + 1, 4_000), by: 7) {
      let found = try Self.compare(reader, writer, steps: limit).found
      #expect(!found.isEmpty && Set(found.filter(\.isProved)).isSubset(of: proved), "steps \(limit): \(found)")
    }
  }

  @Test func `of many obstacles the proved ones are kept, and each once`() {
    let doubts = (0..<3_000).map { Obstacle("/\($0)", "r", code: .other, advice: "", isProved: false) }
    let proved = Obstacle("/x", "r", code: .other, advice: "")
    let told = (doubts + doubts + [proved, proved]).once()
    #expect(told.count == 1_000 && told.count(where: \.isProved) == 1)
    #expect(Set(told).count == 1_000)
  }

  @Test func `patterns take a bounded room together`() throws {
    func schema(_ count: Int) -> String {
      "{\"allOf\": [\((0..<count).map { "{\"pattern\": \"(\($0)|a{95}){100}\"}" }.joined(separator: ","))]}"
    }
    _ = try Self.schema(schema(2))
    let fault = #expect(throws: SchemaFault.self) { try Self.schema(schema(110)) }
    #expect(fault?.problem.contains("with those before it") == true && fault?.path.hasPrefix("/allOf/") == true)
  }
}
