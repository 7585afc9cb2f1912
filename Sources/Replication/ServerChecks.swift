// SPDX-License-Identifier: Apache-2.0

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
    let isStandby: Bool
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
    let isStandby = try scalar(server, "SELECT pg_catalog.pg_is_in_recovery()") == "t"
    try requireDecodingHere(serverVersion: server.serverVersion, isStandby: isStandby)
    let system = try identifySystem(server)
    // The slot first: it tells whether this is the right database.
    var confirmed = LSN.zero
    if !settings.createsTemporarySlot { confirmed = try checkSlot(server, settings, database: system.database) }
    for publication in settings.publications {
      try checkPublication(server, publication, settings, database: system.database)
    }
    let timeout = try scalar(
      server,
      "SELECT (extract(epoch FROM pg_catalog.current_setting('wal_sender_timeout')::pg_catalog.interval) * 1000)::int8")
    if settings.copiesSlot { try copySlot(server, settings) }
    if settings.createsTemporarySlot {
      try requireFreeSlot(server)
      _ = try server.query(
        "CREATE_REPLICATION_SLOT \(SQLName.quoted(settings.slot)) TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT",
        mayTakeLong: true)
      confirmed = try checkSlot(server, settings, database: system.database)
    }
    return Findings(
      system: system.identifier, timeline: system.timeline, history: try history(server, system.timeline),
      flushLSN: system.flush, isStandby: isStandby,
      database: system.database,
      walSenderTimeout: .milliseconds(max(0, Int(timeout) ?? 60_000)), confirmedFlush: confirmed)
  }

  /// Refuses a server whose log does not hold enough for logical decoding.
  package static func requireLogicalWAL(_ server: borrowing Connection) throws(Failure) {
    try check(walLevel: try scalar(server, "SHOW wal_level"), serverVersion: server.serverVersion)
  }

  /// From version 19 on the first logical slot raises what `replica` writes to the log by itself.
  package static func check(walLevel level: String, serverVersion: Int) throws(Failure) {
    guard level != "logical", level != "replica" || serverVersion < 190_000 else { return }
    throw Failure(.walLevel, "wal_level is \(level), but logical decoding needs logical")
  }

  /// Whether making the first logical slot changes what the server writes, which may take it a while.
  package static func raisesLevel(walLevel level: String, serverVersion: Int) -> Bool {
    level == "replica" && serverVersion >= 190_000
  }

  /// A standby can be read from only in later versions.
  package static func requireDecodingHere(serverVersion: Int, isStandby: Bool) throws(Failure) {
    guard isStandby, serverVersion < 160_000 else { return }
    throw Failure(
      .serverVersion, "the server is a standby, from which a slot can be read only from PostgreSQL 16 on",
      advice: "connect to the primary, with target_session_attrs=primary where several hosts are named")
  }

  /// Refuses a server whose slots are all taken.
  package static func requireFreeSlot(_ server: borrowing Connection) throws(Failure) {
    let row = try server.query(
      "SELECT count(*), pg_catalog.current_setting('max_replication_slots') FROM pg_catalog.pg_replication_slots"
    ).first
    guard let used = row?[0].flatMap({ Int($0) }), let most = row?[1].flatMap({ Int($0) }), used >= most else { return }
    throw noFreeSlot(of: most)
  }

  package static func noFreeSlot(of most: Int) -> Failure {
    Failure(
      .slotLimit, "all \(most) replication slots of the server are in use (max_replication_slots)",
      advice: "drop one that nobody needs, or ALTER SYSTEM SET max_replication_slots = \(most + 10); and restart the "
        + "server")
  }

  package static func identifySystem(
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
    _ server: borrowing Connection, _ name: String, _ settings: ReplicationSettings, database: String
  ) throws(Failure) {
    let found = try server.query(
      "SELECT 1 FROM pg_catalog.pg_publication WHERE pubname = \(SQLQuoting.literal(name))")
    guard found.isEmpty else { return }
    throw Failure(
      .publicationMissing, "publication \"\(name)\" does not exist in database \"\(database)\"",
      advice: try setupAdvice(server, settings, database), sqlState: "42704")
  }

  private static func checkSlot(
    _ server: borrowing Connection, _ settings: ReplicationSettings, database: String
  ) throws(Failure) -> LSN {
    let slot = settings.slot
    guard let facts = try SlotFacts.look(server, slot) else {
      throw Failure(
        .slotMissing, "replication slot \"\(slot)\" does not exist",
        advice: try setupAdvice(server, settings, database), sqlState: "42704")
    }
    if let fault = facts.fault(in: database) {
      // One that was made just now is ours; of one that others read a copy can be read.
      if case .inUse = fault, settings.createsTemporarySlot || settings.copiesSlot { return facts.confirmed ?? .zero }
      throw fault.failure(slot, in: database)
    }
    return facts.confirmed ?? .zero
  }

  /// What a temporary copy of the slot is called.
  static func copy(_ server: borrowing Connection) -> String { "tailrace_peek_\(server.backend)" }

  private static func copySlot(_ server: borrowing Connection, _ settings: ReplicationSettings) throws(Failure) {
    do throws(Failure) {
      try requireFreeSlot(server)
      _ = try server.query(
        "SELECT pg_catalog.pg_copy_logical_replication_slot(\(SQLQuoting.literal(settings.slot)), "
          + "\(SQLQuoting.literal(copy(server))), true)", mayTakeLong: true)
    } catch {
      guard error.kind == .slotLimit || error.sqlState == "53400" else { throw error }
      throw Failure(
        .slotCopy, "there is no free replication slot for a copy of \"\(settings.slot)\" (max_replication_slots)",
        sqlState: error.sqlState)
    }
  }

  /// The statement that takes a slot past what cannot be read through a publication that is younger.
  package static func advance(_ slot: String) -> String {
    "SELECT pg_catalog.pg_replication_slot_advance(\(SQLQuoting.literal(slot)), pg_catalog.pg_current_wal_lsn());"
  }

  /// Looking at tables here would make the server's process decode by their present shape, but it decodes nothing any more.
  private static func setupAdvice(
    _ server: borrowing Connection, _ settings: ReplicationSettings, _ database: String
  ) throws(Failure) -> Wording {
    let findings = try CatalogueQuery.findings(
      try server.query(
        CatalogueQuery.statement(
          TableQuestion(tables: settings.tables), publications: settings.publications,
          serverVersion: server.serverVersion)))
    let missing = settings.tables.indices.contains { findings.root($0) == nil }
    var names: [Wording.Setting] = [
      .init("publication", settings.publications[0]), .init("slot", settings.slot),
    ]
    names += settings.tables.map { .init("table", "\($0)") } + (missing ? [.init("create-table")] : [])
    if settings.wantsSnapshot { names.append(.init("snapshot")) }
    return "make it in database \"\(database)\", if that is the right one, with \(command: "setup", names)"
  }

  private static func scalar(_ server: borrowing Connection, _ sql: String) throws(Failure) -> String {
    guard let value = try server.query(sql).first?.first.flatMap({ $0 }) else {
      throw Failure(.internal, "the server did not answer: \(sql)")
    }
    return value
  }
}
