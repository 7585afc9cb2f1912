// SPDX-License-Identifier: Apache-2.0

import Inbox

/// What the service keeps. The outbox is not here: `tailrace setup --create-table` makes it.
enum Tables {
  static let statements = [
    "CREATE TABLE IF NOT EXISTS items (item text PRIMARY KEY, cents bigint NOT NULL, pieces int NOT NULL)",
    """
    CREATE TABLE IF NOT EXISTS orders (id text PRIMARY KEY, customer text NOT NULL, item text NOT NULL REFERENCES items,
      quantity int NOT NULL, cents bigint NOT NULL)
    """,
    """
    CREATE TABLE IF NOT EXISTS customer_totals (customer text PRIMARY KEY, orders bigint NOT NULL, cents bigint NOT NULL)
    """,
    // No constraint keeps an order from being shipped twice: that is the inbox's work.
    "CREATE TABLE IF NOT EXISTS shipments (number bigserial PRIMARY KEY, order_id text NOT NULL)",
  ]

  static func all() throws -> [String] { statements + (try OwnInbox.make().creation) }
}
