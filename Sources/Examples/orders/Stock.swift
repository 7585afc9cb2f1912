// SPDX-License-Identifier: Apache-2.0

import DomainEvents
import PostgresSession

/// A second aggregate: it knows nothing of HTTP, and orders know nothing of it. It reacts to what they tell.
enum Stock {
  static func centsEach(of item: String, in unit: inout Unit) async throws -> Int? {
    let rows = try await unit.transaction.query("SELECT cents FROM items WHERE item = $1", [item])
    return rows.first?.first.flatMap { $0 }.flatMap { Int($0) }
  }

  /// Takes the pieces of an order. Where there are too few left it throws, and the order is undone with it.
  static func reserve(for order: Order, in unit: inout Unit) async throws {
    let rows = try await unit.transaction.query(
      "UPDATE items SET pieces = pieces - $2::int WHERE item = $1 AND pieces >= $2::int RETURNING pieces",
      [order.item, "\(order.quantity)"])
    guard let left = rows.first?.first else { throw OrderRefusal.soldOut }
    if left == "0" { unit.raise(ItemSoldOut(item: order.item)) }
  }
}

/// The last piece of an item is sold.
struct ItemSoldOut: DomainEvent {
  let item: String
}
