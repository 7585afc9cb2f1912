// SPDX-License-Identifier: Apache-2.0

import Octets
public import PostgresWire

/// A row was deleted.
public struct Delete: Hashable, Sendable {
  /// The (sub)transaction, within a streamed block.
  public let xid: TransactionID?
  /// The table.
  public let relationID: ObjectID
  /// What is known of the row.
  public let old: OldTuple

  static func decode(
    from bytes: inout RawSpan, xid: TransactionID?, messageSize: Int
  ) throws(LayoutError) -> Delete {
    let relation = try bytes.readInteger(ObjectID.self)
    let tag = try bytes.readByte()
    return Delete(
      xid: xid, relationID: relation,
      old: try OldTuple.decode(tag: tag, from: &bytes, messageSize: messageSize, expected: "an old tuple K or O"))
  }
}
