// SPDX-License-Identifier: Apache-2.0

/// The rows of a Protobuf message, by the names that JSON has. Descriptors have no words about fields.
struct ProtobufOutline {
  private let types: ProtobufTypes
  private var outline = SchemaOutline()
  /// Messages that are being shown: one that holds itself is shown once.
  private var open: Set<Int> = []

  static func of(_ schema: ProtobufSchema) -> SchemaOutline {
    var outline = ProtobufOutline(types: schema.types)
    outline.outline.type = "message \(schema.name)"
    outline.addFields(of: schema.root, "", 0)
    return outline.outline
  }

  private init(types: ProtobufTypes) { self.types = types }

  private mutating func addFields(of number: Int, _ path: String, _ depth: Int) {
    let message = types.messages[number]
    guard ProtobufWellKnown(rawValue: message.fullName) == nil, !outline.isCut else { return }
    guard depth < SchemaOutline.deepest else {
      if !message.fields.isEmpty { outline.isCut = true }
      return
    }
    guard open.insert(number).inserted else { return }
    defer { open.remove(number) }
    for field in message.fields {
      let inner = path.isEmpty ? field.jsonName : "\(path).\(field.jsonName)"
      guard outline.add(row(field, inner)) else { return }
      var (held, suffix) = (field, field.cardinality == .repeated ? "[]" : "")
      if let value = mapValue(field) { (held, suffix) = (value, "{}") }
      guard held.kind == .message || held.kind == .group else { continue }
      addFields(of: held.type, inner + suffix, depth + 1)
    }
  }

  private func row(_ field: ProtobufField, _ path: String) -> SchemaOutline.Field {
    var row = SchemaOutline.Field(
      path: path, type: words(field), isRequired: field.cardinality == .required, defaultText: field.defaultValue)
    let held = mapValue(field) ?? field
    if held.kind == .enumeration { row.symbols = types.enums[held.type].values.map(\.name) }
    var rules = ["field \(field.number)"]
    if let oneof = field.oneof { rules.append("one at most of \(oneof)") }
    row.rules = rules.joined(separator: ", ")
    return row
  }

  private func words(_ field: ProtobufField) -> String {
    guard field.cardinality == .map, types.messages[field.type].fields.count > 1 else { return field.words }
    let entry = types.messages[field.type].fields
    let key = entry.first { $0.number == 1 }?.words ?? "string"
    return "map of \(key) to \(mapValue(field)?.words ?? "any")"
  }

  private func mapValue(_ field: ProtobufField) -> ProtobufField? {
    guard field.cardinality == .map else { return nil }
    return types.messages[field.type].fields.first { $0.number == 2 }
  }
}
