// SPDX-License-Identifier: Apache-2.0

import DomainEvents

/// A database that is one number, to show what a driver has to do.
final class Account: TransactionSource {
  struct Transaction: UnitTransaction {
    mutating func savepoint<Result>(_ body: (inout Transaction) async throws -> Result) async throws -> Result {
      try await body(&self)
    }
  }

  func transaction<Result>(_ body: (inout Transaction) async throws -> Result) async throws -> Result {
    var transaction = Transaction()
    let result = try await body(&transaction)
    print("committed")
    return result
  }

  func mayBeRunAgain(after error: any Error) -> Bool { false }
}

struct Deposited: DomainEvent {
  let cents: Int
}

struct LimitReached: DomainEvent {}

struct TooMuch: Error {}

var handlers = DomainEventHandlers<Account.Transaction> { print("failed after the commit: \($0.error)") }
handlers.beforeCommit(Deposited.self) { event, unit in
  if event.cents > 1000 { throw TooMuch() }
  if event.cents == 1000 { unit.raise(LimitReached()) }
}
handlers.beforeCommit(LimitReached.self) { _, _ in print("limit reached") }
handlers.afterCommit(Deposited.self) { print("deposited \($0.cents)") }
let units = UnitsOfWork(Account(), handlers)
for cents in [1000, 1001] {
  do {
    try await units.run { @Sendable unit in unit.raise(Deposited(cents: cents)) }
  } catch {
    print("refused: \(error)")
  }
}

// What the handlers cost, on a clock that everything else has a part in.
var counting = DomainEventHandlers<Account.Transaction> { _ in }
counting.beforeCommit(Deposited.self) { _, _ in }
var limits = UnitLimits()
limits.events = 100_000
let many = UnitsOfWork(Account(), counting, limits: limits)
let time = try await ContinuousClock().measure {
  try await many.run { @Sendable unit in for cents in 0..<100_000 { unit.raise(Deposited(cents: cents)) } }
}
print("an event took \(time / 100_000)")
