// SPDX-License-Identifier: Apache-2.0

/// What a field is where it is not there.
enum ProtobufDefault: Equatable {
  case text(String)
  case whole(Int)
  /// Beyond whole numbers with a sign.
  case large(UInt64)
  case number(Double)

  /// Whether two fields have one default, however their types write it. What can have none, or has only what its type has
  /// anyway, has the same.
  static func areSame(
    _ field: ProtobufField, _ types: ProtobufTypes, _ other: ProtobufField, _ othersTypes: ProtobufTypes
  ) -> Bool {
    guard let own = of(field, types), let others = of(other, othersTypes) else { return true }
    if own.isZero, others.isZero { return true }
    if case .number(let one) = own, case .number(let two) = others {
      if one.isNaN || two.isNaN { return one.isNaN && two.isNaN }
      return field.kind == other.kind && field.kind == .double ? one == two : Float(one) == Float(two)
    }
    switch (own, others) {
    case (.number(let number), .whole(let whole)), (.whole(let whole), .number(let number)):
      return Int(exactly: number) == whole
    case (.number(let number), .large(let large)), (.large(let large), .number(let number)):
      return UInt64(exactly: number) == large
    default: return own == others
    }
  }

  private var isZero: Bool {
    switch self {
    case .text(let text): text.isEmpty
    case .whole(let value): value == 0
    case .large: false
    case .number(let value): value == 0
    }
  }

  private static func of(_ field: ProtobufField, _ types: ProtobufTypes) -> ProtobufDefault? {
    guard field.cardinality != .repeated, field.cardinality != .map else { return nil }
    let text = field.defaultValue
    switch field.kind {
    case .message, .group: return nil
    case .string, .bytes: return .text(text ?? "")
    case .bool: return .whole(text == "true" ? 1 : 0)
    case .float, .double: return .number(text.flatMap(Double.init) ?? 0)
    case .enumeration:
      return .whole(field.defaultNumber ?? types.enums[field.type].values.first?.number ?? 0)
    default:
      guard let text else { return .whole(0) }
      return Int(text).map { .whole($0) } ?? .large(UInt64(text) ?? 0)
    }
  }
}
