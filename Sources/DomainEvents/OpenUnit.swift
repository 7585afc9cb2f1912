// SPDX-License-Identifier: Apache-2.0

/// A unit that is under way, for those that join it.
struct OpenUnit<Transaction: UnitTransaction>: Sendable {
  let transaction: Transaction
  let journal: UnitJournal
  /// Who is told of what is raised in it.
  let handlers: DomainEventHandlers<Transaction>
  /// How many units it is inside of.
  var depth = 0

  init(_ transaction: Transaction, _ journal: UnitJournal, _ handlers: DomainEventHandlers<Transaction>) {
    (self.transaction, self.journal, self.handlers) = (transaction, journal, handlers)
  }

  /// The innermost one of this task over a source.
  static func around(_ source: some TransactionSource<Transaction>) -> OpenUnit? {
    OpenUnits.ofTask[ObjectIdentifier(source)] as? OpenUnit
  }

  /// Does something that may be joined.
  func whileOpen<Result>(
    _ source: some TransactionSource<Transaction>, _ body: () async throws -> Result
  ) async throws -> Result {
    var units = OpenUnits.ofTask
    units[ObjectIdentifier(source)] = self
    return try await OpenUnits.$ofTask.withValue(units) { try await body() }
  }

  /// Runs a unit inside this one, which was entered behind so many events, for a runner with handlers of its own.
  func join<Result>(
    _ source: some TransactionSource<Transaction>, _ own: DomainEventHandlers<Transaction>, behind events: Int,
    _ body: (inout UnitOfWork<Transaction>) async throws -> Result
  ) async throws -> Result {
    var inner = self
    inner.depth += 1
    var unit = UnitOfWork(transaction, journal)
    do {
      let result = try await inner.whileOpen(source) { try await body(&unit) }
      // Who expects to be told here, and nobody tells, would have no veto and no effect.
      for event in journal.events(behind: events) {
        let id = ObjectIdentifier(type(of: event))
        guard handlers.types[id] != nil || own.types[id] == nil else {
          throw UnitOfWorkError.notHandled(String(describing: type(of: event)))
        }
      }
      journal.exit(throwing: nil)
      return result
    } catch {
      journal.exit(throwing: error)
      throw error
    }
  }
}

/// The units that are under way in a task, by their sources.
private enum OpenUnits {
  @TaskLocal static var ofTask: [ObjectIdentifier: any Sendable] = [:]
}
