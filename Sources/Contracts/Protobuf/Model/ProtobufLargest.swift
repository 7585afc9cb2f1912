// SPDX-License-Identifier: Apache-2.0

/// How large data of a message can be.
struct ProtobufLargest {
  private let types: ProtobufTypes
  private var known: [Int: LargestData] = [:]
  private var pending: Set<Int> = []

  static func of(_ schema: ProtobufSchema) -> LargestData {
    var largest = ProtobufLargest(types: schema.types)
    return largest.of(message: schema.root, "")
  }

  /// Of each enum's values, also as numbers.
  private let enums: [Int]

  private init(types: ProtobufTypes) {
    self.types = types
    enums = types.enums.map { max(11, ($0.values.map(\.name.utf8.count).max() ?? 0) + 2) }
  }

  private mutating func of(message number: Int, _ place: String) -> LargestData {
    if let found = known[number] { return found }
    // What holds itself has no end, and who has more within each other has none that anybody would want to know.
    guard pending.count < 64, pending.insert(number).inserted else { return .unbounded(place) }
    defer { pending.remove(number) }
    let message = types.messages[number]
    let found =
      ProtobufWellKnown(rawValue: message.fullName).map { $0.largest ?? .unbounded(place) } ?? fields(message, place)
    known[number] = found
    return found
  }

  private mutating func fields(_ message: ProtobufMessage, _ place: String) -> LargestData {
    var sum = LargestData.bytes(2)
    for field in message.fields {
      let place = "\(place)/\(field.jsonName)"
      // The longer one of its names.
      let name = max(field.jsonName.utf8.count, field.name.utf8.count)
      sum = sum + .bytes(name + 4) + of(field, place)
      if case .unbounded = sum { return sum }
    }
    return sum
  }

  private mutating func of(_ field: ProtobufField, _ place: String) -> LargestData {
    guard field.cardinality != .repeated, field.cardinality != .map else { return .unbounded(place) }
    switch field.kind {
    case .string, .bytes: return .unbounded(place)
    case .bool: return .bytes(5)
    // With quotes.
    case .double, .float: return .bytes(26)
    case .int32, .uint32, .sint32, .fixed32, .sfixed32: return .bytes(13)
    case .int64, .uint64, .sint64, .fixed64, .sfixed64: return .bytes(22)
    case .enumeration: return .bytes(enums[field.type])
    case .message, .group: return of(message: field.type, place)
    }
  }
}
