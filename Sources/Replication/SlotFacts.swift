// SPDX-License-Identifier: Apache-2.0

package import PostgresClient
package import PostgresWire

/// What a server says of a replication slot.
///
/// Source: PostgreSQL manual, view pg_replication_slots.
package struct SlotFacts: Hashable, Sendable {
  /// The decoder; nil for a physical slot.
  package var plugin: String?
  /// The database whose changes it has; nil for a physical slot.
  package var database: String?
  /// `reserved`, `extended`, `unreserved` or `lost`.
  package var walStatus: String?
  /// Up to where a client has confirmed; nil before the slot is made whole.
  package var confirmed: LSN?
  /// Whether a client has it.
  package var isActive = false
  /// The server's process for that client.
  package var process: String?
  /// Whether it goes with its connection.
  package var isTemporary = false
  /// From where on log is kept for it.
  package var restart: LSN?
  /// How much may be written before it is lost; nil for no limit.
  package var safeBytes: Int64?
  /// The oldest transaction whose catalogue it needs.
  package var catalogueXmin: UInt32?
  /// Whether it sends transactions when they are prepared.
  package var isTwoPhase = false
  /// Whether it follows a failover.
  package var followsFailover = false
  /// Whether it is a standby's copy of the primary's.
  package var isSynchronized = false
  /// Why it was lost, where the server tells.
  package var invalidationReason: String?
  /// For how many seconds nobody has had it.
  package var idleSeconds: Double?

  package init() {}

  /// The statement whose row it is read from; no row when there is no such slot.
  package static func question(_ slot: String, serverVersion version: Int) -> String {
    let failover =
      version >= 170_000
      ? "failover, synced, invalidation_reason, extract(epoch FROM pg_catalog.clock_timestamp() - inactive_since)"
      : "false, false, NULL, NULL"
    return "SELECT plugin, database, wal_status, confirmed_flush_lsn, active, active_pid, temporary, restart_lsn, "
      + "safe_wal_size, catalog_xmin, \(version >= 140_000 ? "two_phase" : "false"), \(failover) "
      + "FROM pg_catalog.pg_replication_slots WHERE slot_name = \(SQLQuoting.literal(slot))"
  }

  package init(_ row: SQLRow) {
    (plugin, database, walStatus) = (row[0], row[1], row[2])
    confirmed = row[3].flatMap { LSN($0) }
    (isActive, process, isTemporary) = (row[4] == "t", row[5], row[6] == "t")
    restart = row[7].flatMap { LSN($0) }
    safeBytes = row[8].flatMap { Int64($0) }
    catalogueXmin = row[9].flatMap { UInt32($0) }
    (isTwoPhase, followsFailover, isSynchronized) = (row[10] == "t", row[11] == "t", row[12] == "t")
    invalidationReason = row[13]
    idleSeconds = row[14].flatMap { Double($0) }
  }

  /// Asks; nil when there is no such slot.
  package static func look(_ server: borrowing Connection, _ slot: String) throws(Failure) -> SlotFacts? {
    try server.query(question(slot, serverVersion: server.serverVersion)).first.map { SlotFacts($0) }
  }
}

/// Why a slot cannot be read from.
package enum SlotFault: Hashable, Sendable {
  /// It is another program's; nil for a physical one.
  case plugin(String?)
  /// It has another database's changes.
  case database(String?)
  /// The server has removed log that it needed, since its last position.
  case lost(since: LSN?)
  /// It has no position yet; nil when nobody is making it any more.
  case halfMade(by: String?)
  /// A client has it, through that process of the server.
  case inUse(by: String?)
}

extension SlotFacts {
  /// What keeps a stream of a database from reading it, the worst first; nil when nothing does.
  package func fault(in database: String) -> SlotFault? {
    if plugin != "pgoutput" { return .plugin(plugin) }
    if self.database != database { return .database(self.database) }
    if walStatus == "lost" { return .lost(since: confirmed) }
    if confirmed == nil { return .halfMade(by: process) }
    return isActive ? .inUse(by: process) : nil
  }
}

extension SlotFault {
  /// What a stream says of it.
  package func failure(_ slot: String, in database: String) -> Failure {
    switch self {
    case .plugin(let plugin):
      return Failure(
        .slotForeign, "slot \"\(slot)\" uses \(plugin ?? "physical replication"), not the pgoutput plugin",
        advice: "name another slot with \(setting: "slot")")
    case .database(let other):
      return Failure(
        .slotForeign, "slot \"\(slot)\" belongs to database \(other ?? "?"), not to \(database)",
        advice: "connect to that database, or name another slot with \(setting: "slot")")
    case .lost(let lsn):
      return Failure(
        .slotLost, "slot \"\(slot)\" has been invalidated: the server removed WAL that it still needed",
        advice: Self.lostAdvice(since: lsn), sqlState: "55000")
    case .halfMade(let process): return Self.halfMade(slot, by: process)
    case .inUse(let process):
      return Failure(
        .slotInUse, "replication slot \"\(slot)\" is active for PID \(process ?? "?")", sqlState: "55006")
    }
  }

  /// What can be done about a slot that has been invalidated.
  package static func lostAdvice(since lsn: LSN?) -> Wording {
    "events since \(lsn.map { "\($0)" } ?? "its last position") cannot be read from it any more; \(command: "teardown"); "
      + "\(command: "setup"); send those whose rows are still in the outbox table with "
      + "\(command: "redeliver", [.init("since", "TIME")]); then go on once with \(setting: "accept-gap")"
  }

  /// A slot is there as soon as it is begun, but has no position before all transactions of that time have ended.
  package static func halfMade(
    _ slot: String, by process: String?, then command: String = "setup", takesSnapshot: Bool = false
  ) -> Failure {
    let what: Wording = "replication slot \"\(slot)\" is only half made"
    guard let process else {
      return Failure(
        .slotMissing, what, advice: "SELECT pg_catalog.pg_drop_replication_slot(\(SQLQuoting.literal(slot)));")
    }
    return Failure(
      .slotMissing, what + ": PID \(process) waits for the transactions that were open when it began",
      advice:
        "wait for that, or SELECT pg_catalog.pg_terminate_backend(\(process)); and then \(command: command, takesSnapshot ? [.init("snapshot")] : [])"
    )
  }
}
