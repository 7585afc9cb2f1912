// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Testing

@testable import Contracts

/// What is accepted at first sight. That nothing is which does not match, each test of a validator looks at too.
struct AcceptorTests {
  private static let avro = """
    {"type":"record","name":"R","fields":[
     {"name":"id","type":{"type":"string","logicalType":"uuid"}},{"name":"count","type":"int"},{"name":"cents","type":"long"},
     {"name":"share","type":"double"},{"name":"paid","type":"boolean"},{"name":"note","type":["null","string"],"default":null},
     {"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},
     {"name":"kind","type":{"type":"enum","name":"K","symbols":["A","BB","A_SYMBOL_THAT_IS_RATHER_LONG"]}},
     {"name":"a_name_that_is_rather_long","type":{"type":"map","values":"int"}},
     {"name":"lines","type":{"type":"array","items":{"type":"record","name":"L","fields":[{"name":"sku","type":"string"}]}}}]}
    """

  private static let json = """
    {"type":"object","additionalProperties":false,"required":["id","count","cents","share","paid","lines"],"properties":{
     "id":{"type":"string","minLength":36,"maxLength":36},"count":{"type":"integer","minimum":-5,"maximum":99},
     "cents":{"type":"integer","exclusiveMinimum":-10},"share":{"type":"number","minimum":0,"maximum":10},
     "paid":{"type":"boolean"},"note":{"type":["null","string"]},"at":{"type":"string"},
     "kind":{"enum":["A","BB","A_SYMBOL_THAT_IS_RATHER_LONG",null]},
     "a_name_that_is_rather_long":{"type":"object","additionalProperties":{"type":"integer"}},
     "lines":{"type":"array","minItems":1,"items":{"type":"object","required":["sku"],"properties":{"sku":{"$ref":"#/$defs/s"}}}}},
     "$defs":{"s":{"type":"string"}}}
    """

  private static let data = """
    {"at": "2026-11-23T06:30:00.5+01:00", "id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "kind": "A_SYMBOL_THAT_IS_RATHER_LONG", \
    "note": "two\\nlines, \\"ä€😀\\"", "paid": true, "cents": 12995, "count": -3, "lines": [{"sku": "x"}, {"sku": ""}], \
    "share": 0.25, "a_name_that_is_rather_long": {"b": 7, "kind": 0}}
    """

  private static func validators() throws -> [any PayloadValidator] {
    [
      try AvroSchema(text: avro).validator(), try JSONSchema(SchemaDocument(Array(json.utf8))).validator(),
    ]
  }

