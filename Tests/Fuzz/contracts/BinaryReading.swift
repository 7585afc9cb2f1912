// SPDX-License-Identifier: Apache-2.0

@testable import Contracts

/// Reads Avro's binary form by a schema, for nothing but its length.
struct BinaryReading {
  let schema: AvroSchema
  private(set) var rest: ArraySlice<UInt8>

  init(_ schema: AvroSchema, _ bytes: [UInt8]) { (self.schema, rest) = (schema, bytes[...]) }

  /// Whether all of it is one value.
  mutating func isWhole() -> Bool { value(schema.root.type) && rest.isEmpty }

  private mutating func value(_ type: Int) -> Bool {
    switch schema.types[type].shape {
    case .null: return true
    case .boolean:
      guard let byte = rest.popFirst() else { return false }
      return byte <= 1
    case .int: return long().map { Int32(exactly: $0) != nil } ?? false
    case .long: return long() != nil
    case .float: return skip(4)
    case .double: return skip(8)
    case .bytes: return long().map { skip($0) } ?? false
    case .string:
      guard let length = long(), length >= 0, length <= rest.count else { return false }
      defer { rest.removeFirst(Int(length)) }
      return String(validating: rest.prefix(Int(length)), as: UTF8.self) != nil
    case .fixed(_, let size): return skip(Int64(size))
    case .enumeration(_, let enumeration): return long().map { enumeration.symbols.indices.contains(Int($0)) } ?? false
    case .array(let items): return blocks { $0.value(items.type) }
    case .map(let values): return blocks { $0.value(AvroType.primitiveNumbers["string"] ?? 0) && $0.value(values.type) }
    case .union(let branches):
      guard let index = long(), branches.indices.contains(Int(index)) else { return false }
      return value(branches[Int(index)].type)
    case .record(_, let fields): return fields.allSatisfy { value($0.use.type) }
    }
  }

  private mutating func blocks(_ item: (inout BinaryReading) -> Bool) -> Bool {
    while let count = long(), count >= 0 {
      if count == 0 { return true }
      for _ in 0..<count { guard item(&self) else { return false } }
    }
    return false
  }

  private mutating func skip(_ count: Int64) -> Bool {
    guard count >= 0, count <= rest.count else { return false }
    rest.removeFirst(Int(count))
    return true
  }

  private mutating func long() -> Int64? {
    var value: UInt64 = 0
    for shift in 0..<UInt64(10) {
      guard let byte = rest.popFirst() else { return nil }
      value |= UInt64(byte & 0x7F) << (7 * shift)
      if byte < 0x80 { return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }
    }
    return nil
  }
}
