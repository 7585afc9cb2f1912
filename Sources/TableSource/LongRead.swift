// SPDX-License-Identifier: Apache-2.0

import PostgresWire

/// What is said of a read that takes long.
enum LongRead {
  static func words(_ what: Wording, _ waited: Duration) -> Wording {
    what
      + " has taken \(waited.components.seconds) s so far; another session may have locked the table: \(sql: "SELECT pid, query FROM pg_stat_activity WHERE pid = ANY (SELECT unnest(pg_blocking_pids(pid)) FROM pg_stat_activity WHERE application_name = 'tailrace');")"
  }
}
