// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// Up to where rows are known to have been delivered, by the numbers of the transactions that wrote them.
struct PruneProof: Sendable {
  /// A lower number had ended before a position that the slot has confirmed.
  let delivered: UInt64
  /// A number from here on was given when the slot was there; nil where that does not matter.
  let start: UInt64?
  /// The same by the clock, for a row that was changed later has the number of its change.
  let startTime: String?
}

extension Pruner {
  /// Finds the proof: notes where the log ends now, and takes the newest mark that the slot has confirmed.
  func proof() throws(Failure) -> PruneProof {
    let name = SQLName.inStatement(marks)
    let start = try startMark()
    let noted: SQLRow?
    do throws(Failure) {
      noted = try queryMarks(
        isWritten: !request.dryRun,
        request.dryRun
          ? "SELECT pg_catalog.pg_current_wal_insert_lsn(), NULL, pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())"
          : PruneMarks.note(marks, request.slot)
            + " RETURNING position, number, pg_catalog.pg_snapshot_xmin(snapshot)"
      ).first
    } catch {
      throw explained(error)
    }
    guard let position = noted?[0].flatMap({ LSN($0) }), let xmin = noted?[2].flatMap({ UInt64($0) }) else {
      throw Failure(.internal, "the server's answer about its log makes no sense")
    }
    let found = try settled(position, xmin)
    if let number = found.number, !request.dryRun {
      // Those before the one that counts tell nothing more.
      _ = try queryMarks(
        isWritten: true,
        "DELETE FROM \(name) WHERE NOT is_start AND slot = $1 AND number < $2::pg_catalog.int8", [request.slot, number])
    }
    return PruneProof(
      delivered: found.xmin, start: request.beforeSlot ? nil : start.xmax,
      startTime: request.beforeSlot ? nil : start.time)
  }

  /// Asks the table of marks, or writes to it.
  private func queryMarks(
    isWritten: Bool = false, _ sql: String, _ parameters: [String?] = []
  ) throws(Failure) -> [SQLRow] {
    try session.transaction { (transaction) throws(Failure) in
      try transaction.trust(marks, isWritten: isWritten)
      return try transaction.query(sql, parameters)
    }
  }

  /// What is known of the slot's beginning.
  private func startMark() throws(Failure) -> (xmax: UInt64, time: String) {
    let rows: [SQLRow]
    do throws(Failure) {
      rows = try queryMarks(
        """
        SELECT pg_catalog.pg_snapshot_xmax(m.snapshot), m.noted_at, \
        m.system = (SELECT system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system()), \
        (SELECT pg_catalog.max(o.streamed) FROM \(SQLName.inStatement(marks)) o WHERE o.slot = m.slot) \
        <= \(PruneMarks.streamed(request.slot)) FROM \(SQLName.inStatement(marks)) m \
        WHERE m.is_start AND m.slot = $1 AND m.outbox = $2 ORDER BY m.number DESC LIMIT 1
        """, [request.slot, "\(request.table)"])
    } catch {
      throw explained(error)
    }
    let setup: Wording =
      "\(command: "setup", [.init("slot", request.slot), .init("table", "\(request.table)"), .init("prunable")])"
    let way: Wording =
      "note it now with " + setup + ", from when on rows can be pruned; \(setting: "before-slot") prunes older ones too"
    guard let row = rows.first, let xmax = row[0].flatMap({ UInt64($0) }), let time = row[1] else {
      // That a slot has confirmed what follows a row tells nothing where it does not bring the row's table.
      throw Failure(
        .settings,
        "nobody has noted when slot \"\(request.slot)\" began to bring \(request.table), so rows may be older",
        advice: way)
    }
    guard row[2] == "t", row[3] == "t" else {
      throw Failure(
        .settings,
        "slot \"\(request.slot)\" may be another one than was noted: it was made anew, or a crash has taken the server's counts",
        advice:
          "forget what was noted with \(sql: "DELETE FROM \(SQLName.inStatement(marks)) WHERE slot = \(SQLName.shown(value: request.slot));") then "
          + way)
    }
    return (xmax, time)
  }

  /// Waits until the slot has confirmed a position, and gives the newest mark that it has confirmed by then.
  private func settled(_ position: LSN, _ xmin: UInt64) throws(Failure) -> (xmin: UInt64, number: String?) {
    let deadline = ContinuousClock.now + request.wait
    var isTold = false
    var look = try slot()
    while look < position, .now < deadline, !isCancelled() {
      if !isTold { tell("waits for slot \(request.slot) to confirm \(position); it has \(look)") }
      isTold = true
      pause(.milliseconds(100))
      look = try slot()
    }
    let row = try queryMarks(
      "SELECT pg_catalog.pg_snapshot_xmin(snapshot), number, noted_at FROM \(SQLName.inStatement(marks)) "
        + "WHERE slot = $1 AND position <= $2::pg_catalog.pg_lsn AND (NOT is_start OR $3::pg_catalog.bool) "
        + "ORDER BY number DESC LIMIT 1",
      // Of what is younger than the slot, its start proves nothing.
      [request.slot, "\(look)", "\(request.beforeSlot)"]
    ).first
    if look >= position { return (xmin, row?[1]) }
    guard let xmin = row?[0].flatMap({ UInt64($0) }) else {
      throw Failure(
        .slotUnread, "slot \"\(request.slot)\" has confirmed only \(look), and nothing is noted before that",
        advice: "see that its relay runs and delivers, and try again")
    }
    tell("slot \(request.slot) has confirmed only \(look); goes by what was noted at \(row?[2] ?? "?")")
    return (xmin, row?[1])
  }

  /// How far the slot has confirmed.
  private func slot() throws(Failure) -> LSN {
    let row = try session.query(
      "SELECT confirmed_flush_lsn, wal_status, plugin, database = pg_catalog.current_database() "
        + "FROM pg_catalog.pg_replication_slots WHERE slot_name = $1", [request.slot]
    ).first
    guard let row, row[2] == "pgoutput", row[3] == "t" else {
      throw Failure(
        .slotMissing, "there is no slot \"\(request.slot)\" for this database",
        advice: "name the one of the relay with \(setting: "slot")", sqlState: "42704")
    }
    guard let confirmed = row[0].flatMap({ LSN($0) }) else {
      throw Failure(.slotMissing, "slot \"\(request.slot)\" is only half made", advice: "wait for that")
    }
    if row[1] == "lost" {
      throw Failure(
        .slotLost, "slot \"\(request.slot)\" is lost: what it has not confirmed is only in the table",
        advice: "make it anew, and deliver the gap with \(command: "redeliver")")
    }
    return confirmed
  }
}
