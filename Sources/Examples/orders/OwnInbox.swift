// SPDX-License-Identifier: Apache-2.0

import Inbox
import IntegrationEvents
import Logging
import PostgresSession
import WebhookReceiver
import Webhooks

/// The service's own inbox: local work that must not be lost, and that may not hold up or undo an order.
///
/// The event goes through the outbox and comes back from the relay until it is taken, whichever process has died in between.
enum OwnInbox {
  static func make() throws -> Inbox {
    try Inbox(
      consumer: "shipping", retention: Retention(.seconds(30 * 86_400), longestRedelivery: .seconds(30 * 86_400)))
  }

  static func answering(
    _ session: PostgresSession, _ verifier: WebhookVerifier, _ log: Logger
  ) throws -> WebhookAnswering {
    var handlers = EventHandlers<PostgresTransaction>()
    // Any version will do: of what was placed, only the key is wanted.
    handlers.on(type: OrderPlacedV2.type) { event, transaction in
      guard let key = event.key else { throw EventRefusal("it has no key, which is the order's id") }
      try await transaction.execute("INSERT INTO shipments (order_id) VALUES ($1)", [key])
    }
    var answering = WebhookAnswering(WebhookReading(verifier: verifier), into: try make(), handlers) { body in
      let result = try await session.transaction { transaction in try await body(&transaction) }
      if result == .duplicate { log.info("an event was handled before") }
      return result
    }
    answering.onRefusal = { refusal, thrown in log.warning("answered \(refusal)\(thrown.map { ": \($0)" } ?? "")") }
    return answering
  }
}
