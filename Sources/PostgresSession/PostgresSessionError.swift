// SPDX-License-Identifier: Apache-2.0

public import SQLTransactions

/// Why something is not asked of the server at all. What the server itself refuses is a `Failure`.
public enum PostgresSessionError: Error, Hashable, CustomStringConvertible {
  /// All connections were in use for so long.
  case allInUse(Duration)
  /// The session is closed.
  case closed
  /// The transaction is over: its handle was kept beyond its end.
  case transactionOver
  /// A statement has ended the transaction, or begun one, or gone back in it, which is for whoever has begun it to do. Nothing
  /// more is done in it; what stood before a COMMIT is committed.
  case endedByStatement
  /// Two savepoints of one transaction were open at once and neither inside the other, something was done beside one, or one
  /// was open when what is around it ended. All is rolled back: what one of them undoes might be another's.
  case savepointsAtOnce
  /// A parameter holds a zero byte, which no text in PostgreSQL can: its place, from 1.
  case zeroByte(parameter: Int)
  /// A statement holds a zero byte, where it would end without a word.
  case zeroByteInStatement
  /// A statement has more parameters than the protocol can number, which is 65,535: how many.
  case tooManyParameters(Int)
  /// The server's answer makes no sense.
  case answer(String)

  /// One line.
  public var description: String {
    switch self {
    case .allInUse(let patience): "all connections were in use for \(patience)"
    case .closed: "the session is closed"
    case .transactionOver: "the transaction is over: nothing can be done in it any more"
    case .endedByStatement:
      "a statement has ended, begun or gone back in a transaction; return or throw for that, or use a savepoint"
    case .savepointsAtOnce:
      "a transaction does one thing at a time: let a savepoint wait for those beside it, and for the tasks inside it"
    case .zeroByte(let number): "parameter \(number) holds a zero byte, which no text in PostgreSQL can"
    case .zeroByteInStatement: "the statement holds a zero byte, where it would end"
    case .tooManyParameters(let count): "the statement has \(count) parameters; there can be 65535"
    case .answer(let words): "the server's answer makes no sense: \(words)"
    }
  }
}

extension PostgresSessionError: ValueError {
  /// Whether a parameter is to blame.
  public var isOfValues: Bool {
    switch self {
    case .zeroByte, .tooManyParameters: true
    default: false
    }
  }
}
