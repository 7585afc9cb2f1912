// SPDX-License-Identifier: Apache-2.0

public import DomainEvents
import PostgresClient
public import SQLTransactions

/// An open transaction. A handle: its copies speak to the same one, a statement at a time, until it is over.
///
/// A statement is one: where there may be several, one of them could end the transaction unseen. None may begin or end it, or go
/// back in it: that is ``PostgresSessionError/endedByStatement``. While a savepoint is open, only tasks inside it work in the
/// transaction.
///
/// A statement that the server refuses throws PostgresWire's `Failure`, with its SQLSTATE; all is then undone, even if that is
/// caught, up to the savepoint around it if there is one.
public struct PostgresTransaction: SQLTransaction, UnitTransaction {
  let open: OpenTransaction

  /// Runs a statement. Gives how many rows it has inserted, changed or removed.
  @discardableResult
  public mutating func execute(_ statement: String, _ parameters: [String?] = []) async throws -> Int {
    try await open.perform(statement, parameters).affected
  }

  /// Runs a statement. Gives its rows, each with its columns as text; nil is NULL.
  public mutating func query(_ statement: String, _ parameters: [String?] = []) async throws -> [[String?]] {
    try await open.perform(statement, parameters).rows
  }

  /// Runs what may fail without the whole: what is thrown out of it undoes what it has done, and is thrown on.
  public mutating func savepoint<Result>(
    _ body: (inout PostgresTransaction) async throws -> Result
  ) async throws -> Result {
    let number = try await open.beginSavepoint()
    do {
      let result = try await OpenTransaction.whileIn(number) { try await body(&self) }
      try await open.keep(number)
      return result
    } catch {
      throw await open.undo(number, error)
    }
  }
}
