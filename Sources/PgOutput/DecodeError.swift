// SPDX-License-Identifier: Apache-2.0

public import Octets
public import PostgresWire

/// A `pgoutput` message could not be decoded: which, where, and what was wrong.
public struct DecodeError: Error, Hashable, Sendable {
  /// What was wrong.
  public enum Reason: Hashable, Sendable {
    /// The bytes do not have the message's layout.
    case layout(LayoutError)
    /// A row of a table that no Relation message has described.
    case unknownRelation(ObjectID)
    /// A row has another number of columns than its relation.
    case columnCount(relation: String, expected: Int, found: Int)
  }

  /// The message's tag; nil for an empty message.
  public let tag: UInt8?
  /// How far into the message reading had come, in bytes.
  public let offset: Int
  /// What was wrong.
  public let reason: Reason
}

extension DecodeError: CustomStringConvertible {
  /// One line.
  public var description: String {
    let name = tag.map { "'\(Character(UnicodeScalar($0)))'" } ?? "empty"
    let what =
      switch reason {
      case .layout(let error): "\(error)"
      case .unknownRelation(let id): "row of relation \(id), which the stream has not described"
      case .columnCount(let relation, let expected, let found):
        "row of \(relation) has \(found) columns, its relation \(expected)"
      }
    return "pgoutput message \(name), byte \(offset): \(what)"
  }
}
