// SPDX-License-Identifier: Apache-2.0

import Octets
public import PostgresWire

/// What `pg_logical_emit_message` wrote.
public struct LogicalMessage: Hashable, Sendable {
  /// The (sub)transaction, within a streamed block.
  public let xid: TransactionID?
  /// Whether it belongs to a transaction; if not, it comes outside Begin and Commit.
  public let isTransactional: Bool
  /// Where it stands in the log.
  public let lsn: LSN
  /// The prefix it was written with.
  public let prefix: String
  /// Where its content lies, counted from the start of the message.
  public let content: Range<Int>

  static func decode(
    from bytes: inout RawSpan, xid: TransactionID?, messageSize: Int
  ) throws(LayoutError) -> LogicalMessage {
    let flags = try bytes.readByte()
    let lsn = try bytes.readLSN()
    let prefix = try bytes.readString()
    let length = try bytes.readCount32(minimumSize: 1)
    let start = messageSize - bytes.byteCount
    try bytes.skip(length)
    return LogicalMessage(
      xid: xid, isTransactional: flags & 1 != 0, lsn: lsn, prefix: prefix, content: start..<(start + length))
  }
}
