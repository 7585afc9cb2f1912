// SPDX-License-Identifier: Apache-2.0

import Octets
public import PostgresWire

/// Tables were truncated together.
public struct Truncate: Hashable, Sendable {
  /// The (sub)transaction, within a streamed block.
  public let xid: TransactionID?
  /// TRUNCATE … CASCADE was used.
  public let cascade: Bool
  /// TRUNCATE … RESTART IDENTITY was used.
  public let restartIdentity: Bool
  /// The tables.
  public let relationIDs: [ObjectID]

  static func decode(from bytes: inout RawSpan, xid: TransactionID?) throws(LayoutError) -> Truncate {
    // The count comes before the options, but its items after them.
    let count = Int(try bytes.readInteger(Int32.self))
    let options = try bytes.readByte()
    guard count >= 0, count <= bytes.byteCount / 4 else { throw .invalidCount(count) }
    var relations: [ObjectID] = []
    relations.reserveCapacity(count)
    for _ in 0..<count { relations.append(try bytes.readInteger(ObjectID.self)) }
    return Truncate(xid: xid, cascade: options & 1 != 0, restartIdentity: options & 2 != 0, relationIDs: relations)
  }
}
