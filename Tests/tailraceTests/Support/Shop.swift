// SPDX-License-Identifier: Apache-2.0

import DomainEvents
import Foundation
import PostgresSession
import PostgresWire
import Synchronization

/// A service with a database of its own, in which the tests of the libraries for services work.
struct Shop {
  typealias Handlers = DomainEventHandlers<PostgresTransaction>

  let database: OutboxDatabase
  let session: PostgresSession

  /// Orders, and an outbox as `tailrace setup` makes it.
  static let schema = """
    CREATE TABLE orders (id text PRIMARY KEY, cents int NOT NULL CHECK (cents >= 0));
    CREATE TABLE stock (item text PRIMARY KEY, pieces int NOT NULL);
    INSERT INTO stock VALUES ('pen', 100), ('ink', 100);
    CREATE TABLE outbox (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(), aggregatetype text NOT NULL, aggregateid text NOT NULL,
      type text NOT NULL, payload jsonb, version int NOT NULL DEFAULT 1,
      occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(), headers jsonb, traceparent text);
    CREATE PUBLICATION events FOR TABLE outbox WITH (publish = 'insert');

    """

  private static let count = Atomic(0)

  /// A service for the time of `body`, on the server that tests share.
  ///
  /// - Parameter port: of a link to the server.
  static func run(
    _ version: Int = 15, schema: String = schema, port: ((OutboxDatabase) throws -> UInt16)? = nil,
    _ settings: (inout PostgresConfiguration) -> Void = { _ in }, _ body: (borrowing Shop) async throws -> Void
  ) async throws {
    let number = count.add(1, ordering: .relaxed).newValue
    let server = try Integration.server(version)
    // A slot is made when all transactions have ended, so those of other tests must be able to go on meanwhile.
    let database = try await withCheckedThrowingContinuation { made in
      Thread { made.resume(with: Result { try OutboxDatabase(server, name: "service\(number)", schema: schema) }) }
        .start()
    }
    defer { database.remove() }
    let link = try port?(database)
    var configuration = PostgresConfiguration(
      database: database.server.connection(to: database.name, port: link.map { "\($0)" }))
    settings(&configuration)
    let service = Shop(database: database, session: PostgresSession(configuration))
    do {
      try await body(service)
    } catch {
      await service.session.close()
      throw error
    }
    await service.session.close()
  }

  init(database: OutboxDatabase, session: PostgresSession) {
    (self.database, self.session) = (database, session)
  }

  /// The orders that are committed, as another session sees them.
  func orders() throws -> [String] {
    try database.psql("SELECT id FROM orders ORDER BY id").split(separator: "\n").map(String.init)
  }
}

/// What is in the domain of the service.
struct OrderPlaced: DomainEvent {
  let id: String
  var cents = 100
}

struct OrderBilled: DomainEvent {
  let id: String
}

extension UnitOfWork where Transaction == PostgresTransaction {
  /// Places an order.
  mutating func place(_ id: String, cents: Int = 100) async throws {
    try await transaction.execute("INSERT INTO orders VALUES ($1, $2)", [id, "\(cents)"])
    raise(OrderPlaced(id: id, cents: cents))
  }
}
