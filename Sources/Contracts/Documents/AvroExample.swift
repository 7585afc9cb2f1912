// SPDX-License-Identifier: Apache-2.0

/// Makes data by an Avro schema.
struct AvroExample {
  let types: [AvroType]
  let way: ExampleData.Way
  /// Values that may be made yet.
  var work: Int
  /// Records that are being made.
  private var open: Set<Int> = []

  init(types: [AvroType], way: ExampleData.Way, work: Int) { (self.types, self.way, self.work) = (types, way, work) }

  /// A value of a type; nil where none comes to an end.
  mutating func value(_ number: Int, _ depth: Int) -> SchemaDocument? {
    work -= 1
    guard work > 0, depth < ExampleData.deepest else { return nil }
    let type = types[number]
    if let logical = type.logical { return Self.value(logical) }
    switch type.shape {
    case .null: return SchemaDocument(.null)
    case .boolean: return SchemaDocument(.boolean(true))
    case .int, .long: return .number(1)
    case .float, .double: return SchemaDocument(.number("1.5"))
    case .bytes, .string: return .string(ExampleText.word)
    case .fixed(_, let size):
      guard size <= ExampleData.longest else { return nil }
      return .string(String(repeating: "0", count: size))
    case .enumeration(_, let enumeration): return enumeration.symbols.first.map(SchemaDocument.string)
    case .array(let items):
      guard !way.isLean, let item = value(items.type, depth + 1) else { return .array([]) }
      return .array([item])
    case .map(let values):
      guard !way.isLean, let value = value(values.type, depth + 1) else { return .object([]) }
      return .object([("key", value)])
    case .union(let branches): return union(branches, depth)
    case .record(_, let fields): return record(number, fields, depth)
    }
  }

  /// Something says more than null, unless it has no end.
  private mutating func union(_ branches: [AvroUse], _ depth: Int) -> SchemaDocument? {
    work -= branches.count / 64
    let (nulls, others) = (branches.filter { $0.type == 0 }, branches.filter { $0.type != 0 })
    let start = others.isEmpty ? 0 : way.turn % others.count
    let inOrder = others[start...] + others[..<start] + nulls
    for branch in way.isLean ? nulls + inOrder : Array(inOrder) {
      if let value = value(branch.type, depth + 1) { return value }
    }
    return nil
  }

  private mutating func record(_ number: Int, _ fields: [AvroField], _ depth: Int) -> SchemaDocument? {
    guard open.insert(number).inserted else { return nil }
    defer { open.remove(number) }
    var members: [(String, SchemaDocument?)] = []
    for field in fields {
      if way.isLean, field.defaultValue != nil { continue }
      let value = value(field.use.type, depth + 1)
      if value == nil, field.defaultValue == nil { return nil }
      members.append((field.name, value))
    }
    return .object(members)
  }

  private static func value(_ logical: AvroLogicalType) -> SchemaDocument {
    switch logical {
    case .decimal(let precision, let scale):
      guard precision > scale else { return .string("0." + String(repeating: "1", count: min(scale, 20))) }
      return .string(scale == 0 ? "1" : "1." + String(repeating: "5", count: min(scale, 2)))
    case .bigDecimal: return .string("1.50")
    case .uuid: return .string(ExampleText.uuid)
    case .date: return .string(ExampleText.date)
    case .time: return .string(ExampleText.time)
    case .timestamp: return .string(ExampleText.timestamp)
    case .localTimestamp: return .string(ExampleText.localTime)
    case .duration: return .string(String(repeating: "0", count: 12))
    }
  }
}
