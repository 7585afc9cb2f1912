// SPDX-License-Identifier: Apache-2.0

import DomainEvents

/// What a client asks for. The order's id is the client's own, so that whoever has not heard the answer asks again.
struct PlaceOrder: Decodable, Sendable {
  let id: String
  let customer: String
  let item: String
  let quantity: Int

  /// Refuses what can be no order, before anything is asked of the database.
  func check() throws(OrderRefusal) {
    guard [id, customer, item].allSatisfy(Order.isName) else { throw .name }
    guard (1...100).contains(quantity) else { throw .quantity }
  }
}

/// The aggregate that the service is about.
struct Order: Codable, Equatable, Sendable {
  let id: String
  let customer: String
  let item: String
  let quantity: Int
  let cents: Int

  func isWhat(_ command: PlaceOrder) -> Bool {
    customer == command.customer && item == command.item && quantity == command.quantity
  }

  static func isName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
  }
}

/// What has happened, told inside the service. It is not `Codable`, and nobody outside is meant to know it.
struct OrderPlaced: DomainEvent {
  let order: Order
}

/// Why an order will not be placed.
enum OrderRefusal: Error, Equatable {
  case name, quantity, unknownItem, soldOut, otherOrder

  var words: String {
    switch self {
    case .name: "id, customer and item have 1 to 64 letters, digits, dots, dashes and underscores"
    case .quantity: "an order is of 1 to 100 pieces"
    case .unknownItem: "there is no such item"
    case .soldOut: "there are not as many left"
    case .otherOrder: "another order has this id"
    }
  }
}
