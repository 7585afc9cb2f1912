// SPDX-License-Identifier: Apache-2.0

import Inbox
import IntegrationEvents

// What the service has been promised by others, in its own words: it shares no code with them.

/// An order was placed, in whole euros: what releases before the present one have sent, and dead letters may still hold.
struct OrderPlacedV1: VersionedEvent {
  static let type = "OrderPlaced"
  static let version = 1
  var key: String { orderID }
  let orderID: String
  let customer: String
  let euros: Int
}

/// An order was placed.
struct OrderPlacedV2: VersionedEvent {
  static let type = "OrderPlaced"
  static let version = 2
  var key: String { orderID }
  let orderID: String
  let customer: String
  let cents: Int

  init(_ old: OrderPlacedV1) throws {
    let (cents, isTooMuch) = old.euros.multipliedReportingOverflow(by: 100)
    if isTooMuch { throw EventRefusal("an order of more euros than there are") }
    (orderID, customer, self.cents) = (old.orderID, old.customer, cents)
  }
}
