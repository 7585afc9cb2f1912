// SPDX-License-Identifier: Apache-2.0

import Foundation
import Inbox
import IntegrationEvents

struct PlacedV1: VersionedEvent {
  static let type = "OrderPlaced"
  static let version = 1
  var key: String { orderID }
  let orderID: String
  let euros: Decimal
}

struct PlacedV2: VersionedEvent {
  static let type = "OrderPlaced"
  static let version = 2
  var key: String { orderID }
  let orderID: String
  let cents: Int
}

struct PlacedV3: VersionedEvent {
  static let type = "OrderPlaced"
  static let version = 3
  var key: String { orderID }
  let orderID: String
  let cents: Int
  let currency: String
}

struct Shipped: VersionedEvent {
  static let type = "OrderShipped"
  static let version = 1
  var key: String { orderID }
  let orderID: String
  let at: Date
}

let firstToSecond = Upcaster(PlacedV1.self, to: PlacedV2.self) {
  PlacedV2(orderID: $0.orderID, cents: NSDecimalNumber(decimal: $0.euros * 100).intValue)
}
let secondToThird = Upcaster(PlacedV2.self, to: PlacedV3.self) {
  PlacedV3(orderID: $0.orderID, cents: $0.cents, currency: "EUR")
}

func event(
  _ type: String = "OrderPlaced", version: String? = nil, _ data: String = "{}", extensions: [String: String] = [:]
) -> ReceivedEvent {
  var extensions = extensions
  extensions["dataversion"] = version
  var event = ReceivedEvent(id: "1", source: "/shop", type: type, extensions: extensions, data: Array(data.utf8))
  event.subject = "k1"
  return event
}

func ninetyDays() throws -> Retention { try Retention(.seconds(90 * 86_400), longestRedelivery: .seconds(30 * 86_400)) }
