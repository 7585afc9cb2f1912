// SPDX-License-Identifier: Apache-2.0

import Contracts

/// Makes data as a writer with a schema would: of an object it writes the members that the schema names.
extension JSONSchemaMaking {
  mutating func data(for schema: SchemaDocument, in file: SchemaDocument, _ depth: Int = 4) -> String {
    let parts = parts(of: schema, file)
    for part in parts {
      if let constant = part["const"], dice.below(2) == 0 { return text(constant) }
      if case .array(let values)? = part["enum"]?.value, dice.below(2) == 0 { return text(dice.pick(values)) }
    }
    var types: [String] = []
    for part in parts {
      switch part["type"]?.value {
      case .string(let type)?: types.append(type)
      case .array(let some)?:
        for one in some { if case .string(let type) = one.value { types.append(type) } }
      default: break
      }
    }
    let type = types.isEmpty || dice.below(6) == 0 ? dice.pick(Self.types) : dice.pick(types)
    switch type {
    case "object": return depth > 0 ? members(parts, file, depth) : "{}"
    case "array": return depth > 0 ? items(parts, file, depth) : "[]"
    case "string": return dice.pick(Self.strings)
    case "number": return dice.pick(Self.numbers)
    case "integer": return dice.pick(["0", "1", "-1", "2", "3", "5", "10", "6", "12", "4"])
    case "boolean": return dice.pick(["true", "false"])
    default: return "null"
    }
  }

  private mutating func members(_ parts: [SchemaDocument], _ file: SchemaDocument, _ depth: Int) -> String {
    var schemas: [String: [SchemaDocument]] = [:]
    var required: Set<String> = []
    var isMap = false
    for part in parts {
      if case .object(let properties)? = part["properties"]?.value {
        for property in properties { schemas[property.name, default: []].append(property.value) }
      }
      if case .array(let names)? = part["required"]?.value {
        for name in names {
          if case .string(let name) = name.value {
            schemas[name, default: []] += []
            required.insert(name)
          }
        }
      }
      if case .object(let members)? = part["additionalProperties"]?.value, !members.isEmpty { isMap = true }
      if case .object(let members)? = part["unevaluatedProperties"]?.value, !members.isEmpty { isMap = true }
      if case .object(let members)? = part["patternProperties"]?.value {
        for name in Self.names + ["other", "cab"] where dice.below(2) == 0 {
          if members.contains(where: { (try? Pattern($0.name))?.matches(name) == true }) {
            schemas[name, default: []] += []
          }
        }
      }
    }
    if isMap || schemas.isEmpty && parts.allSatisfy({ $0["patternProperties"] == nil }) {
      for name in Self.names + ["other", "cab"] where dice.below(4) == 0 { schemas[name, default: []] += [] }
    }
    var written: [String: String] = [:]
    for (name, some) in schemas.sorted(by: { $0.key < $1.key }) where required.contains(name) || dice.below(3) > 0 {
      let others =
        parts.compactMap { $0["additionalProperties"] }
        + parts.flatMap { part -> [SchemaDocument] in
          guard case .object(let members)? = part["patternProperties"]?.value else { return [] }
          return members.map(\.value)
        }
      let schema =
        some.randomElement(using: &dice) ?? others.randomElement(using: &dice) ?? SchemaDocument(.boolean(true))
      written[name] = data(for: schema, in: file, depth - 1)
    }
    return Self.object(written)
  }

  private mutating func items(_ parts: [SchemaDocument], _ file: SchemaDocument, _ depth: Int) -> String {
    let schemas = parts.compactMap { $0["items"] ?? $0["contains"] }
    var items: [String] = []
    for _ in 0..<dice.below(4) {
      let schema = schemas.randomElement(using: &dice) ?? SchemaDocument(.boolean(true))
      items.append(data(for: schema, in: file, depth - 1))
    }
    for part in parts {
      guard case .array(let first)? = part["prefixItems"]?.value else { continue }
      for (index, schema) in first.enumerated() where index < items.count {
        items[index] = data(for: schema, in: file, depth - 1)
      }
    }
    return "[" + items.joined(separator: ",") + "]"
  }

  /// The schemas that may be applied to what one is applied to.
  private func parts(of schema: SchemaDocument, _ file: SchemaDocument, _ depth: Int = 0) -> [SchemaDocument] {
    var parts = [schema]
    guard depth < 6 else { return parts }
    for keyword in ["anyOf", "oneOf", "allOf"] {
      if case .array(let inner)? = schema[keyword]?.value {
        parts += inner.flatMap { self.parts(of: $0, file, depth + 1) }
      }
    }
    for keyword in ["not", "if", "then", "else"] {
      if let inner = schema[keyword] { parts += self.parts(of: inner, file, depth + 1) }
    }
    if case .string(let reference)? = schema["$ref"]?.value, let name = reference.split(separator: "/").last,
      let target = file["$defs"]?[String(name)]
    {
      parts += self.parts(of: target, file, depth + 1)
    }
    return parts
  }
}
