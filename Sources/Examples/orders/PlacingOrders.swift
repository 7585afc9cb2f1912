// SPDX-License-Identifier: Apache-2.0

import DomainEvents
import PostgresSession

typealias Unit = UnitOfWork<PostgresTransaction>

extension PlaceOrder {
  /// The command, in an open unit of work. What it throws rolls back all of it.
  ///
  /// Gives the order, and whether it was placed only now.
  func run(in unit: inout Unit) async throws -> (order: Order, isNew: Bool) {
    try check()
    guard let price = try await Stock.centsEach(of: item, in: &unit) else { throw OrderRefusal.unknownItem }
    let order = Order(id: id, customer: customer, item: item, quantity: quantity, cents: quantity * price)
    let inserted = try await unit.transaction.execute(
      "INSERT INTO orders (id, customer, item, quantity, cents) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING",
      [order.id, order.customer, order.item, "\(order.quantity)", "\(order.cents)"])
    guard inserted == 1 else {
      // It was asked for before: the answer is the same, and nothing has happened again.
      guard let found = try await Order.find(id, in: &unit.transaction), found.isWhat(self) else {
        throw OrderRefusal.otherOrder
      }
      return (found, false)
    }
    unit.raise(OrderPlaced(order: order))
    return (order, true)
  }
}

extension Order {
  static func find(_ id: String, in transaction: inout PostgresTransaction) async throws -> Order? {
    let rows = try await transaction.query(
      "SELECT customer, item, quantity, cents FROM orders WHERE id = $1", [id])
    guard let row = rows.first, let customer = row[0], let item = row[1], let quantity = row[2].flatMap({ Int($0) }),
      let cents = row[3].flatMap({ Int($0) })
    else { return nil }
    return Order(id: id, customer: customer, item: item, quantity: quantity, cents: cents)
  }
}
