// SPDX-License-Identifier: Apache-2.0

/// What became of an event.
public enum InboxResult: Hashable, Sendable {
  /// Its effect has been made, and commits with the record of it.
  case done
  /// It has been handled before: nothing has been done.
  case duplicate
  /// Nobody here handles events of its type: nothing has been recorded either, so that whoever comes to handle it may be sent it.
  /// Only its aggregate's version is the last one now, where the inbox looks at versions; what comes to be handled later then is
  /// out of order, unless it is sent to a consumer of another name.
  case ignored
  /// Its aggregate's version is neither the last one that was handled nor the next: nothing has been done or recorded.
  case outOfOrder(Gap)

  /// Between which versions something is missing.
  public struct Gap: Hashable, Sendable {
    /// The last version that was handled; nil where it is not known any more.
    public var last: Int64?
    /// The event's.
    public var found: Int64

    /// Makes one.
    public init(last: Int64?, found: Int64) { (self.last, self.found) = (last, found) }
  }
}

/// Settings of an inbox with which it would not keep its word.
public enum InboxSettingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A consumer's name is empty or longer than 200 bytes.
  case consumer
  /// A table's name is not `name` or `schema.name`, each of at most 40 letters, digits and underscores.
  case table
  /// Records are to be removed before the last redelivery may come.
  case retention

  /// What is wrong, and what would be right.
  public var description: String {
    switch self {
    case .consumer: "a consumer's name has 1 to 200 bytes and no control character"
    case .table: "a table is name or schema.name, each with at most 40 letters, digits and underscores, no digit first"
    case .retention: "records must be kept at least as long as redeliveries may come, and for at least a day"
    }
  }
}
