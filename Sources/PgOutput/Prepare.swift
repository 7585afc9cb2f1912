// SPDX-License-Identifier: Apache-2.0

import Octets
public import PostgresWire

/// A transaction is complete but only prepared; Commit Prepared or Rollback Prepared decides it (protocol 3).
///
/// Stream Prepare, which ends a streamed transaction, has the same layout.
public struct Prepare: Hashable, Sendable {
  /// Unused by the server so far.
  public let flags: UInt8
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

  static func decode(from bytes: inout RawSpan) throws(LayoutError) -> Prepare {
    Prepare(
      flags: try bytes.readByte(), prepareLSN: try bytes.readLSN(), endLSN: try bytes.readLSN(),
      prepareTime: try bytes.readTimestamp(), xid: try bytes.readInteger(TransactionID.self),
      globalID: try bytes.readString())
  }
}
