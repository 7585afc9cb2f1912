// SPDX-License-Identifier: Apache-2.0

import Octets
public import PostgresWire

/// A transaction starts; it has been committed already, or it would not be sent.
public struct Begin: Hashable, Sendable {
  /// Where the commit record starts: the commit's LSN, not its end.
  public let finalLSN: LSN
  /// When the transaction was committed.
  public let commitTime: PostgresTimestamp
  /// The transaction.
  public let xid: TransactionID

  static func decode(from bytes: inout RawSpan) throws(LayoutError) -> Begin {
    Begin(
      finalLSN: try bytes.readLSN(), commitTime: try bytes.readTimestamp(),
      xid: try bytes.readInteger(TransactionID.self))
  }
}

/// The transaction that Begin started is complete.
public struct Commit: Hashable, Sendable {
  /// Unused by the server so far.
  public let flags: UInt8
  /// Where the commit record starts; equals the Begin's `finalLSN`.
  public let commitLSN: LSN
  /// Where the commit record ends: the position to confirm once the transaction is durable elsewhere.
  public let endLSN: LSN
  /// When the transaction was committed.
  public let commitTime: PostgresTimestamp

  static func decode(from bytes: inout RawSpan) throws(LayoutError) -> Commit {
    Commit(
      flags: try bytes.readByte(), commitLSN: try bytes.readLSN(), endLSN: try bytes.readLSN(),
      commitTime: try bytes.readTimestamp())
  }
}
