// SPDX-License-Identifier: Apache-2.0

/// Whether bytes are a message in Protobuf's binary form: each field that is known has the form of its type, required ones are
/// there. Fields that are not known are gone over. Source: Protocol Buffers, "Encoding".
struct ProtobufWireCheck: Sendable {
  /// Messages and groups within each other, as Protobuf's own readers take them.
  private static let deepest = 100

  private struct Field: Sendable {
    var kind: ProtobufField.Kind
    var isRepeated: Bool
    var isRequired: Bool
    /// The message that it is; -1 for none.
    var message: Int
  }

  private var messages: [[Int: Field]]
  private var required: [Int]
  private let root: Int

  init(_ schema: ProtobufSchema) {
    root = schema.root
    messages = schema.types.messages.map { message in
      Dictionary(message.fields.map { ($0.number, Self.field($0)) }) { first, _ in first }
    }
    required = schema.types.messages.map { $0.fields.count { $0.cardinality == .required } }
    let numbers = Dictionary(
      schema.types.messages.enumerated().map { ($1.fullName, $0) }, uniquingKeysWith: { first, _ in first })
    for field in schema.types.extensions {
      guard let number = field.extendee.flatMap({ numbers[$0] }) else { continue }
      messages[number][field.number] = Self.field(field)
    }
  }

  private static func field(_ field: ProtobufField) -> Field {
    let isMessage = field.kind == .message || field.kind == .group
    return Field(
      kind: field.kind, isRepeated: field.cardinality == .repeated, isRequired: field.cardinality == .required,
      message: isMessage ? field.type : -1)
  }

  func accepts(_ data: ArraySlice<UInt8>) -> Bool {
    var reading = WireReading(data)
    return accepts(&reading, root, group: nil, depth: 0)
  }

  /// - Parameter group: The number of the group that has to end; nil for a message, which ends with its bytes.
  private func accepts(_ reading: inout WireReading, _ message: Int, group: Int?, depth: Int) -> Bool {
    guard depth < Self.deepest else { return false }
    var met: Set<Int> = []
    while !reading.isAtEnd {
      guard let tag = reading.varint(), tag <= UInt64(UInt32.max), tag >> 3 > 0 else { return false }
      let (number, wireType) = (Int(tag >> 3), tag & 7)
      if wireType == 4 { return number == group && met.count == required(of: message) }
      guard message >= 0, let field = messages[message][number] else {
        guard skip(&reading, number, wireType, depth) else { return false }
        continue
      }
      if field.isRequired { met.insert(number) }
      guard value(&reading, field, number, wireType, depth) else { return false }
    }
    return group == nil && met.count == required(of: message)
  }

  private func required(of message: Int) -> Int { message < 0 ? 0 : required[message] }

  private func value(
    _ reading: inout WireReading, _ field: Field, _ number: Int, _ wireType: UInt64, _ depth: Int
  ) -> Bool {
    guard wireType == field.kind.wireType else {
      // Numbers in one piece, or what older readers take for an unknown field.
      guard wireType == 2, field.isRepeated, field.kind.wireType != 3 else {
        return skip(&reading, number, wireType, depth)
      }
      guard var inner = reading.piece() else { return false }
      while !inner.isAtEnd { guard scalar(&inner, field.kind.wireType) else { return false } }
      return true
    }
    switch field.kind {
    case .group: return accepts(&reading, field.message, group: number, depth: depth + 1)
    case .message:
      guard var inner = reading.piece() else { return false }
      return accepts(&inner, field.message, group: nil, depth: depth + 1)
    case .string:
      guard let inner = reading.piece() else { return false }
      return String(validating: inner.rest, as: UTF8.self) != nil
    case .bytes: return reading.piece() != nil
    default: return scalar(&reading, wireType)
    }
  }

  private func scalar(_ reading: inout WireReading, _ wireType: UInt64) -> Bool {
    switch wireType {
    case 0: reading.varint() != nil
    case 1: reading.skip(8)
    case 5: reading.skip(4)
    default: false
    }
  }

  private func skip(_ reading: inout WireReading, _ number: Int, _ wireType: UInt64, _ depth: Int) -> Bool {
    switch wireType {
    case 2: reading.piece() != nil
    case 3: accepts(&reading, -1, group: number, depth: depth + 1)
    default: scalar(&reading, wireType)
    }
  }
}

/// Goes through the binary form.
private struct WireReading {
  private(set) var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    for shift in 0..<UInt64(10) {
      guard let byte = rest.popFirst() else { return nil }
      value |= UInt64(byte & 0x7F) << (7 * shift)
      if byte < 0x80 { return value }
    }
    return nil
  }

  mutating func skip(_ count: Int) -> Bool {
    guard rest.count >= count else { return false }
    rest.removeFirst(count)
    return true
  }

  /// What has its length before it.
  mutating func piece() -> WireReading? {
    guard let length = varint(), length <= UInt64(rest.count) else { return nil }
    defer { rest.removeFirst(Int(length)) }
    return WireReading(rest.prefix(Int(length)))
  }
}
