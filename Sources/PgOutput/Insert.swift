// SPDX-License-Identifier: Apache-2.0

import Octets
public import PostgresWire

/// A row was inserted.
public struct Insert: Hashable, Sendable {
  /// The (sub)transaction, within a streamed block.
  public let xid: TransactionID?
  /// The table.
  public let relationID: ObjectID
  /// The new row.
  public let new: Tuple

  static func decode(
    from bytes: inout RawSpan, xid: TransactionID?, messageSize: Int
  ) throws(LayoutError) -> Insert {
    let relation = try bytes.readInteger(ObjectID.self)
    let tag = try bytes.readByte()
    guard tag == UInt8(ascii: "N") else { throw .unexpectedTag(tag, expected: "a new tuple N") }
    return Insert(xid: xid, relationID: relation, new: try Tuple.decode(from: &bytes, messageSize: messageSize))
  }
}
