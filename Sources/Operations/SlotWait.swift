// SPDX-License-Identifier: Apache-2.0

import Glibc
import PostgresClient
import PostgresWire
import Synchronization

/// Looks what the making of a slot waits for, over a connection of its own.
final class SlotWait: Sendable {
  private struct State {
    var backend: Int32?
    var next = ContinuousClock.now
    var told = ""
  }

  /// After how long it is said that something is waited for, and how often it is looked again.
  private static let patience: Duration = .seconds(2)

  private let state = Mutex(State())
  private let database: String
  private let onWait: @Sendable (Wording) -> Void

  init(_ database: String, _ onWait: @escaping @Sendable (Wording) -> Void) {
    (self.database, self.onWait) = (database, onWait)
  }

  /// Tells of something else that is waited for.
  func tell(_ words: Wording) { onWait(words) }

  /// The process begins to make a slot.
  func begin(_ backend: Int32) { state.withLock { $0 = State(backend: backend, next: .now + Self.patience) } }

  func end() { state.withLock { $0.backend = nil } }

  /// To be called again and again while it is waited. Tells each thing once.
  func look() {
    let backend = state.withLock { state -> Int32? in
      guard let backend = state.backend, state.next <= .now else { return nil }
      state.next = .now + Self.patience
      return backend
    }
    guard let backend, let words = try? found(backend), !words.isEmpty else { return }
    let isNew = state.withLock { state in
      defer { state.told = words }
      return state.told != words
    }
    if isNew { onWait("waits for \(words)") }
  }

  /// The transactions that are older than what a process does now, each with the statement that ends it; on a standby what its
  /// primary has to do.
  private func found(_ backend: Int32) throws(Failure) -> String {
    let session = SQLSession(database: database, timeLimit: .seconds(5))
    let rows = try session.query(
      """
      SELECT pg_catalog.format('PID %s (%s, %s), SELECT pg_catalog.pg_terminate_backend(%1$s);', a.pid,
          coalesce(nullif(pg_catalog.concat_ws(' ', a.usename, nullif(a.application_name, '')), ''), '?'),
          coalesce(a.state, '?')), NULL
        FROM pg_catalog.pg_stat_activity a WHERE a.pid <> $1::int4 AND (a.pid = ANY (pg_catalog.pg_blocking_pids($1::int4))
          OR a.backend_xid IS NOT NULL AND a.xact_start <
            (SELECT o.query_start FROM pg_catalog.pg_stat_activity o WHERE o.pid = $1::int4))
      UNION ALL
      SELECT pg_catalog.format('prepared transaction in database %s, ROLLBACK PREPARED ', p.database), p.gid
        FROM pg_catalog.pg_prepared_xacts p WHERE p.prepared <
          (SELECT o.query_start FROM pg_catalog.pg_stat_activity o WHERE o.pid = $1::int4)
      ORDER BY 1 LIMIT 10
      """, [String(backend)])
    let found = rows.map { row in (row[0] ?? "?") + (row[1].map { "\(SQLName.shown(value: $0));" } ?? "") }
    if !found.isEmpty { return "transactions that were open before: \(found.joined(separator: " "))" }
    guard try session.query("SELECT pg_catalog.pg_is_in_recovery()").first?.first == "t" else { return "" }
    return "the primary to say what is under way there, which it does now and then, and at SELECT "
      + "pg_catalog.pg_log_standby_snapshot();"
  }

  /// Has the server give up what a process does.
  func giveUp(_ backend: Int32) {
    _ = try? SQLSession(database: database, timeLimit: .seconds(5))
      .query("SELECT pg_catalog.pg_cancel_backend($1::pg_catalog.int4)", [String(backend)])
  }

  /// Whether a slot that was given up is gone, for which the server needs a moment.
  func isGone(_ slot: String) -> Bool {
    let session = SQLSession(database: database, timeLimit: .seconds(5))
    let deadline = ContinuousClock.now + .seconds(5)
    repeat {
      let rows = try? session.query("SELECT FROM pg_catalog.pg_replication_slots WHERE slot_name = $1", [slot])
      if let rows, rows.isEmpty { return true }
      usleep(100_000)
    } while ContinuousClock.now < deadline
    return false
  }
}
