// SPDX-License-Identifier: Apache-2.0

import PostgresSession

/// The read model: how much each customer has ordered, so that nobody has to add it up.
struct CustomerTotal: Codable, Sendable {
  let customer: String
  let orders: Int
  let cents: Int

  static func add(_ order: Order, in transaction: inout PostgresTransaction) async throws {
    try await transaction.execute(
      """
      INSERT INTO customer_totals AS t (customer, orders, cents) VALUES ($1, 1, $2)
      ON CONFLICT (customer) DO UPDATE SET orders = t.orders + 1, cents = t.cents + excluded.cents
      """, [order.customer, "\(order.cents)"])
  }

  static func find(_ customer: String, in transaction: inout PostgresTransaction) async throws -> CustomerTotal? {
    let rows = try await transaction.query(
      "SELECT orders, cents FROM customer_totals WHERE customer = $1", [customer])
    guard let row = rows.first, let orders = row[0].flatMap({ Int($0) }), let cents = row[1].flatMap({ Int($0) }) else {
      return nil
    }
    return CustomerTotal(customer: customer, orders: orders, cents: cents)
  }
}
