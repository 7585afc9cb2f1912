// SPDX-License-Identifier: Apache-2.0

import Octets

/// The rows of an Avro schema. What it says of its fields stands in the document alone.
struct AvroOutline {
  private let schema: AvroSchema
  private let document: SchemaDocument?
  private var outline = SchemaOutline()
  /// Records that are being shown: one that holds itself is shown once.
  private var open: Set<Int> = []

  static func of(_ schema: AvroSchema, _ document: SchemaDocument?) -> SchemaOutline {
    var outline = AvroOutline(schema: schema, document: document)
    outline.outline.type = outline.words(schema.root.type)
    outline.outline.doc = outline.doc(at: schema.types[schema.root.type].place)
    outline.addFields(of: schema.root.type, "", 0)
    return outline.outline
  }

  private init(schema: AvroSchema, document: SchemaDocument?) { (self.schema, self.document) = (schema, document) }

  /// The records that a type holds, through arrays, maps and unions, each with what leads to it.
  private mutating func addFields(of number: Int, _ path: String, _ depth: Int) {
    guard !outline.isCut else { return }
    guard depth < SchemaOutline.deepest else {
      if schema.types[number].isNested { outline.isCut = true }
      return
    }
    switch schema.types[number].shape {
    case .array(let items): addFields(of: items.type, path + "[]", depth + 1)
    case .map(let values): addFields(of: values.type, path + "{}", depth + 1)
    case .union(let branches):
      let nested = branches.filter { schema.types[$0.type].isNested }
      for branch in nested {
        let name = schema.types[branch.type].name
        addFields(of: branch.type, nested.count > 1 ? "\(path)(\(name?.simple ?? "…"))" : path, depth + 1)
      }
    case .record(_, let fields):
      guard open.insert(number).inserted else { return }
      defer { open.remove(number) }
      for field in fields {
        let inner = path.isEmpty ? field.name : "\(path).\(field.name)"
        guard outline.add(row(field, inner)) else { return }
        addFields(of: field.use.type, inner, depth + 1)
      }
    default: break
    }
  }

  private func row(_ field: AvroField, _ path: String) -> SchemaOutline.Field {
    var row = SchemaOutline.Field(
      path: path, type: words(field.use.type), isRequired: field.defaultValue == nil,
      defaultText: field.defaultValue?.shown())
    row.symbols = symbols(field.use.type, 0)
    if !field.aliases.isEmpty { row.rules = "also read as \(field.aliases.prefix(8).joined(separator: ", "))" }
    row.doc = doc(at: field.place)
    return row
  }

  private func symbols(_ number: Int, _ depth: Int) -> [String] {
    guard depth < SchemaOutline.deepest else { return [] }
    switch schema.types[number].shape {
    case .enumeration(_, let enumeration): return enumeration.symbols
    case .array(let items): return symbols(items.type, depth + 1)
    case .map(let values): return symbols(values.type, depth + 1)
    case .union(let branches):
      let enums = branches.filter { if case .enumeration = schema.types[$0.type].shape { true } else { false } }
      return enums.count == 1 ? symbols(enums[0].type, depth + 1) : []
    default: return []
    }
  }

  private func words(_ number: Int, _ depth: Int = 0) -> String {
    let type = schema.types[number]
    guard depth < SchemaOutline.deepest else { return "…" }
    switch type.shape {
    case .array(let items): return "array of \(words(items.type, depth + 1))"
    case .map(let values): return "map of \(words(values.type, depth + 1))"
    case .union(let branches):
      let shown = branches.prefix(8).map { words($0.type, depth + 1) }
      return (shown + (branches.count > 8 ? ["…"] : [])).joined(separator: " | ")
    case .fixed(let name, let size):
      return type.logical.map { "\($0.words) (fixed \(name.simple))" } ?? "fixed \(name.simple) of \(size) bytes"
    default:
      let plain = type.name.map { "\(type.kind) \($0.simple)" } ?? type.kind
      return type.logical.map { "\($0.words) (\(plain))" } ?? plain
    }
  }

  /// What stands as `doc` in the object at a place.
  private func doc(at place: Int) -> String {
    var found = document
    for step in schema.places.pointer(place).split(separator: "/") {
      guard let here = found else { return "" }
      if case .array(let elements) = here.value {
        found = Int(step).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
      } else {
        found = here[String(step)]
      }
    }
    return ForeignText(found?["doc"]?.text ?? "").shortened(to: SchemaOutline.longestText)
  }
}

extension AvroType {
  /// Whether there may be fields within.
  fileprivate var isNested: Bool {
    switch shape {
    case .record, .array, .map, .union: true
    default: false
    }
  }
}
