// SPDX-License-Identifier: Apache-2.0

import PostgresClient
package import PostgresWire
import Synchronization

/// What a server says of a slot and of whoever reads from it, at one moment.
package struct SlotLook: Hashable, Sendable {
  /// The process that serves the slot.
  package struct Walsender: Hashable, Sendable {
    package var process: Int
    /// How far it has read the log and sent what there was; nil where our role may not see it.
    package var sent: LSN?
    /// What it waits for, such as `WalSenderWaitForWAL`; nil while it works.
    package var wait: String?
    /// How long ago what is confirmed now was written, by the server's account, in seconds.
    package var lag: Double?

    package init(process: Int, sent: LSN?, wait: String?, lag: Double?) {
      (self.process, self.sent, self.wait, self.lag) = (process, sent, wait, lag)
    }
  }

  /// The end of the log that can be read, and when that was by the server's clock, in seconds since 1970.
  package var end: LSN
  package var serverTime: Double
  /// Whether there is such a slot; nothing that follows is known of one that is not there.
  package var exists = true
  package var confirmed: LSN?
  package var restart: LSN?
  /// `reserved`, `extended`, `unreserved` or `lost`.
  package var walStatus: String?
  /// Why the server has given the slot up, where it says so.
  package var invalidation: String?
  /// How much more may be written before the slot may be lost; nil where there is no limit.
  package var safeSize: Int64?
  /// Since when nobody reads from it, in seconds since 1970; where the server keeps that.
  package var inactiveSince: Double?
  package var walsender: Walsender?

  package init(end: LSN, serverTime: Double) {
    (self.end, self.serverTime) = (end, serverTime)
  }

  /// How much log the server keeps for the slot.
  package var held: UInt64? { restart.map { end.rawValue &- min(end.rawValue, $0.rawValue) } }

  /// Whether the slot cannot be read from any more.
  package var isLost: Bool { exists && walStatus == "lost" || invalidation != nil }
}

/// Looks after a slot again and again, over a connection of its own.
///
/// It is a replication connection, because a server that shuts down waits for others to end by themselves.
package final class SlotWatch: Sendable {
  private let session: SQLSession
  private let slot: String
  private let patience: Patience

  /// How long a look may take.
  private final class Patience: Sendable {
    private let deadline = Mutex(ContinuousClock.now)
    private let limit: Duration

    init(_ limit: Duration) { self.limit = limit }

    func renew() { deadline.withLock { $0 = .now + limit } }
    var isOver: Bool { deadline.withLock { ContinuousClock.now >= $0 } }
  }

  /// Watches a slot of the database that a connection string names.
  ///
  /// - Parameter limit: how long a look may take.
  package init(database: String, slot: String, within limit: Duration = .seconds(5)) {
    let patience = Patience(limit)
    self.slot = slot
    self.patience = patience
    session = SQLSession(database: database, for: .replication, isCancelled: { patience.isOver })
  }

  /// Looks; blocks until the server has answered.
  package func look() throws(Failure) -> SlotLook {
    patience.renew()
    guard let row = try session.query(statement).first, let end = row[0].flatMap({ LSN($0) }),
      let time = row[1].flatMap({ Double($0) })
    else { throw Failure(.internal, "the server's answer about its slots makes no sense") }
    var look = SlotLook(end: end, serverTime: time)
    look.exists = row[2] != nil
    look.confirmed = row[3].flatMap { LSN($0) }
    look.restart = row[4].flatMap { LSN($0) }
    look.walStatus = row[5]
    look.safeSize = row[6].flatMap { Int64($0) }
    look.inactiveSince = row[7].flatMap { Double($0) }
    look.invalidation = row[8]
    look.walsender = row[9].flatMap { Int($0) }.map { process in
      .init(
        process: process, sent: row[10].flatMap { LSN($0) }, wait: row[11], lag: row[12].flatMap { Double($0) })
    }
    return look
  }

  /// Columns that only later versions have are taken from the row as JSON.
  private var statement: String {
    """
    SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
      ELSE pg_catalog.pg_current_wal_flush_lsn() END,
      pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()),
      s.slot_name, s.confirmed_flush_lsn, s.restart_lsn, s.wal_status, s.safe_wal_size,
      pg_catalog.date_part('epoch', (pg_catalog.to_jsonb(s) ->> 'inactive_since')::timestamptz),
      pg_catalog.to_jsonb(s) ->> 'invalidation_reason',
      s.active_pid, r.sent_lsn, a.wait_event, pg_catalog.date_part('epoch', r.flush_lag)
    FROM (SELECT 1) AS one
    LEFT JOIN pg_catalog.pg_replication_slots AS s ON s.slot_name = \(SQLQuoting.literal(slot))
    LEFT JOIN pg_catalog.pg_stat_replication AS r ON r.pid = s.active_pid
    LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = s.active_pid
    """
  }
}
