// SPDX-License-Identifier: Apache-2.0

import Octets
import PostgresWire

/// A block of a transaction in progress starts (protocol 2).
public struct StreamStart: Hashable, Sendable {
  /// The top-level transaction.
  public let xid: TransactionID
  /// This is the transaction's first block.
  public let isFirstSegment: Bool

  static func decode(from bytes: inout RawSpan) throws(LayoutError) -> StreamStart {
    StreamStart(xid: try bytes.readInteger(TransactionID.self), isFirstSegment: try bytes.readByte() != 0)
  }
}
