// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents

// What others are told: the service's contract. A version that is out is not changed any more; a further one is a further type.

/// An order was placed. Version 1 had whole euros.
struct OrderPlacedV2: VersionedEvent {
  static let type = "OrderPlaced"
  static let version = 2
  var key: String { orderID }
  let orderID: String
  let customer: String
  let cents: Int

  init(_ event: OrderPlaced) {
    (orderID, customer, cents) = (event.order.id, event.order.customer, event.order.cents)
  }
}

/// An item cannot be ordered any more.
struct ItemSoldOutV1: VersionedEvent {
  static let type = "ItemSoldOut"
  static let version = 1
  var key: String { item }
  let item: String

  init(_ event: ItemSoldOut) { item = event.item }
}
