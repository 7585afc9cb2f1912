// SPDX-License-Identifier: Apache-2.0

/// How large data of a schema's types can be.
struct AvroLargest {
  /// Types within each other; who has more has no bound that anybody would want to know.
  private static let deepest = 500

  private let schema: AvroSchema
  private var known: [Int: LargestData] = [:]
  private var pending: Set<Int> = []

  static func of(_ schema: AvroSchema) -> LargestData {
    var largest = AvroLargest(schema: schema)
    return largest.of(schema.root)
  }

  private init(schema: AvroSchema) { self.schema = schema }

  private mutating func of(_ use: AvroUse) -> LargestData {
    if let found = known[use.type] { return found }
    // What holds itself ends nowhere that a schema tells.
    guard pending.count < Self.deepest, pending.insert(use.type).inserted else { return unbounded(use) }
    defer { pending.remove(use.type) }
    let found = measured(schema.types[use.type], use)
    known[use.type] = found
    return found
  }

  private mutating func measured(_ type: AvroType, _ use: AvroUse) -> LargestData {
    switch type.logical {
    case .uuid: return .bytes(38)
    case .date: return .bytes(12)
    case .time: return .bytes(20)
    case .timestamp, .localTimestamp: return .bytes(40)
    case .decimal(let precision, _): return .bytes(min(LargestData.most, precision) + 5)
    case .bigDecimal: return unbounded(use)
    case .duration, nil: break
    }
    switch type.shape {
    case .null: return .bytes(4)
    case .boolean: return .bytes(5)
    case .int: return .bytes(11)
    case .long: return .bytes(20)
    case .float, .double: return .bytes(24)
    case .bytes, .string, .array, .map: return unbounded(use)
    // Each byte as an escape.
    case .fixed(_, let size): return LargestData.bytes(6).times(size) + .bytes(2)
    case .enumeration(_, let enumeration):
      return .bytes((enumeration.symbols.map(\.utf8.count).max() ?? 0) + 2)
    case .union(let branches): return branches.reduce(.bytes(0)) { found, branch in found.or(of(branch)) }
    case .record(_, let fields):
      return fields.reduce(.bytes(2)) { $0 + .bytes($1.name.utf8.count + 4) + of($1.use) }
    }
  }

  private func unbounded(_ use: AvroUse) -> LargestData { .unbounded(schema.places.pointer(use.place)) }
}
