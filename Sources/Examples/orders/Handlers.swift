// SPDX-License-Identifier: Apache-2.0

import DomainEvents
import Logging
import PostgresSession
import TransactionalOutbox

/// Who hears of what, in which order. All but the last run in the transaction of the command.
func orderHandlers(_ log: Logger) -> DomainEventHandlers<PostgresTransaction> {
  var handlers = DomainEventHandlers<PostgresTransaction> { failure in
    log.error("\(failure.error), after the commit")
  }
  // Another aggregate reacts, and may veto.
  handlers.beforeCommit(OrderPlaced.self) { event, unit in
    try await Stock.reserve(for: event.order, in: &unit)
  }
  // A read model, which is never behind.
  handlers.beforeCommit(OrderPlaced.self) { event, unit in
    try await CustomerTotal.add(event.order, in: &unit.transaction)
  }
  // What others are told is translated, and is in the outbox before the commit.
  handlers.publish(OrderPlaced.self, as: OrderPlacedV2.init)
  handlers.publish(ItemSoldOut.self, of: "item", as: ItemSoldOutV1.init)
  handlers.write(to: Outbox(aggregateType: "order"))
  // It may be lost, if the process ends here: what may not goes through the outbox into the service's own inbox.
  handlers.afterCommit(OrderPlaced.self) { event in log.info("placed \(event.order.id)") }
  return handlers
}
