// SPDX-License-Identifier: Apache-2.0

import Octets
public import PostgresWire

/// A prepared transaction was rolled back (protocol 3).
public struct RollbackPrepared: Hashable, Sendable {
  /// Unused by the server so far.
  public let flags: UInt8
  /// Where the PREPARE record ends.
  public let prepareEndLSN: LSN
  /// Where the ROLLBACK PREPARED record ends.
  public let rollbackEndLSN: LSN
  /// When it was prepared.
  public let prepareTime: PostgresTimestamp
  /// When it was rolled back.
  public let rollbackTime: PostgresTimestamp
  /// The transaction.
  public let xid: TransactionID
  /// The name given to PREPARE TRANSACTION.
  public let globalID: String

  static func decode(from bytes: inout RawSpan) throws(LayoutError) -> RollbackPrepared {
    RollbackPrepared(
      flags: try bytes.readByte(), prepareEndLSN: try bytes.readLSN(), rollbackEndLSN: try bytes.readLSN(),
      prepareTime: try bytes.readTimestamp(), rollbackTime: try bytes.readTimestamp(),
      xid: try bytes.readInteger(TransactionID.self), globalID: try bytes.readString())
  }
}
