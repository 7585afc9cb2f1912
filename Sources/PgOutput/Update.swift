// SPDX-License-Identifier: Apache-2.0

import Octets
public import PostgresWire

/// A row was updated.
public struct Update: Hashable, Sendable {
  /// The (sub)transaction, within a streamed block.
  public let xid: TransactionID?
  /// The table.
  public let relationID: ObjectID
  /// What is known of the old row: nothing when its key did not change.
  public let old: OldTuple?
  /// The new row.
  public let new: Tuple

  static func decode(
    from bytes: inout RawSpan, xid: TransactionID?, messageSize: Int
  ) throws(LayoutError) -> Update {
    let relation = try bytes.readInteger(ObjectID.self)
    var tag = try bytes.readByte()
    var old: OldTuple?
    if tag != UInt8(ascii: "N") {
      old = try OldTuple.decode(tag: tag, from: &bytes, messageSize: messageSize, expected: "a tuple K, O or N")
      tag = try bytes.readByte()
      guard tag == UInt8(ascii: "N") else { throw .unexpectedTag(tag, expected: "a new tuple N") }
    }
    return Update(
      xid: xid, relationID: relation, old: old, new: try Tuple.decode(from: &bytes, messageSize: messageSize))
  }
}

/// What an update or a delete tells of the row as it was.
public enum OldTuple: Hashable, Sendable {
  /// The replica identity's columns; the others are null.
  case key(Tuple)
  /// The whole row, with `REPLICA IDENTITY FULL`.
  case full(Tuple)

  static func decode(
    tag: UInt8, from bytes: inout RawSpan, messageSize: Int, expected: String
  ) throws(LayoutError) -> OldTuple {
    switch tag {
    case UInt8(ascii: "K"): .key(try Tuple.decode(from: &bytes, messageSize: messageSize))
    case UInt8(ascii: "O"): .full(try Tuple.decode(from: &bytes, messageSize: messageSize))
    default: throw .unexpectedTag(tag, expected: expected)
    }
  }
}
