// SPDX-License-Identifier: Apache-2.0

import Octets
public import PostgresWire

/// A streamed transaction, or one of its subtransactions, was rolled back (protocol 2).
public struct StreamAbort: Hashable, Sendable {
  /// The top-level transaction.
  public let xid: TransactionID
  /// What was rolled back: equal to `xid` for the whole, else one subtransaction's rows.
  public let subtransaction: TransactionID
  /// Where and when, with `streaming=parallel` (protocol 4).
  public let abort: Abort?

  /// Position and time of an abort.
  public struct Abort: Hashable, Sendable {
    /// The abort record's position.
    public let lsn: LSN
    /// When it was rolled back.
    public let time: PostgresTimestamp
  }

  /// Only the length tells the parallel form from the plain one.
  static func decode(from bytes: inout RawSpan) throws(LayoutError) -> StreamAbort {
    let xid = try bytes.readInteger(TransactionID.self)
    let subtransaction = try bytes.readInteger(TransactionID.self)
    var abort: Abort?
    if !bytes.isEmpty { abort = Abort(lsn: try bytes.readLSN(), time: try bytes.readTimestamp()) }
    return StreamAbort(xid: xid, subtransaction: subtransaction, abort: abort)
  }
}
