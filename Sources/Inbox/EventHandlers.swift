// SPDX-License-Identifier: Apache-2.0

public import IntegrationEvents
public import SQLTransactions

/// What a consumer does with the events that it knows, by their types.
public struct EventHandlers<Transaction: SQLTransaction & SendableMetatype>: Sendable {
  /// A handler of an event that has been read.
  typealias Effect = @Sendable (inout Transaction) async throws -> Void

  private var handlers: [String: @Sendable (ReceivedEvent) throws -> Effect] = [:]

  /// Makes an empty set.
  public init() {}

  /// Handles events of a type, each version of which the upcasters bring to the present one. The last one given for a type counts.
  public mutating func on<Event: VersionedEvent>(
    _ upcasters: Upcasters<Event>,
    _ body: @escaping @Sendable (Event, ReceivedEvent, inout Transaction) async throws -> Void
  ) {
    handlers[Event.type] = { received in
      let event = try upcasters.read(received)
      return { transaction in try await body(event, received, &transaction) }
    }
  }

  /// Handles events of a type by what has come, undecoded.
  public mutating func on(
    type: String, _ body: @escaping @Sendable (ReceivedEvent, inout Transaction) async throws -> Void
  ) {
    handlers[type] = { received in { transaction in try await body(received, &transaction) } }
  }

  func effect(of event: ReceivedEvent) throws -> Effect? { try handlers[event.type]?(event) }
}

extension Inbox {
  /// Handles an event by its type. It is read before anything is recorded.
  ///
  /// One of a type that nobody handles moves its aggregate's version on all the same: those behind it follow it.
  ///
  /// - Throws: `EventRefusal` for one that is not what it says, or cannot be recorded here.
  public func handle<Transaction: SQLTransaction & SendableMetatype>(
    _ event: ReceivedEvent, with handlers: EventHandlers<Transaction>, in transaction: inout Transaction
  ) async throws -> InboxResult {
    guard let effect = try handlers.effect(of: event) else {
      // What it says is not for this consumer to refuse.
      guard let version = try? Version(event, self) else { return .ignored }
      return try await version.gapBeforeIgnored(in: &transaction).map { .outOfOrder($0) } ?? .ignored
    }
    return try await handle(event, in: &transaction, effect: effect)
  }
}
