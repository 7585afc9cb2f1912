package import PostgresClient
package import PostgresWire

/// What is asked of a server before a stream is opened, so that what is missing is named in words of the task.
package enum ServerChecks {
  /// The answers that opening the stream needs.
  struct Findings {
    let system: String
    let timeline: UInt32
    let history: TimelineHistory
    let flushLSN: LSN
    let database: String
    /// Zero for none.
    let walSenderTimeout: Duration
    let confirmedFlush: LSN
  }

  /// Runs on the replication connection that is to stream.
  static func run(
    _ server: borrowing Connection, _ settings: ReplicationSettings
  ) throws(Failure) -> Findings {
    try requireLogicalWAL(server)
    for publication in settings.publications { try checkPublication(server, publication, settings) }
    let system = try identifySystem(server)
    let timeout = try scalar(server, "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_sender_timeout'")
    if settings.createsTemporarySlot {
      _ = try server.query(
        "CREATE_REPLICATION_SLOT \(SQLQuoting.identifier(settings.slot)) TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT",
        mayTakeLong: true)
    }
    let confirmed = try checkSlot(server, settings, database: system.database)
    return Findings(
      system: system.identifier, timeline: system.timeline, history: try history(server, system.timeline),
      flushLSN: system.flush, database: system.database,
      walSenderTimeout: .milliseconds(Int(timeout) ?? 60_000), confirmedFlush: confirmed)
  }

  /// Refuses a server whose log does not hold enough for logical decoding.
  package static func requireLogicalWAL(_ server: borrowing Connection) throws(Failure) {
    let level = try scalar(server, "SHOW wal_level")
    guard level == "logical" else {
      throw Failure(
        .walLevel, "wal_level is \(level), but logical decoding needs logical")
    }
  }

  private static func identifySystem(
    _ server: borrowing Connection
  ) throws(Failure) -> (identifier: String, timeline: UInt32, flush: LSN, database: String) {
    let rows = try server.query("IDENTIFY_SYSTEM")
    guard let row = rows.first, row.count >= 4, let identifier = row[0], let timeline = row[1].flatMap(UInt32.init),
      let flush = row[2].flatMap(LSN.init), let database = row[3]
    else { throw Failure(.internal, "the server's answer to IDENTIFY_SYSTEM makes no sense") }
    return (identifier, timeline, flush, database)
  }

  /// The first timeline has no history.
  private static func history(
    _ server: borrowing Connection, _ timeline: UInt32
  ) throws(Failure) -> TimelineHistory {
    guard timeline > 1 else { return TimelineHistory() }
    let row = try server.query("TIMELINE_HISTORY \(timeline)").first
    guard let file = row?.dropFirst().first.flatMap({ $0 }),
      let history = TimelineHistory(file: file, current: timeline)
    else { throw Failure(.internal, "the server's answer to TIMELINE_HISTORY makes no sense") }
    return history
  }

  private static func checkPublication(
    _ server: borrowing Connection, _ name: String, _ settings: ReplicationSettings
  ) throws(Failure) {
    let found = try server.query(
      "SELECT 1 FROM pg_catalog.pg_publication WHERE pubname = \(SQLQuoting.literal(name))")
    guard found.isEmpty else { return }
    throw Failure(
      .publicationMissing, "publication \"\(name)\" does not exist", advice: setupAdvice(settings), sqlState: "42704")
  }

  private static func checkSlot(
    _ server: borrowing Connection, _ settings: ReplicationSettings, database: String
  ) throws(Failure) -> LSN {
    let slot = settings.slot
    let rows = try server.query(
      "SELECT plugin, database, wal_status, confirmed_flush_lsn, active, active_pid FROM pg_catalog.pg_replication_slots "
        + "WHERE slot_name = \(SQLQuoting.literal(slot))")
    guard let row = rows.first else {
      throw Failure(
        .slotMissing, "replication slot \"\(slot)\" does not exist",
        advice: setupAdvice(settings), sqlState: "42704")
    }
    guard row[0] == "pgoutput" else {
      throw Failure(
        .slotForeign, "slot \"\(slot)\" uses \(row[0] ?? "physical replication"), not the pgoutput plugin")
    }
    guard row[1] == database else {
      throw Failure(
        .slotForeign, "slot \"\(slot)\" belongs to database \(row[1] ?? "?"), not to \(database)",
        advice: "connect to that database or name another slot")
    }
    if row[2] == "lost" {
      throw Failure(
        .slotLost, "slot \"\(slot)\" has been invalidated: the server removed WAL that it still needed",
        advice: "events since \(row[3] ?? "its last position") cannot be read from it any more; recover them from the "
          + "outbox table, then \(command: "teardown") and \(command: "setup")", sqlState: "55000")
    }
    if row[4] == "t", !settings.createsTemporarySlot {
      throw Failure(
        .slotInUse, "replication slot \"\(slot)\" is active for PID \(row[5] ?? "?")",
        sqlState: "55006")
    }
    return row[3].flatMap(LSN.init) ?? .zero
  }

  private static func setupAdvice(_ settings: ReplicationSettings) -> Wording {
    let names: [Wording.Setting] = [
      .init("publication", settings.publications[0]), .init("slot", settings.slot),
    ]
    return "make it with \(command: "setup", names + settings.tables.map { .init("table", "\($0)") })"
  }

  private static func scalar(_ server: borrowing Connection, _ sql: String) throws(Failure) -> String {
    guard let value = try server.query(sql).first?.first.flatMap({ $0 }) else {
      throw Failure(.internal, "the server did not answer: \(sql)")
    }
    return value
  }
}
