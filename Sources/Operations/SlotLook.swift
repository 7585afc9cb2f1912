// SPDX-License-Identifier: Apache-2.0

import PostgresClient
package import PostgresWire
import Replication
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
  /// Whose changes are asked for.
  var database = ""
  /// The slot; nil where there is none.
  var facts: SlotFacts? = SlotFacts()
  package var walsender: Walsender?

  package init(end: LSN, serverTime: Double) {
    (self.end, self.serverTime) = (end, serverTime)
  }

  package var exists: Bool { facts != nil }
  package var confirmed: LSN? { facts?.confirmed }
  /// `reserved`, `extended`, `unreserved` or `lost`.
  package var walStatus: String? {
    get { facts?.walStatus }
    set { facts?.walStatus = newValue }
  }
  /// Why the server has given the slot up, where it says so.
  package var invalidation: String? { facts?.invalidationReason }
  /// How much more may be written before the slot may be lost; nil where there is no limit.
  package var safeSize: Int64? { facts?.safeBytes }
  /// For how many seconds nobody has read from it; where the server keeps that.
  package var idleSeconds: Double? { facts?.idleSeconds }

  /// How much log the server keeps for the slot.
  package var held: UInt64? { facts?.restart.map { end.rawValue &- min(end.rawValue, $0.rawValue) } }

  /// Whether the slot cannot be read from any more.
  package var isLost: Bool { walStatus == "lost" || invalidation != nil }

  /// Why it is none that a relay could read from, now or ever, and whether it is on the way to be one.
  package func trouble(of slot: String) -> (words: String, isBeingMade: Bool)? {
    switch facts?.fault(in: database) {
    case .halfMade(.some(let process)):
      ("the slot is only half made: PID \(process) waits for transactions that were open when it began", true)
    case .inUse, nil: nil
    case .some(let fault): ("\(fault.failure(slot, in: database).what)", false)
    }
  }
}

/// Looks after a slot again and again, over a connection of its own.
///
/// It is a replication connection, because a server that shuts down waits for others to end by themselves.
package final class SlotWatch: Sendable {
  private let session: SQLSession
  /// Which one.
  package let slot: String
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
    look.database = row[2] ?? ""
    look.walsender = row[3].flatMap { Int($0) }.map { process in
      .init(process: process, sent: row[4].flatMap { LSN($0) }, wait: row[5], lag: row[6].flatMap { Double($0) })
    }
    look.facts = row[7] == nil ? nil : SlotFacts(SQLRow(Array(row.dropFirst(8))))
    return look
  }

  /// What is of the slot stands as `SlotFacts` reads it; columns that only later versions have are taken from the row as JSON.
  private var statement: String {
    """
    SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
      ELSE pg_catalog.pg_current_wal_flush_lsn() END,
      pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()),
      pg_catalog.current_database(), s.active_pid, r.sent_lsn, a.wait_event,
      pg_catalog.date_part('epoch', r.flush_lag), s.slot_name,
      s.plugin, s.database, s.wal_status, s.confirmed_flush_lsn, s.active, s.active_pid, s.temporary, s.restart_lsn,
      s.safe_wal_size, s.catalog_xmin, (j.slot ->> 'two_phase')::bool, (j.slot ->> 'failover')::bool,
      (j.slot ->> 'synced')::bool, j.slot ->> 'invalidation_reason',
      pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - (j.slot ->> 'inactive_since')::timestamptz)
    FROM (SELECT 1) AS one
    LEFT JOIN pg_catalog.pg_replication_slots AS s ON s.slot_name = \(SQLQuoting.literal(slot))
    LEFT JOIN LATERAL (SELECT pg_catalog.to_jsonb(s)) AS j (slot) ON true
    LEFT JOIN pg_catalog.pg_stat_replication AS r ON r.pid = s.active_pid
    LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = s.active_pid
    """
  }
}
