// SPDX-License-Identifier: Apache-2.0

/// The drafts of JSON Schema that are read.
enum Draft: Sendable {
  /// Source: draft-handrews-json-schema-01 and draft-handrews-json-schema-validation-01.
  case draft7
  /// Source: JSON Schema 2020-12 Core and Validation.
  case draft2020

  /// What `$schema` says; nil for what is not read.
  init?(_ name: String) {
    switch name.hasSuffix("#") ? String(name.dropLast()) : name {
    case "http://json-schema.org/draft-07/schema", "https://json-schema.org/draft-07/schema": self = .draft7
    case "https://json-schema.org/draft/2020-12/schema", "http://json-schema.org/draft/2020-12/schema":
      self = .draft2020
    default: return nil
    }
  }
}

/// The keywords that count. All others are annotations: also `format`, `contentEncoding` and the like, which 2020-12 leaves
/// unchecked unless told otherwise.
enum Keyword: String, CaseIterable, Sendable {
  case schema = "$schema"
  case id = "$id"
  case anchor = "$anchor"
  case dynamicAnchor = "$dynamicAnchor"
  case ref = "$ref"
  case dynamicRef = "$dynamicRef"
  case defs = "$defs"
  case definitions
  case type, `enum`, const
  case multipleOf, maximum, exclusiveMaximum, minimum, exclusiveMinimum
  case maxLength, minLength, pattern
  case items, additionalItems, prefixItems, maxItems, minItems, uniqueItems, contains, maxContains, minContains
  case unevaluatedItems
  case maxProperties, minProperties, required, properties, patternProperties, additionalProperties, propertyNames
  case dependencies, dependentRequired, dependentSchemas, unevaluatedProperties
  case allOf, anyOf, oneOf, not, `if`, then, `else`
  case contentSchema

  static let named = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

  /// What stands where this keyword is, as far as it holds schemas.
  enum Holding: Sendable {
    case nothing, schema, list, map
    /// A schema, or a list of them.
    case schemaOrList
    /// A map of schemas, or of lists of names.
    case mapOrNames
  }

  func holding(_ draft: Draft) -> Holding {
    switch self {
    case .additionalProperties, .propertyNames, .contains, .not, .if, .then, .else: .schema
    case .allOf, .anyOf, .oneOf: .list
    case .properties, .patternProperties, .definitions: .map
    case .dependencies: .mapOrNames
    case .items: draft == .draft7 ? .schemaOrList : .schema
    case .additionalItems: draft == .draft7 ? .schema : .nothing
    case .unevaluatedItems, .unevaluatedProperties, .contentSchema: draft == .draft7 ? .nothing : .schema
    case .prefixItems: draft == .draft7 ? .nothing : .list
    case .defs, .dependentSchemas: draft == .draft7 ? .nothing : .map
    default: .nothing
    }
  }

  /// Whether a draft knows it.
  func isKnown(_ draft: Draft) -> Bool {
    switch self {
    case .additionalItems: draft == .draft7
    case .anchor, .dynamicAnchor, .dynamicRef, .defs, .prefixItems, .maxContains, .minContains, .unevaluatedItems,
      .unevaluatedProperties, .dependentRequired, .dependentSchemas, .contentSchema:
      draft == .draft2020
    default: true
    }
  }
}

/// The keywords of one schema that count, with what they say. There are but few, so they are looked through.
struct Keywords: Sendable {
  private(set) var items: [(keyword: Keyword, document: SchemaDocument)] = []

  init() {}

  /// Those of an object's members that a draft knows.
  init(_ members: [SchemaDocument.Member]) {
    for member in members {
      if let keyword = Keyword.named[member.name] { items.append((keyword, member.value)) }
    }
  }

  var isEmpty: Bool { items.isEmpty }

  subscript(keyword: Keyword) -> SchemaDocument? {
    for item in items where item.keyword == keyword { return item.document }
    return nil
  }

  mutating func removeAll(where isOut: (Keyword) -> Bool) { items.removeAll { isOut($0.keyword) } }
}
