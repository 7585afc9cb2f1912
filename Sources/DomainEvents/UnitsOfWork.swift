// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How much a unit of work may do.
public struct UnitLimits: Sendable {
  /// How long a chain of events may be, each raised by a handler of the one before. Default: 100.
  public var cascade = 100
  /// How many events a unit may raise in all. Default: 10,000.
  public var events = 10_000
  /// How often a unit is run in all where it got in others' way. Default: 5.
  public var runs = 5

  /// Makes the default limits.
  public init() {}
}

/// Runs units of work: each in one transaction, with the handlers of what it raises.
///
///     let units = UnitsOfWork(session, handlers)
///     try await units.run { unit in
///       try await unit.transaction.execute("INSERT INTO orders (id) VALUES ($1)", [id])
///       unit.raise(OrderPlaced(id: id))
///     }
public final class UnitsOfWork<Source: TransactionSource>: Sendable {
  /// The transaction in which a unit works.
  public typealias Transaction = Source.Transaction

  private let source: Source
  private let handlers: DomainEventHandlers<Transaction>
  private let limits: UnitLimits
  private let failures = Atomic(0)

  /// Makes a runner over a source of transactions.
  public init(_ source: Source, _ handlers: DomainEventHandlers<Transaction>, limits: UnitLimits = UnitLimits()) {
    (self.source, self.handlers, self.limits) = (source, handlers, limits)
  }

  /// How many handlers have thrown after a commit.
  public var afterCommitFailures: Int { failures.load(ordering: .relaxed) }

  /// Runs a unit: `body`, the handlers of what it raises, the commit, and the handlers after that. What is thrown before the commit
  /// rolls back and is thrown on; so does the task's cancellation.
  ///
  /// Where a unit over the same source is under way in this task, this one joins it: the same transaction, committed and heard of
  /// with the outer one, which fails with it. It is the outer one's runner whose handlers are told; what only this one's would be
  /// told of is refused. Where the transaction only got in others' way, all of it is run again, with fresh
  /// events; so `body` must do nothing beside its transaction that cannot be done again. Throws ``CommitUnknown`` where the commit's
  /// answer was lost; then nothing is run again, and no handler after the commit.
  public func run<Result>(
    _ body: (inout UnitOfWork<Transaction>) async throws -> Result
  ) async throws -> Result {
    if let outer = OpenUnit<Transaction>.around(source), let events = try outer.journal.enter(from: outer.depth) {
      return try await outer.join(source, handlers, behind: events, body)
    }
    var runs = 1
    while true {
      do {
        let (result, events) = try await runOnce(body)
        await tell(events)
        return result
      } catch {
        guard runs < limits.runs, !Task.isCancelled, mayBeRunAgain(after: error) else { throw error }
      }
      // Whoever got in each other's way would do it again if all began again at once.
      try await Task.sleep(for: .microseconds(Int.random(in: 0..<(2_000 << min(runs, 6)))))
      runs += 1
    }
  }

  private func mayBeRunAgain(after error: any Error) -> Bool {
    switch error {
    case is CommitUnknown: false
    case UnitOfWorkError.innerUnitFailed(let inner): source.mayBeRunAgain(after: inner)
    default: source.mayBeRunAgain(after: error)
    }
  }

  private func runOnce<Result>(
    _ body: (inout UnitOfWork<Transaction>) async throws -> Result
  ) async throws -> (Result, [any DomainEvent]) {
    try await source.transaction { transaction in
      let journal = UnitJournal()
      let open = OpenUnit(transaction, journal, handlers)
      var unit = UnitOfWork(transaction, journal)
      defer { transaction = unit.transaction }
      do {
        let done = try await open.whileOpen(source) {
          let result = try await body(&unit)
          var dispatch = UnitDispatch(handlers, limits, journal)
          return (result, try await dispatch.finish(&unit))
        }
        try journal.end()
        return done
      } catch {
        journal.close()
        throw error
      }
    }
  }

  private func tell(_ events: [any DomainEvent]) async {
    for event in events {
      for handle in handlers.types[ObjectIdentifier(type(of: event))]?.after ?? [] {
        do {
          try await handle(event)
        } catch {
          let count = failures.add(1, ordering: .relaxed).newValue
          await handlers.afterCommitFailure(AfterCommitFailure(event: event, error: error, count: count))
        }
      }
    }
  }
}
