// SPDX-License-Identifier: Apache-2.0

import Octets
public import PostgresWire

/// A transaction that is going to be prepared, not committed, starts (protocol 3).
public struct BeginPrepare: Hashable, Sendable {
  /// Where the PREPARE record starts.
  public let prepareLSN: LSN
  /// Where it ends.
  public let endLSN: LSN
  /// When it was prepared.
  public let prepareTime: PostgresTimestamp
  /// The transaction.
  public let xid: TransactionID
  /// The name given to PREPARE TRANSACTION.
  public let globalID: String

  static func decode(from bytes: inout RawSpan) throws(LayoutError) -> BeginPrepare {
    BeginPrepare(
      prepareLSN: try bytes.readLSN(), endLSN: try bytes.readLSN(), prepareTime: try bytes.readTimestamp(),
      xid: try bytes.readInteger(TransactionID.self), globalID: try bytes.readString())
  }
}
