// SPDX-License-Identifier: Apache-2.0

/// What data of a version consists of, in rows for people.
package struct SchemaOutline: Hashable, Sendable {
  /// A member of the data, however deep it lies.
  package struct Field: Hashable, Sendable {
    /// The names that lead to it: `.` before a member, `[]` for an item, `{}` for a value under any name.
    package var path: String
    /// Its type, in words.
    package var type: String
    /// Whether it has to be there, where what holds it is.
    package var isRequired: Bool
    /// Its default as JSON; nil without one.
    package var defaultText: String?
    /// The values that it may have; empty where they are not listed.
    package var symbols: [String] = []
    /// What else it is held to, in words; empty for nothing.
    package var rules = ""
    /// What the schema says of it.
    package var doc = ""
  }

  /// The most rows of a version.
  static let mostFields = 500
  /// Members within each other.
  static let deepest = 12
  /// Bytes of a text that is shown.
  static let longestText = 4096

  /// What the whole is, in words.
  package internal(set) var type = ""
  /// What the schema says of the whole.
  package internal(set) var doc = ""
  /// Its members, each behind what holds it.
  package internal(set) var fields: [Field] = []
  /// Whether there are more than are shown.
  package internal(set) var isCut = false

  init() {}

  /// What a contract's data consists of.
  init(_ contract: Contract) {
    switch contract.schema {
    case let schema as AvroSchema: self = AvroOutline.of(schema, (try? SchemaDocument(contract.text)))
    case let schema as JSONSchema: self = JSONSchemaOutline.of(schema)
    case let schema as ProtobufSchema: self = ProtobufOutline.of(schema)
    default: break
    }
  }

  /// Adds a row; false when there is no room for it.
  mutating func add(_ field: Field) -> Bool {
    guard fields.count < Self.mostFields else {
      isCut = true
      return false
    }
    fields.append(field)
    return true
  }
}
