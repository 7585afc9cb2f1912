// SPDX-License-Identifier: Apache-2.0

import DomainEvents
import Foundation
import Inbox
import IntegrationEvents
import PostgresSession
import Testing
import TransactionalOutbox
import Webhooks

extension Integration {
  @Suite struct OutboxesAndInboxes {
    struct Veto: Error {}

    struct BilledV1: VersionedEvent {
      static let type = "OrderBilled"
      static let version = 1
      var key: String { id }
      let id: String
      let euros: Int
    }

    struct BilledV2: VersionedEvent {
      static let type = "OrderBilled"
      static let version = 2
      static let time = Date(timeIntervalSince1970: 1_795_418_166.123456)
      var key: String { id }
      let id: String
      let amount: Decimal
      var at = time
    }

    /// More digits than a binary fraction holds.
    private static func amount(_ cents: Int) -> Decimal {
      Decimal(cents) + Decimal(sign: .plus, exponent: -10, significand: 1_234_567_890_123_456_789)
    }

    @Test(arguments: [15, 18])
    func `what units publish an inbox reads as it was, and handles once though each event comes twice at a time`(
      version: Int
    ) async throws {
      try await Shop.run(version, schema: Shop.schema + "CREATE TABLE effects (id text, amount text);\n") { service in
        var handlers = Shop.Handlers { _ in }
        handlers.publish(OrderPlaced.self) { $0.cents < 10 ? BilledV1(id: $0.id, euros: $0.cents) : nil }
        handlers.publish(OrderPlaced.self) {
          $0.cents >= 10 ? BilledV2(id: $0.id, amount: Self.amount($0.cents)) : nil
        }
        handlers.write(to: Outbox(aggregateType: "order"))
        handlers.beforeCommit(OrderPlaced.self) { order, _ in if order.id == "vetoed" { throw Veto() } }
        let units = UnitsOfWork(service.session, handlers)
        for cents in 1...20 { try await units.run { try await $0.place("order \(cents)", cents: cents) } }
        await #expect(throws: Veto.self) { try await units.run { try await $0.place("vetoed", cents: 30) } }
        let lines = try service.database.rest()
        #expect(lines.count == 20)
        let results = try await Self.handle(lines + lines, in: service.session)
        #expect(results.filter { $0 == .done }.count == 20)
        #expect(results.filter { $0 == .duplicate }.count == 20)
        let wanted = (1...20).map { "order \($0)|\($0 < 10 ? Decimal($0) : Self.amount($0))" }
        let found = try service.database.psql("SELECT id, amount FROM effects").split(separator: "\n").map(String.init)
        #expect(found.sorted() == wanted.sorted())
      }
    }

    /// Gives events to an inbox, all at once, each in a transaction of its own.
    private static func handle(_ lines: [String], in session: PostgresSession) async throws -> [InboxResult] {
      let inbox = try Inbox(
        consumer: "billing", retention: Retention(.seconds(86_400), longestRedelivery: .seconds(86_400)))
      try await session.transaction { @Sendable transaction in
        for statement in inbox.creation { try await transaction.execute(statement) }
      }
      let upcasters = try Upcasters(
        to: BilledV2.self,
        [Upcaster(BilledV1.self, to: BilledV2.self) { BilledV2(id: $0.id, amount: Decimal($0.euros)) }])
      var handlers = EventHandlers<PostgresTransaction>()
      handlers.on(upcasters) { order, _, transaction in
        guard abs(order.at.timeIntervalSince(BilledV2.time)) < 0.000_001 else { throw EventRefusal("another time") }
        try await transaction.execute("INSERT INTO effects VALUES ($1, $2)", [order.id, "\(order.amount)"])
      }
      let all = handlers
      return try await withThrowingTaskGroup(of: InboxResult.self) { group in
        for line in lines {
          let request = WebhookRequest(
            fields: [.init("content-type", "application/cloudevents+json")], body: Array(line.utf8))
          let events = try WebhookReading(verifier: nil).events(of: request, unixSeconds: 0)
          let event = try #require(events.first)
          group.addTask {
            try await session.transaction { transaction in
              try await inbox.handle(event, with: all, in: &transaction)
            }
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
    }
  }
}
