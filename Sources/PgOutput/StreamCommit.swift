// SPDX-License-Identifier: Apache-2.0

import Octets
import PostgresWire

/// A streamed transaction was committed (protocol 2).
public struct StreamCommit: Hashable, Sendable {
  /// The top-level transaction.
  public let xid: TransactionID
  /// The commit itself.
  public let commit: Commit

  static func decode(from bytes: inout RawSpan) throws(LayoutError) -> StreamCommit {
    StreamCommit(xid: try bytes.readInteger(TransactionID.self), commit: try Commit.decode(from: &bytes))
  }
}
