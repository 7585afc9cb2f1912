import Octets
public import PostgresWire

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
