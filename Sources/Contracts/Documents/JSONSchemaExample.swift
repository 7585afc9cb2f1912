// SPDX-License-Identifier: Apache-2.0

import Octets

/// Makes data by a JSON Schema: what looks right, which need not be.
struct JSONSchemaExample {
  let document: JointSchemas.Document
  let way: ExampleData.Way
  /// Values that may be made yet.
  var work: Int
  /// Those that were compiled, by what they are written as.
  private var patterns: [String: Pattern?] = [:]

  /// The most items and members that are made because there must be some.
  private static let most = 100
  /// From here on only what has to be there is made.
  private static let deepestOptional = 6

  init(document: JointSchemas.Document, way: ExampleData.Way, work: Int) {
    (self.document, self.way, self.work) = (document, way, work)
  }

  /// A value that is held to some schemas; nil where none was found.
  ///
  /// - Parameters:
  ///   - schemas: What it is held to.
  ///   - depth: How deep it lies.
  ///   - place: Its place among others that have to differ.
  mutating func value(_ schemas: [SchemaDocument], _ depth: Int, place: Int = 0) -> SchemaDocument? {
    work -= 1
    guard work > 0, depth < ExampleData.deepest else { return nil }
    let joint = JointSchemas(schemas, of: document, turn: way.turn)
    guard !joint.isImpossible else { return nil }
    work -= joint.parts.count / 4
    if let value = joint.values("const").first { return value }
    let lists = joint.values("enum").map(\.elements)
    if let list = lists.first {
      let first = list.prefix(Self.most)
      let both = lists.count == 1 ? Array(first) : first.filter { value in lists.allSatisfy { $0.contains(value) } }
      return both.isEmpty ? nil : both[(place + way.turn / 4) % both.count]
    }
    if way.turn < 4, place == 0, let said = said(joint) { return said }
    switch type(joint) {
    case "object": return object(joint, depth)
    case "array": return array(joint, depth)
    case "string":
      // Patterns take longer than anything else.
      if let pattern = joint.values("pattern").first?.text { work -= 100 + pattern.utf8.count / 4 }
      return JSONSchemaScalars.text(joint, place).map(SchemaDocument.string)
    case "integer": return JSONSchemaScalars.number(joint, isWhole: true, place)
    case "number": return JSONSchemaScalars.number(joint, isWhole: false, place)
    case "boolean": return SchemaDocument(.boolean(!place.isMultiple(of: 2) == (way.turn % 2 == 1)))
    case "null": return SchemaDocument(.null)
    default: return nil
    }
  }

  /// What the schema itself has as an example, or else as its default.
  private func said(_ joint: JointSchemas) -> SchemaDocument? {
    let examples = joint.values("examples").flatMap(\.elements)
    if !examples.isEmpty { return examples[way.turn % examples.count] }
    return joint.values("default").first
  }

  /// What it is to be: the first type that is allowed and says something, else what the keywords are about.
  private func type(_ joint: JointSchemas) -> String? {
    if let types = joint.types {
      let inOrder = types.filter { $0 != "null" } + types.filter { $0 == "null" }
      return inOrder.isEmpty ? nil : inOrder[(way.turn / 2) % inOrder.count]
    }
    let kinds = [
      ("object", ["properties", "required", "additionalProperties", "minProperties", "patternProperties"]),
      ("array", ["items", "prefixItems", "minItems", "contains", "uniqueItems"]),
      ("number", ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]),
    ]
    return kinds.first { kind in kind.1.contains { !joint.values($0).isEmpty } }?.0 ?? "string"
  }

  private mutating func object(_ joint: JointSchemas, _ depth: Int) -> SchemaDocument? {
    var required = joint.required.map(ForeignText.init)
    var names = joint.values("properties").flatMap(\.members).map { ForeignText($0.name) }
    if way.isLean || depth >= Self.deepestOptional { names = [] }
    let all = Set(names)
    for member in joint.values("dependentRequired").flatMap(\.members) where all.contains(ForeignText(member.name)) {
      required += member.value.elements.compactMap(\.text).map(ForeignText.init)
    }
    let wanted = Set(required)
    var known: Set<ForeignText> = []
    var members: [(String, SchemaDocument?)] = []
    for name in names + required where known.insert(name).inserted {
      // Each is looked for among all.
      work -= names.count / 64
      guard let value = value(schemas(of: name.raw, joint), depth + 1) else {
        if wanted.contains(name) { return nil }
        continue
      }
      members.append((name.raw, value))
    }
    let least = joint.values("minProperties").compactMap(\.double).max() ?? 0
    guard least <= Double(Self.most) else { return nil }
    for place in 1...Self.most where Double(members.count) < least {
      let name = "member\(place)"
      guard known.insert(ForeignText(name)).inserted,
        let value = value(schemas(of: name, joint), depth + 1)
      else { continue }
      members.append((name, value))
    }
    return .object(members)
  }

  /// What a member of a name is held to.
  private mutating func schemas(of name: String, _ joint: JointSchemas) -> [SchemaDocument] {
    var all: [SchemaDocument] = []
    for part in joint.parts {
      var found: [SchemaDocument] = []
      if let own = part["properties"]?[name] { found.append(own) }
      for member in (part["patternProperties"]?.members ?? []).prefix(64) {
        let pattern = patterns[member.name] ?? (try? Pattern(member.name))
        patterns[member.name] = .some(pattern)
        if let pattern, pattern.matches(name) { found.append(member.value) }
      }
      if found.isEmpty, let other = part["additionalProperties"] { found.append(other) }
      all += found
    }
    return all
  }

  private mutating func array(_ joint: JointSchemas, _ depth: Int) -> SchemaDocument? {
    let contained = joint.values("contains")
    let least = max(
      joint.values("minItems").compactMap(\.double).max() ?? 0, contained.isEmpty ? 0 : 1,
      joint.values("minContains").compactMap(\.double).max() ?? 0)
    let most = joint.values("maxItems").compactMap(\.double).min() ?? .infinity
    guard least <= most, least <= Double(Self.most) else { return nil }
    let heads = joint.parts.map { part in
      part["prefixItems"]?.elements ?? (part["items"]?.elements ?? [])
    }
    let isOptional = way.isLean || depth >= Self.deepestOptional
    let count =
      isOptional ? Int(least) : max(Int(least), min(max(1, heads.map(\.count).max() ?? 0), Int(min(most, 100))))
    var items: [SchemaDocument] = []
    for place in 0..<count {
      var schemas = zip(joint.parts, heads).flatMap { part, head -> [SchemaDocument] in
        if place < head.count { return [head[place]] }
        guard let rest = part["items"], rest.elements.isEmpty else {
          return [part["additionalItems"]].compactMap(\.self)
        }
        return [rest]
      }
      if place < max(1, Int(least)) { schemas += contained }
      guard let item = value(schemas, depth + 1, place: place) else {
        return place >= Int(least) ? .array(items) : nil
      }
      items.append(item)
    }
    return .array(items)
  }
}
