// SPDX-License-Identifier: Apache-2.0

/// A type that a schema declares.
struct AvroType: Sendable {
  /// What kind it is, and of what it consists.
  enum Shape: Sendable {
    case null, boolean, int, long, float, double, bytes, string
    case array(AvroUse)
    case map(AvroUse)
    case union([AvroUse])
    case record(AvroName, [AvroField])
    case enumeration(AvroName, AvroEnumeration)
    case fixed(AvroName, size: Int)
  }

  var shape: Shape
  var logical: AvroLogicalType?
  /// Where it is declared.
  var place: Int

  /// The primitive types, in the order of their numbers.
  static let primitives: [(name: String, shape: Shape)] = [
    ("null", .null), ("boolean", .boolean), ("int", .int), ("long", .long), ("float", .float), ("double", .double),
    ("bytes", .bytes), ("string", .string),
  ]

  static let primitiveNumbers = Dictionary(uniqueKeysWithValues: primitives.enumerated().map { ($1.name, $0) })

  /// Its name, if it is of a kind that has one.
  var name: AvroName? {
    switch shape {
    case .record(let name, _), .enumeration(let name, _), .fixed(let name, _): name
    default: nil
    }
  }

  /// The word for its kind.
  var kind: String {
    switch shape {
    case .null: "null"
    case .boolean: "boolean"
    case .int: "int"
    case .long: "long"
    case .float: "float"
    case .double: "double"
    case .bytes: "bytes"
    case .string: "string"
    case .array: "array"
    case .map: "map"
    case .union: "union"
    case .record: "record"
    case .enumeration: "enum"
    case .fixed: "fixed"
    }
  }

  /// Its kind, and its name if it has one.
  var words: String { name.map { "\(kind) \($0.full)" } ?? kind }

  /// What it means: its logical type, or what it is without one.
  var meaningWords: String { logical?.words ?? words }
}

/// A type where it is used: written there, or referred to.
struct AvroUse: Hashable, Sendable {
  /// Its number among the schema's types.
  var type: Int
  /// Where it is used.
  var place: Int
}

struct AvroField: Sendable {
  var name: String
  var aliases: [String]
  var use: AvroUse
  /// As it stands there; a default of null is one.
  var defaultValue: SchemaDocument?
  var place: Int
}

struct AvroEnumeration: Sendable {
  var symbols: [String]
  var defaultSymbol: String?
}
