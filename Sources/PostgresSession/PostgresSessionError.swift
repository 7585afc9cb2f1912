// SPDX-License-Identifier: Apache-2.0

/// Why something is not asked of the server at all. What the server itself refuses is a `Failure`.
public enum PostgresSessionError: Error, Hashable, CustomStringConvertible {
  /// All connections were in use for so long.
  case allInUse(Duration)
  /// The session is closed.
  case closed
  /// The transaction is over: its handle was kept beyond its end.
  case transactionOver
  /// A statement has ended the transaction, which is for whoever has begun it to end.
  case endedByStatement
  /// A parameter holds a zero byte, which no text in PostgreSQL can: its place, from 1.
  case zeroByte(parameter: Int)
  /// The server's answer makes no sense.
  case answer(String)

  /// One line.
  public var description: String {
    switch self {
    case .allInUse(let patience): "all connections were in use for \(patience)"
    case .closed: "the session is closed"
    case .transactionOver: "the transaction is over: nothing can be done in it any more"
    case .endedByStatement: "a statement has ended the transaction; return or throw for that"
    case .zeroByte(let number): "parameter \(number) holds a zero byte, which no text in PostgreSQL can"
    case .answer(let words): "the server's answer makes no sense: \(words)"
    }
  }
}