  @Test func `data as programs write it is accepted, in any order and layout`() throws {
    let parts = Self.data.dropFirst().dropLast()
    for validator in try Self.validators() {
      for text in [
        Self.data, Self.data.replacing("\": ", with: "\":").replacing(", \"", with: ",\""), " \n" + Self.data + "\t ",
        Self.data.replacing("[", with: "[ ").replacing("}, {", with: "}\n,\t{").replacing(" true", with: " false"),
        "{" + "\"share\": 1, " + parts.replacing(", \"share\": 0.25", with: "") + "}",
        Self.data.replacing(#""two\\nlines, \"ä€😀\"""#, with: "null"),
      ] {
        #expect(validator.accepts(Array(text.utf8)), "\(text)")
        #expect(validator.mismatch(text) == nil)
      }
    }
  }

  @Test func `what is written rarely is left to the check itself`() throws {
    for (from, to) in [
      ("\"cents\":", "\"c\\u0065nts\":"), ("\"cents\":", "\"cents\" :"), ("12995", "1234567890123456789"),
      ("\"x\"", "\"\\u0041\""), ("\"x\"", "\"\\/\\u00e9\""),
    ] {
      for validator in try Self.validators() {
        let text = Self.data.replacing(from, with: to)
        #expect(!validator.accepts(Array(text.utf8)) && validator.mismatch(text) == nil, "\(to)")
      }
    }
  }

  @Test func `what breaks a rule is not accepted, nor what is no JSON`() throws {
    for (from, to) in [
      ("12995", "1.5"), ("12995", "012"), ("12995", "-"), ("12995", "\"1\""), ("true", "tru"), ("true", "null"),
      ("\"x\"", "1"), ("\"x\"", "\"\u{1}\""), ("\"x\"", "\"\\x\""), ("\"x\"", "\"x"), ("\"sku\": \"\"", ""),
      ("\"count\": -3", "\"other\": -3"), ("\"count\": -3, ", ""),
      ("]", "],"), ("0.25", "0."), ("0.25", ".25"), ("0.25", "+1"), ("0.25", "1e"), ("{\"b\": 7", "{\"b\": 7.5"),
      ("RATHER_LONG\"", "RATHER_LONG \""), ("{\"sku\"", "{\"skU\""), ("A_SYMBOL_THAT", "A_SYMBOL_THIT"), ("}}", "}"),
    ] {
      for validator in try Self.validators() {
        let text = Self.data.replacing(from, with: to)
        #expect(text != Self.data && validator.mismatch(text) != nil, "\(to)")
      }
    }
    let bounded = try JSONSchema(SchemaDocument(Array(Self.json.utf8))).validator()
    for (from, to) in [("0.25", "10.5"), ("0.25", "-0.5"), ("-3", "100"), ("12995", "-10"), ("0c8", "0c8é")] {
      #expect(bounded.mismatch(Self.data.replacing(from, with: to)) != nil, "\(to)")
    }
    // Within the bounds, and written as a number may be.
    for number in ["10", "9.999", "0.0", "1e0", "10.0"] {
      #expect(bounded.mismatch(Self.data.replacing("0.25", with: number)) == nil, "\(number)")
    }
  }

  @Test func `deep data, and many names, are left to the check itself`() throws {
    let tree = try AvroSchema(
      text: #"{"type":"record","name":"T","fields":[{"name":"t","type":{"type":"array","items":"T"}}]}"#
    ).validator()
    for depth in [10, 60, 126, 200] {
      let text = String(repeating: #"{"t":["#, count: depth / 2) + String(repeating: "]}", count: depth / 2)
      #expect(tree.accepts(Array(text.utf8)) == (depth < 48))
      #expect((tree.mismatch(text) == nil) == (depth <= 128))
    }
    for count in [64, 65] {
      let fields = (0..<count).map { #"{"name":"f\#($0)","type":"int"}"# }.joined(separator: ",")
      let wide = try AvroSchema(text: #"{"type":"record","name":"W","fields":[\#(fields)]}"#).validator()
      let text = "{" + (0..<count).reversed().map { "\"f\($0)\":1" }.joined(separator: ",") + "}"
      #expect(wide.accepts(Array(text.utf8)) == (count == 64))
      #expect(wide.mismatch(text) == nil)
    }
  }

  @Test(arguments: [
    #"{"type":"object","required":["a"],"properties":{"a":{"type":"string","pattern":"^x"}}}"#,
    #"{"type":"string","pattern":"x"}"#,
    #"{"not":{"type":"null"}}"#, "false",
  ])
  func `one that would hardly ever say yes is not asked`(_ text: String) throws {
    let validator = try JSONSchema(SchemaDocument(Array(text.utf8))).validator()
    #expect(validator.acceptor() == nil)
  }

  @Test func `most that is valid by other validators is accepted at first sight`() throws {
    var (accepted, valid) = (0, 0)
    for line in try ContractFixtures.lines(in: ContractFixtures.file("json-schema-2020-12")) {
      let group = try SchemaDocument(line)
      guard let schema = group["schema"], case .array(let tests)? = group["tests"]?.value,
        let validator = try? JSONSchema(schema).validator()
      else { continue }
      for test in tests {
        guard case .array(let parts) = test.value, case .boolean(true) = parts[2].value else { continue }
        var data: [UInt8] = []
        data.append(json: parts[1])
        valid += 1
        if validator.accepts(data) { accepted += 1 }
      }
    }
    #expect(accepted > valid / 4, "\(accepted) of \(valid)")
  }

  @Test func `data of a form that is known is accepted when it would be without, and no other`() throws {
    var chance = AvroMutationTests.Chance(state: 7)
    let data = Array(Self.data.utf8)
    let another = Array(Self.data.replacing("\": ", with: "\":").utf8)
    let values = [
      "1", "-7", "12.5", "null", "true", #""x""#, #""A""#, "{}", "[]", #"{"a": 1}"#, #"[{"sku": "y"}]"#, "01", "\"",
    ]
    for validator in try Self.validators() {
      let acceptor = try #require(validator.acceptor())
      let form = try #require(unsafe Acceptor.Form(acceptor, data.span.bytes, 0..<data.count))
      var known = KnownForms()
      var (same, other) = (0, 0)
      for round in 0..<5000 {
        var text = round % 8 == 0 ? data : round % 8 == 4 ? another : AvroMutationTests.mutated(data, &chance)
        if round % 3 == 0 {
          let value = Array(values[Int.random(in: 0..<values.count, using: &chance)].utf8)
          let places = text.indices.filter { text[$0] == UInt8(ascii: ":") && $0 + 2 < text.count }
          if let place = places.randomElement(using: &chance) {
            let end =
              text[(place + 2)...].firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") } ?? text.count
            text.replaceSubrange((place + 2)..<max(end, place + 2), with: value)
          }
        }
        let expected = acceptor.accepts(text.span.bytes, 0..<text.count)
        if acceptor.accepts(text.span.bytes, 0..<text.count, as: form) {
          same += 1
          #expect(expected, "\(String(decoding: text, as: UTF8.self))")
        } else if expected {
          other += 1
        }
        let found = known.accept(text.span.bytes, 0..<text.count, by: acceptor)
        #expect(found == expected, "\(String(decoding: text, as: UTF8.self))")
        if found { #expect(validator.mismatch(in: text.span.bytes, 0..<text.count) == nil) }
      }
      #expect(same > 300 && other > 20, "\(same), \(other)")
    }
  }
}
