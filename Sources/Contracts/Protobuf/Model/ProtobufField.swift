// SPDX-License-Identifier: Apache-2.0

/// A field of a message, or an extension.
struct ProtobufField: Hashable, Sendable {
  /// Types, with the numbers that descriptors have for them.
  enum Kind: Int, Hashable, Sendable {
    case double = 1
    case float, int64, uint64, int32, fixed64, fixed32, bool, string, group, message, bytes, uint32, enumeration
    case sfixed32, sfixed64, sint32, sint64

    /// As `.proto` files have it.
    var word: String { self == .enumeration ? "enum" : "\(self)" }
  }

  /// How often it may be there, and whether somebody can tell that it is.
  enum Cardinality: String, Hashable, Sendable {
    case explicit = "optional with explicit presence"
    case implicit = "optional with implicit presence"
    case required, repeated, map
  }

  var name: String
  var number: Int
  var kind: Kind
  var cardinality: Cardinality
  /// As JSON has it.
  var jsonName: String
  /// Whether numbers are written in one piece where it is repeated.
  var isPacked = false
  /// Of a message, a group or an enum: its full name.
  var typeName = ""
  /// The same: where it is in the set.
  var type = -1
  /// The name of the oneof that it is of; nil for none, and for one that only stands for `optional`.
  var oneof: String?
  /// The default as it is written; nil for none.
  var defaultValue: String?
  /// Of an enum: the number of that value.
  var defaultNumber: Int?
  /// Of an extension: the full name of the message that it extends.
  var extendee: String?

  /// As it may stand in JSON besides its JSON name.
  var textName: String { extendee == nil ? name : "[\(name)]" }

  /// What it is, for people.
  var words: String {
    let word = typeName.isEmpty || cardinality == .map ? kind.word : "\(kind.word) \(typeName)"
    return cardinality == .repeated ? "repeated \(word)" : cardinality == .map ? "a map" : word
  }
}
