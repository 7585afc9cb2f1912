// SPDX-License-Identifier: Apache-2.0

import Inbox
import PostgresSession

/// What the service keeps. The outbox is not here: `tailrace setup --create-table` makes it.
enum Tables {
  static let statements = [
    "CREATE TABLE IF NOT EXISTS items (item text PRIMARY KEY, cents int NOT NULL, pieces int NOT NULL)",
    """
    CREATE TABLE IF NOT EXISTS orders (id text PRIMARY KEY, customer text NOT NULL, item text NOT NULL REFERENCES items,
      quantity int NOT NULL, cents int NOT NULL)
    """,
    """
    CREATE TABLE IF NOT EXISTS customer_totals (customer text PRIMARY KEY, orders bigint NOT NULL, cents bigint NOT NULL)
    """,
    // No constraint keeps an order from being shipped twice: that is the inbox's work.
    "CREATE TABLE IF NOT EXISTS shipments (number bigserial PRIMARY KEY, order_id text NOT NULL)",
  ]

  /// Makes what is not there, all or nothing.
  static func make(_ session: PostgresSession) async throws {
    let all = statements + (try OwnInbox.make().creation)
    try await session.transaction { transaction in
      for statement in all { try await transaction.execute(statement) }
    }
  }
}
