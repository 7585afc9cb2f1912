// SPDX-License-Identifier: Apache-2.0

/// What works in one transaction and raises events in it, from its beginning to its commit. It cannot be copied or kept, so that
/// nothing can be raised when it is over.
public struct UnitOfWork<Transaction: UnitTransaction>: ~Copyable {
  /// The open transaction.
  public var transaction: Transaction
  let journal: UnitJournal

  init(_ transaction: Transaction, _ journal: UnitJournal) {
    (self.transaction, self.journal) = (transaction, journal)
  }

  /// Says that something has happened. Its handlers run before the commit, when the work is done, and behind those of what was
  /// raised before.
  public mutating func raise(_ event: some DomainEvent) { journal.raise(event) }

  /// Leaves something for whoever takes it all at once, last of all before the commit; see
  /// ``DomainEventHandlers/lastly(_:_:)``. Where nobody takes it, the unit fails.
  public mutating func leave<Item: Sendable>(_ item: Item) { journal.leave(item) }

  /// Runs what may fail without the whole. What is thrown out of it undoes what it has done, drops what it has raised and left,
  /// and is thrown on.
  public mutating func savepoint<Result>(
    _ body: (inout UnitOfWork) async throws -> Result
  ) async throws -> Result {
    let journal = journal
    journal.beginSavepoint()
    do {
      let result = try await transaction.savepoint { transaction in
        var inner = UnitOfWork(transaction, journal)
        defer { transaction = inner.transaction }
        return try await body(&inner)
      }
      journal.endSavepoint(isKept: true)
      return result
    } catch {
      journal.endSavepoint(isKept: false)
      throw error
    }
  }
}
