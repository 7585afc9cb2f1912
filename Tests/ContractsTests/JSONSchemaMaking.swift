// SPDX-License-Identifier: Apache-2.0

import Contracts

/// Chance that can be had again: SplitMix64.
struct Dice: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }

  mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &self) }
  mutating func pick<T>(_ from: [T]) -> T { from[below(from.count)] }
}

/// Makes schemas, changes of them, and data for them.
struct JSONSchemaMaking {
  var dice: Dice
  static let names = ["a", "b", "c", "kind", "x-1"]
  static let types = ["object", "array", "string", "number", "integer", "boolean", "null"]
  static let strings = ["\"\"", "\"a\"", "\"b\"", "\"abc\"", "\"x-1\"", "\"12\"", "\"zzzzzz\""]
  static let numbers = ["0", "1", "-1", "2", "3", "5", "10", "0.5", "1.5", "-2.25", "100", "4", "6"]
  static let patterns = ["^a", "^x-", "c$", "^[a-z]+$"]

  /// A schema's text.
  mutating func schema(_ depth: Int) -> String {
    if dice.below(25) == 0 { return dice.pick(["true", "true", "false"]) }
    var members: [String: String] = [:]
    for _ in 0..<(1 + dice.below(3)) { keyword(&members, depth) }
    return Self.object(members)
  }

  /// The whole of a file, with definitions.
  mutating func file() -> String {
    var members: [String: String] = [
      "$defs": Self.object(["one": schema(1), "two": "{\"type\":\"\(dice.pick(Self.types))\"}"])
    ]
    for _ in 0..<(1 + dice.below(3)) { keyword(&members, 3) }
    return Self.object(members)
  }

  static func object(_ members: [String: String]) -> String {
    "{" + members.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
  }

  mutating func keyword(_ members: inout [String: String], _ depth: Int) {
    switch dice.below(depth > 0 ? 24 : 11) {
    case 0, 1: members["type"] = "\"\(dice.pick(Self.types))\""
    case 2: members["type"] = "[\"\(Self.types[dice.below(3)])\",\"\(Self.types[3 + dice.below(4)])\"]"
    case 3: members["enum"] = "[\(dice.pick(Self.strings)),\(dice.pick(Self.numbers)),null]"
    case 4:
      members[dice.pick(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"])] = dice.pick(Self.numbers)
    case 5: members["multipleOf"] = dice.pick(["1", "2", "0.5", "3", "6"])
    case 6:
      members[dice.pick(["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"])] =
        "\(dice.below(4))"
    case 7: members["pattern"] = "\"\(dice.pick(Self.patterns))\""
    case 8: members["required"] = "[\"\(dice.pick(Self.names))\"]"
    case 9: members["const"] = dice.below(2) == 0 ? dice.pick(Self.strings) : dice.pick(Self.numbers)
    case 10: members["uniqueItems"] = "true"
    case 11...14:
      members["type"] = "\"object\""
      var properties: [String: String] = [:]
      for _ in 0..<2 { properties[dice.pick(Self.names)] = schema(depth - 1) }
      members["properties"] = Self.object(properties)
    case 15: members["additionalProperties"] = dice.below(2) == 0 ? "false" : schema(depth - 1)
    case 16: members["items"] = schema(depth - 1)
    case 17: members[dice.pick(["anyOf", "oneOf"])] = "[\(schema(depth - 1)),\(schema(depth - 1))]"
    case 18: members["allOf"] = "[\(schema(depth - 1))]"
    case 19: members["$ref"] = "\"#/$defs/\(dice.pick(["one", "two"]))\""
    case 20: members["patternProperties"] = Self.object([dice.pick(Self.patterns): schema(depth - 1)])
    case 21: rare(&members, depth)
    case 22: members["prefixItems"] = "[\(schema(depth - 1))]"
    default: members["anyOf"] = "[{\"type\":\"null\"},\(schema(depth - 1))]"
    }
  }

  private mutating func rare(_ members: inout [String: String], _ depth: Int) {
    switch dice.below(6) {
    case 0: members["not"] = schema(depth - 1)
    case 1: (members["if"], members["then"]) = (schema(depth - 1), schema(depth - 1))
    case 2: members["contains"] = schema(depth - 1)
    case 3: members["dependentRequired"] = "{\"\(dice.pick(Self.names))\":[\"\(dice.pick(Self.names))\"]}"
    case 4: members["propertyNames"] = schema(depth - 1)
    default: members["unevaluatedProperties"] = dice.below(2) == 0 ? "false" : schema(depth - 1)
    }
  }

  /// A schema's text with something changed in it.
  mutating func changed(_ document: SchemaDocument, _ depth: Int = 2) -> String {
    guard case .object(let members) = document.value else { return dice.below(2) == 0 ? schema(1) : text(document) }
    var texts: [String: String] = [:]
    for member in members { texts[member.name] = text(member.value) }
    switch dice.below(4) {
    case 0: keyword(&texts, depth)
    case 1: if let gone = texts.keys.sorted().randomElement(using: &dice), gone != "$defs" { texts[gone] = nil }
    default:
      // One within.
      let inner = members.filter {
        ["properties", "items", "anyOf", "oneOf", "allOf", "additionalProperties", "$defs"].contains($0.name)
      }
      guard !inner.isEmpty else {
        keyword(&texts, depth)
        break
      }
      let one = dice.pick(inner)
      switch one.value.value {
      case .object(let schemas) where one.name == "properties" || one.name == "$defs":
        var parts: [String: String] = [:]
        let place = dice.below(max(1, schemas.count))
        for (index, schema) in schemas.enumerated() {
          parts[schema.name] = index == place ? changed(schema.value, depth - 1) : text(schema.value)
        }
        if one.name == "properties", dice.below(3) == 0 { parts[dice.pick(Self.names)] = schema(1) }
        texts[one.name] = Self.object(parts)
      case .array(let schemas):
        let place = dice.below(schemas.count)
        let parts = schemas.indices.map { $0 == place ? changed(schemas[$0], depth - 1) : text(schemas[$0]) }
        texts[one.name] = "[" + parts.joined(separator: ",") + "]"
      default: texts[one.name] = changed(one.value, depth - 1)
      }
    }
    return Self.object(texts)
  }

  func text(_ document: SchemaDocument) -> String {
    var bytes: [UInt8] = []
    bytes.append(json: document)
    return String(decoding: bytes, as: UTF8.self)
  }
}
