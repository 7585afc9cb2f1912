// SPDX-License-Identifier: Apache-2.0

/// Who is told of which events: for each exact type of event, in the order in which they are added.
public struct DomainEventHandlers<Transaction: UnitTransaction>: Sendable {
  typealias Before = @Sendable (any DomainEvent, inout UnitOfWork<Transaction>) async throws -> Void
  typealias After = @Sendable (any DomainEvent) async throws -> Void

  struct ForType: Sendable {
    var before: [Before] = []
    var after: [After] = []
  }

  struct Taker: Sendable {
    let item: ObjectIdentifier
    let take: @Sendable ([any Sendable], inout Transaction) async throws -> Void
  }

  private(set) var types: [ObjectIdentifier: ForType] = [:]
  private(set) var takers: [Taker] = []
  let afterCommitFailure: @Sendable (AfterCommitFailure) async -> Void

  /// Makes an empty list.
  ///
  /// - Parameter afterCommitFailure: told of what handlers throw after the commit, when nothing can be undone any more.
  public init(afterCommitFailure: @escaping @Sendable (AfterCommitFailure) async -> Void) {
    self.afterCommitFailure = afterCommitFailure
  }

  /// Adds a handler that runs in the transaction, before the commit. It may raise further events; what it throws rolls back all
  /// that was done, which is its veto.
  public mutating func beforeCommit<Event: DomainEvent>(
    _ type: Event.Type,
    _ handle: @escaping @Sendable (Event, inout UnitOfWork<Transaction>) async throws -> Void
  ) {
    types[ObjectIdentifier(type), default: ForType()].before.append { event, unit in
      if let event = event as? Event { try await handle(event, &unit) }
    }
  }

  /// Adds a handler that runs after the commit. It has no transaction and can undo nothing; what it throws is counted and goes to
  /// whoever is told of failures. It does not run when the process ends before: what must not be lost goes through the outbox.
  public mutating func afterCommit<Event: DomainEvent>(
    _ type: Event.Type, _ handle: @escaping @Sendable (Event) async throws -> Void
  ) {
    types[ObjectIdentifier(type), default: ForType()].after.append { event in
      if let event = event as? Event { try await handle(event) }
    }
  }

  /// Adds whoever takes all that a unit has left of a type, in its order, once and last of all before the commit: there nothing
  /// can be raised any more, and no unit be run that would join this one. It is not called where nothing was left.
  public mutating func lastly<Item: Sendable>(
    _ type: Item.Type, _ take: @escaping @Sendable ([Item], inout Transaction) async throws -> Void
  ) {
    takers.append(
      Taker(item: ObjectIdentifier(type)) { items, transaction in
        try await take(items.compactMap { $0 as? Item }, &transaction)
      })
  }

  /// Whether somebody takes what is left of a type.
  package func takes<Item: Sendable>(_ type: Item.Type) -> Bool {
    takers.contains { $0.item == ObjectIdentifier(type) }
  }
}

/// What a handler threw after the commit.
public struct AfterCommitFailure: Sendable {
  /// What the handler was told of.
  public let event: any DomainEvent
  /// What it threw.
  public let error: any Error
  /// How many such failures there have been so far, this one included.
  public let count: Int
}
