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
