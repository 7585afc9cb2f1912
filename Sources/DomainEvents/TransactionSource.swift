// SPDX-License-Identifier: Apache-2.0

/// A transaction of whatever database, as a unit of work needs it: a handle, whose copies speak to the same transaction.
public protocol UnitTransaction: Sendable {
  /// Runs what may fail without the whole: what is thrown out of it undoes what it has done, and is thrown on.
  mutating func savepoint<Result>(_ body: (inout Self) async throws -> Result) async throws -> Result
}

/// Where units of work get their transactions: a pool of connections to one database.
public protocol TransactionSource<Transaction>: AnyObject, Sendable {
  /// What a transaction is here.
  associatedtype Transaction: UnitTransaction

  /// Begins a transaction, lets `body` work in it and commits it. What `body` throws rolls back and is thrown on.
  ///
  /// Throws ``CommitUnknown`` where the commit was sent and its answer never came.
  func transaction<Result>(_ body: (inout Transaction) async throws -> Result) async throws -> Result

  /// Whether the same work may succeed when it is run again from its beginning, because it only got in others' way: SQLSTATE
  /// 40001 and 40P01.
  func mayBeRunAgain(after error: any Error) -> Bool
}

/// The commit was sent and its answer never came: nobody here knows whether it has happened. Not a failure: whoever runs the work
/// again may do it twice.
///
/// The server knows: ask it for the transaction's status.
public struct CommitUnknown: Error, CustomStringConvertible {
  /// The transaction's id, as the server has it.
  public let transaction: String
  /// Why there was no answer.
  public let cause: any Error

  /// Makes one of its parts.
  public init(transaction: String, cause: any Error) {
    (self.transaction, self.cause) = (transaction, cause)
  }

  /// One line.
  public var description: String {
    "whether transaction \(transaction) is committed is unknown: ask the server for its status; \(cause)"
  }
}
