// SPDX-License-Identifier: Apache-2.0

import Octets

/// The parts of JSON Schemas that hold together for one value: the schemas themselves, what they refer to, and their `allOf`.
struct JointSchemas {
  /// Each an object; of what is combined otherwise, what was chosen.
  private(set) var parts: [SchemaDocument] = []
  /// Each an `anyOf` or a `oneOf`.
  private(set) var alternatives: [[SchemaDocument]] = []
  /// Whether nothing can be held to it.
  private(set) var isImpossible = false
  /// What was referred to.
  private(set) var references: Set<String> = []

  /// The most parts that are looked at.
  private static let mostParts = 64

  /// Where references lead.
  struct Document {
    let root: SchemaDocument
    let draft: Draft

    init(_ root: SchemaDocument) {
      self.root = root
      draft = root["$schema"]?.text.flatMap(Draft.init) ?? .draft2020
    }

    /// What a reference leads to: by JSON Pointer from the whole, or to an anchor among the definitions; else nil.
    func target(_ reference: String) -> SchemaDocument? {
      guard reference.hasPrefix("#") else { return nil }
      let fragment = reference.dropFirst()
      if fragment.isEmpty { return root }
      guard fragment.hasPrefix("/") else { return anchored(fragment) }
      var found: SchemaDocument? = root
      for step in fragment.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
        let name = (String(step).removingPercents ?? String(step)).replacing("~1", with: "/").replacing("~0", with: "~")
        guard let here = found else { return nil }
        if case .array(let elements) = here.value {
          found = Int(name).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
        } else {
          found = here[name]
        }
      }
      return found
    }

    private func anchored(_ name: Substring) -> SchemaDocument? {
      for definitions in ["$defs", "definitions"] {
        for member in root[definitions]?.members ?? [] {
          if member.value["$anchor"]?.text.map({ $0 == name }) == true { return member.value }
          if member.value["$id"]?.text.map({ $0 == "#\(name)" }) == true { return member.value }
        }
      }
      return nil
    }
  }

  /// - Parameters:
  ///   - schemas: What holds for the value.
  ///   - document: What they are of.
  ///   - turn: Which alternative is chosen, the first for 0, beginning again behind the last; nil to choose none.
  init(_ schemas: [SchemaDocument], of document: Document, turn: Int?) {
    for schema in schemas { add(schema, document, turn) }
  }

  private mutating func add(_ schema: SchemaDocument, _ document: Document, _ turn: Int?) {
    if case .boolean(false) = schema.value { isImpossible = true }
    guard case .object(let members) = schema.value, !members.isEmpty, parts.count < Self.mostParts else { return }
    let reference = schema["$ref"]?.text
    // In draft 7 what stands beside a reference does not count.
    if reference == nil || document.draft != .draft7 { parts.append(schema) }
    if let reference, references.insert(reference).inserted, let target = document.target(reference) {
      add(target, document, turn)
    }
    if reference != nil, document.draft == .draft7 { return }
    for part in schema["allOf"]?.elements ?? [] { add(part, document, turn) }
    for keyword in ["anyOf", "oneOf"] {
      guard let choices = schema[keyword]?.elements, !choices.isEmpty else { continue }
      guard let turn else {
        alternatives.append(choices)
        continue
      }
      // Something says more than nothing.
      let inOrder = choices.filter { !$0.isNullType } + choices.filter(\.isNullType)
      add(inOrder[turn % inOrder.count], document, turn)
    }
    guard let turn, let condition = schema["if"] else { return }
    if turn.isMultiple(of: 2) {
      add(condition, document, turn)
      if let then = schema["then"] { add(then, document, turn) }
    } else if let other = schema["else"] {
      add(other, document, turn)
    }
  }

  /// What each part says by a keyword.
  func values(_ keyword: String) -> [SchemaDocument] { parts.compactMap { $0[keyword] } }

  /// The types that all parts allow; nil where none names any.
  var types: [String]? {
    var found: [String]?
    for value in values("type") {
      let names = value.text.map { [$0] } ?? value.elements.compactMap(\.text)
      guard let before = found else {
        found = names
        continue
      }
      found = before.compactMap { name in
        if names.contains(name) { return name }
        if name == "integer", names.contains("number") { return name }
        return name == "number" && names.contains("integer") ? "integer" : nil
      }
    }
    return found
  }

  /// The names that have to be there.
  var required: [String] { values("required").flatMap { $0.elements.compactMap(\.text) } }
}

extension SchemaDocument {
  /// Whether it allows null alone.
  fileprivate var isNullType: Bool { self["type"]?.text == "null" }
}

extension String {
  /// With its bytes in the place of `%XX`; nil where that is no text.
  fileprivate var removingPercents: String? {
    Hexadecimal.percentDecoded(utf8).flatMap { String(validating: $0, as: UTF8.self) }
  }
}
