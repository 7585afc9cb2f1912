// SPDX-License-Identifier: Apache-2.0

public import DomainEvents
public import IntegrationEvents
public import SQLTransactions

extension DomainEventHandlers where Transaction: SQLTransaction {
  /// Gives the outbox into which all that is published is written, in one statement a unit, last of all before the commit.
  ///
  /// Without one, a unit that publishes anything fails; so it does with a second one, in which each event would be again.
  public mutating func write(to outbox: Outbox) {
    guard !takes(Published.self) else { return lastly(Published.self) { _, _ in throw OutboxError.secondOutbox } }
    lastly(Published.self) { published, transaction in
      try await outbox.write(try published.map { try $0.entry(outbox) }, in: &transaction)
    }
  }

  /// Publishes each event of a type as what it is translated into. Nothing of a domain event gets out otherwise, whatever it
  /// conforms to.
  ///
  ///     handlers.publish(OrderPlaced.self, as: OrderPlacedV2.init)
  ///
  /// - Parameters:
  ///   - type: the type of domain event.
  ///   - aggregateType: what kind of aggregate it is of, if not the outbox's.
  ///   - translate: makes the integration event; nil publishes nothing. What it throws rolls back.
  public mutating func publish<Event: DomainEvent, Translation: VersionedEvent>(
    _ type: Event.Type, of aggregateType: String? = nil,
    as translate: @escaping @Sendable (Event) throws -> Translation?
  ) {
    beforeCommit(type) { event, unit in
      if let translation = try translate(event) { unit.publish(translation, of: aggregateType) }
    }
  }
}

extension UnitOfWork where Transaction: SQLTransaction {
  /// Publishes an integration event that no domain event stands for.
  public mutating func publish(_ event: some VersionedEvent, of aggregateType: String? = nil) {
    leave(Published(event: event, aggregateType: aggregateType))
  }
}

/// What a unit has published and nobody has written yet.
private struct Published: Sendable {
  let event: any VersionedEvent
  let aggregateType: String?

  func entry(_ outbox: Outbox) throws -> OutboxEntry { try OutboxEntry(event, of: aggregateType, outbox) }
}
