// SPDX-License-Identifier: Apache-2.0

import Octets
import PostgresWire

/// A prepared transaction was committed (protocol 3).
public struct CommitPrepared: Hashable, Sendable {
  /// The commit itself.
  public let commit: Commit
  /// The transaction.
  public let xid: TransactionID
  /// The name given to PREPARE TRANSACTION.
  public let globalID: String

  static func decode(from bytes: inout RawSpan) throws(LayoutError) -> CommitPrepared {
    CommitPrepared(
      commit: try Commit.decode(from: &bytes), xid: try bytes.readInteger(TransactionID.self),
      globalID: try bytes.readString())
  }
}
