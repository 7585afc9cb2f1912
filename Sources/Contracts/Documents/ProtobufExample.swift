// SPDX-License-Identifier: Apache-2.0

/// Makes data by a Protobuf message, as JSON has it.
struct ProtobufExample {
  let types: ProtobufTypes
  let way: ExampleData.Way
  /// Values that may be made yet.
  var work: Int
  /// Messages that are being made.
  private var open: Set<Int> = []

  init(types: ProtobufTypes, way: ExampleData.Way, work: Int) {
    (self.types, self.way, self.work) = (types, way, work)
  }

  /// A message; nil where none comes to an end.
  mutating func message(_ number: Int, _ depth: Int) -> SchemaDocument? {
    let message = types.messages[number]
    if let known = ProtobufWellKnown(rawValue: message.fullName) { return Self.value(known) }
    guard depth < ExampleData.deepest, open.insert(number).inserted else { return nil }
    defer { open.remove(number) }
    var members: [(String, SchemaDocument?)] = []
    var oneofs: Set<String> = []
    for field in message.fields {
      if way.isLean, field.cardinality != .required { continue }
      if let oneof = field.oneof, oneofs.contains(oneof) { continue }
      guard let value = value(field, depth) else {
        if field.cardinality == .required { return nil }
        continue
      }
      if let oneof = field.oneof { oneofs.insert(oneof) }
      members.append((field.jsonName, value))
    }
    return .object(members)
  }

  private mutating func value(_ field: ProtobufField, _ depth: Int) -> SchemaDocument? {
    switch field.cardinality {
    case .repeated: return single(field, depth + 1).map { .array([$0]) }
    case .map:
      let entry = types.messages[field.type].fields
      guard let key = entry.first(where: { $0.number == 1 }), let value = entry.first(where: { $0.number == 2 }),
        let made = single(value, depth + 1)
      else { return nil }
      let name = key.kind == .string ? "key" : key.kind == .bool ? "true" : "1"
      return .object([(name, made)])
    default: return single(field, depth + 1)
    }
  }

  private mutating func single(_ field: ProtobufField, _ depth: Int) -> SchemaDocument? {
    work -= 1
    guard work > 0 else { return nil }
    switch field.kind {
    case .double, .float: return SchemaDocument(.number("1.5"))
    // Beyond 32 bits JSON has them in quotes.
    case .int64, .uint64, .fixed64, .sfixed64, .sint64: return .string("1")
    case .int32, .fixed32, .uint32, .sfixed32, .sint32: return .number(1)
    case .bool: return SchemaDocument(.boolean(true))
    case .string: return .string(ExampleText.word)
    case .bytes: return .string(ExampleText.base64)
    case .enumeration:
      let found = types.enums[field.type]
      if found.fullName == ProtobufWellKnown.nullValue { return nil }
      return found.values.first.map { .string($0.name) }
    case .message, .group: return message(field.type, depth)
    }
  }

  private static func value(_ known: ProtobufWellKnown) -> SchemaDocument? {
    switch known {
    case .any: nil
    case .timestamp: .string(ExampleText.timestamp)
    case .duration: .string("1.5s")
    case .fieldMask: .string("")
    case .structure: .object([("key", .string(ExampleText.word))])
    case .value, .string: .string(ExampleText.word)
    case .listValue: .array([.string(ExampleText.word)])
    case .double, .float: SchemaDocument(.number("1.5"))
    case .int64, .uint64: .string("1")
    case .int32, .uint32: .number(1)
    case .bool: SchemaDocument(.boolean(true))
    case .bytes: .string(ExampleText.base64)
    }
  }
}
