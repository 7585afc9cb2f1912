// SPDX-License-Identifier: Apache-2.0

import Octets

/// The rows of a JSON Schema: what its properties are, through references, combinations and items.
struct JSONSchemaOutline {
  private let document: JointSchemas.Document
  private var outline = SchemaOutline()
  /// Schemas that may be looked at yet: combinations within each other may be very many.
  private var work = 20_000

  static func of(_ schema: JSONSchema) -> SchemaOutline {
    var outline = JSONSchemaOutline(document: JointSchemas.Document(schema.document))
    let joint = outline.joint([schema.document])
    outline.outline.type = outline.words(joint, 0)
    outline.outline.doc = Self.doc(joint)
    outline.addFields(of: joint, "", 0, [])
    return outline.outline
  }

  private init(document: JointSchemas.Document) { self.document = document }

  private mutating func joint(_ schemas: [SchemaDocument]) -> JointSchemas {
    work -= 1
    return JointSchemas(schemas, of: document, turn: nil)
  }

  /// Adds the members of a value.
  ///
  /// - Parameters:
  ///   - joint: What it is held to.
  ///   - path: What leads to it.
  ///   - depth: How deep it lies.
  ///   - open: References that are being followed: what holds itself is shown once.
  private mutating func addFields(of joint: JointSchemas, _ path: String, _ depth: Int, _ open: Set<String>) {
    guard !outline.isCut, joint.references.isDisjoint(with: open) else { return }
    guard depth < SchemaOutline.deepest, work > 0 else {
      outline.isCut = true
      return
    }
    let open = open.union(joint.references)
    let required = Set(joint.required.map(ForeignText.init))
    var names: [ForeignText] = []
    var schemas: [ForeignText: [SchemaDocument]] = [:]
    for member in joint.values("properties").flatMap(\.members) {
      let name = ForeignText(member.name)
      if schemas[name] == nil { names.append(name) }
      schemas[name, default: []].append(member.value)
    }
    for name in names {
      let inner = self.joint(schemas[name] ?? [])
      let innerPath = path.isEmpty ? name.raw : "\(path).\(name.raw)"
      guard outline.add(row(inner, innerPath, isRequired: required.contains(name))) else { return }
      addFields(of: inner, innerPath, depth + 1, open)
    }
    for (keywords, suffix) in [
      (["items", "prefixItems"], "[]"), (["additionalProperties", "patternProperties"], "{}"),
    ] {
      for held in Self.held(joint, keywords) {
        addFields(of: self.joint([held]), path + suffix, depth + 1, open)
      }
    }
    for alternative in joint.alternatives.flatMap(\.self).enumerated() {
      addFields(of: self.joint([alternative.element]), "\(path)(\(alternative.offset + 1))", depth + 1, open)
    }
  }

  /// The schemas of what is not named.
  private static func held(_ joint: JointSchemas, _ keywords: [String]) -> [SchemaDocument] {
    keywords.flatMap { keyword in
      joint.values(keyword).flatMap {
        $0.elements.isEmpty ? (keyword == "patternProperties" ? $0.members.map(\.value) : [$0]) : $0.elements
      }
    }
  }

  private mutating func row(_ joint: JointSchemas, _ path: String, isRequired: Bool) -> SchemaOutline.Field {
    var row = SchemaOutline.Field(
      path: path, type: words(joint, 0), isRequired: isRequired, defaultText: joint.values("default").first?.shown())
    row.symbols = joint.values("enum").first?.elements.prefix(1000).map { $0.text ?? $0.shown(to: 100) } ?? []
    row.rules = Self.rules(joint)
    row.doc = Self.doc(joint)
    return row
  }

  private mutating func words(_ joint: JointSchemas, _ depth: Int) -> String {
    guard depth < 4, work > 0 else { return "…" }
    if joint.isImpossible { return "nothing" }
    if let value = joint.values("const").first { return "always \(value.shown(to: 100))" }
    if joint.types == nil, let choices = joint.alternatives.first {
      let shown = choices.prefix(6).map { choice in
        let inner = self.joint([choice])
        return words(inner, depth + 1)
      }
      return (shown + (choices.count > 6 ? ["…"] : [])).joined(separator: " | ")
    }
    let names = joint.types ?? []
    let format = joint.values("format").first?.text.map { " (\(ForeignText($0).shortened(to: 100)))" } ?? ""
    let parts = names.map { name in
      guard name == "array", let items = joint.values("items").first, items.elements.isEmpty else {
        return name == "string" ? name + format : name
      }
      let inner = self.joint([items])
      let text = words(inner, depth + 1)
      return text.contains(" | ") ? "array of (\(text))" : "array of \(text)"
    }
    if parts.isEmpty { return joint.values("enum").isEmpty ? "any" : "one of a list" }
    return parts.joined(separator: " | ")
  }

  /// Keywords that are shown with what they say.
  private static let keywords = [
    ("minimum", "at least"), ("exclusiveMinimum", "more than"), ("maximum", "at most"),
    ("exclusiveMaximum", "less than"),
    ("multipleOf", "a multiple of"), ("minLength", "length from"), ("maxLength", "length up to"),
    ("pattern", "pattern"),
    ("minItems", "items from"), ("maxItems", "items up to"), ("uniqueItems", "items differ:"),
    ("minProperties", "members from"), ("maxProperties", "members up to"), ("contentEncoding", "encoded as"),
  ]

  private static func rules(_ joint: JointSchemas) -> String {
    keywords.flatMap { keyword, words in
      joint.values(keyword).prefix(2).map { "\(words) \($0.text ?? $0.shown(to: 100))" }
    }.map { ForeignText($0).shortened(to: 300) }.joined(separator: ", ")
  }

  private static func doc(_ joint: JointSchemas) -> String {
    let words = joint.values("description").first?.text ?? joint.values("title").first?.text ?? ""
    let isOld = joint.values("deprecated").contains { $0.value == .boolean(true) }
    return ForeignText((isOld ? "Deprecated. " : "") + words).shortened(to: SchemaOutline.longestText)
  }
}
