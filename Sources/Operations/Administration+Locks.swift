// SPDX-License-Identifier: Apache-2.0

import Glibc
import PostgresClient
import PostgresWire

/// Steps that need a table's lock. Whoever wants the table after a step that waits for it waits behind that step, so it waits only a
/// moment at once, and lets the others pass.
extension Administration {
  private static let lockLimit = "1s"
  private static let pause: Duration = .seconds(1)

  /// Runs a statement that locks a table, again and again until it has the lock.
  func run(_ sql: String, locking table: TableName) throws(Failure) {
    let began = ContinuousClock.now
    var reminder: Duration = .zero
    while true {
      do throws(Failure) {
        _ = try server.query("SET lock_timeout = '\(Self.lockLimit)'")
        _ = try server.query(sql)
        _ = try server.query("SET lock_timeout = 0")
        return
      } catch {
        guard error.sqlState == "55P03" else { throw error }
      }
      if case let waited = .now - began, waited >= reminder {
        reminder = min(max(waited, .seconds(2)) * 4, waited + .seconds(600))
        wait.tell(
          "waits for a lock on \(table), which \(try holders(of: table, besidesReaders: !sql.hasPrefix("ALTER")) ?? "another") has; it is tried again each second, and others may write meanwhile"
        )
      }
      let next = ContinuousClock.now + Self.pause
      while .now < next {
        guard !isCancelled() else {
          throw Failure(
            .connection, "stopped while it waited for a lock on \(table)", advice: "go on with \(command: "setup")")
        }
        usleep(50_000)
      }
    }
  }

  /// Who has locks on a table that are in the way, each with the statement that ends it.
  private func holders(of table: TableName, besidesReaders: Bool) throws(Failure) -> String? {
    let reading = besidesReaders ? "AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')" : ""
    let rows = try server.query(
      """
      SELECT DISTINCT CASE WHEN l.pid IS NULL THEN 'a prepared transaction' ELSE pg_catalog.format(\
      'PID %s (%s, %s), SELECT pg_catalog.pg_terminate_backend(%1$s);', l.pid, coalesce(nullif(pg_catalog.concat_ws(' ', \
      a.usename, nullif(a.application_name, '')), ''), '?'), coalesce(a.state, '?')) END \
      FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
      WHERE l.locktype = 'relation' AND l.granted AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() \(reading) \
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()) \
      AND l.relation IN (SELECT $1::pg_catalog.regclass::pg_catalog.oid UNION \
      SELECT t.relid FROM pg_catalog.pg_partition_tree($1::pg_catalog.regclass) t) ORDER BY 1 LIMIT 10
      """, [SQLName.quoted(table)])
    let found = rows.compactMap { $0[0] }
    return found.isEmpty ? nil : found.joined(separator: " ")
  }
}
