// SPDX-License-Identifier: Apache-2.0

import Inbox
import IntegrationEvents
import Logging
import PostgresSession
import WebhookReceiver
import Webhooks

/// The effect: one invoice for each order, however often its event comes.
enum Invoices {
  static let table = """
    CREATE TABLE IF NOT EXISTS invoices (number bigserial PRIMARY KEY, order_id text NOT NULL, customer text NOT NULL,
      cents bigint NOT NULL)
    """

  /// How long it is known which events were handled: as long as one may come again.
  static func inbox() throws -> Inbox {
    try Inbox(
      consumer: "billing", retention: Retention(.seconds(30 * 86_400), longestRedelivery: .seconds(30 * 86_400)))
  }

  /// The event's record in the inbox and the invoice are committed together. No constraint keeps an order from having two
  /// invoices: that is the inbox's work.
  static func handlers() throws -> EventHandlers<PostgresTransaction> {
    let upcasters = try Upcasters(
      to: OrderPlacedV2.self, [Upcaster(OrderPlacedV1.self, to: OrderPlacedV2.self, OrderPlacedV2.init)])
    var handlers = EventHandlers<PostgresTransaction>()
    handlers.on(upcasters) { order, _, transaction in
      try await transaction.execute(
        "INSERT INTO invoices (order_id, customer, cents) VALUES ($1, $2, $3)",
        [order.orderID, order.customer, "\(order.cents)"])
    }
    return handlers
  }

  static func answering(
    _ session: PostgresSession, _ verifier: WebhookVerifier, _ log: Logger
  ) throws -> WebhookAnswering {
    var answering = WebhookAnswering(WebhookReading(verifier: verifier), into: try inbox(), try handlers()) { body in
      let result = try await session.transaction { transaction in try await body(&transaction) }
      if result == .duplicate { log.info("an event was handled before") }
      return result
    }
    answering.onRefusal = { refusal, thrown in log.warning("answered \(refusal)\(thrown.map { ": \($0)" } ?? "")") }
    return answering
  }
}
