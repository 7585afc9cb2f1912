// SPDX-License-Identifier: Apache-2.0

import PostgresClient
public import PostgresWire
import Replication

/// Makes and removes what a stream needs on the server: outbox table, publication, slot.
///
/// Each step leaves alone what is there and right, and refuses what is there and different.
public struct Administration: ~Copyable {
  /// What is wanted.
  public struct Plan: Sendable {
    /// The publication.
    public var publication: String
    /// The replication slot.
    public var slot: String
    /// The outbox tables.
    public var tables: [TableName]
    /// Make tables that are missing. Default: no.
    public var createsTables = false
    /// Tables that are made are partitioned by the days of their rows, and partitions ahead are made. Default: no.
    public var isByDay = false
    /// Make a slot that follows a failover (PostgreSQL 17 and later). Default: no.
    public var failover = false
    /// Which columns have to be published, and whether rows may be left out. Default: nothing is needed.
    public var needs = PublishingNeeds()
    /// Only prove that a slot can be made. Default: no.
    public var isTemporary = false
    /// Keep which transactions had ended where the slot begins. Default: no.
    public var takesSnapshot = false

    /// Makes a plan with the defaults.
    public init(publication: String, slot: String, tables: [TableName]) {
      self.publication = publication
      self.slot = slot
      self.tables = tables
    }
  }

  /// One thing to do or left alone.
  public struct Step: Hashable, Sendable {
    /// What it is about, such as `publication orders`.
    public let subject: String
    /// The statement that makes or removes it; nil when there is nothing to do.
    public let sql: String?
    /// Why it is left as it is although it is there; nil where there is just nothing to do.
    public var left: Wording?
    /// The slot that it makes.
    var madeSlot: String?
    /// Of which outboxes it notes what they hold where the slot begins.
    var snapshotOutboxes: [TableName] = []
    var isFailover = false
    /// The table whose rows it removes, of which it is looked first whose triggers those would run.
    var cleared: TableName?
    /// The table that it locks, for whose lock it waits only a moment at once.
    var locked: TableName?
    /// Whether it makes the column by which rows are ordered.
    var makesOrder = false
    /// Whether it makes a schema.
    var makesSchema = false
  }

  let server: Connection
  let database: String
  let isCancelled: @Sendable () -> Bool
  let wait: SlotWait

  /// Connects.
  ///
  /// - Parameters:
  ///   - database: a connection string of libpq's.
  ///   - isCancelled: asked about every fifth of a second while waiting for the server: true gives up.
  ///   - onWait: told what the making of a slot waits for.
  public init(
    database: String, isCancelled: @escaping @Sendable () -> Bool = { false },
    onWait: @escaping @Sendable (Wording) -> Void = { _ in }
  ) throws(Failure) {
    let wait = SlotWait(database, onWait)
    server = try Connection.connect(
      database, for: .statements(within: nil),
      isCancelled: {
        wait.look()
        return isCancelled()
      })
    (self.database, self.isCancelled, self.wait) = (database, isCancelled, wait)
  }

  /// What an operator should know about the connection; nil where there is nothing to say.
  public var connectionWarning: Wording? { server.transport.warning }

  /// What has to be done for a plan. Changes nothing.
  public func setupSteps(_ plan: Plan) throws(Failure) -> [Step] {
    try ServerChecks.requireLogicalWAL(server)
    var steps: [Step] = []
    let findings = try look(plan)
    for (place, table) in plan.tables.enumerated() {
      if let root = findings.root(place) {
        if root.kind != "p", let why = root.unlogged {
          let fault = TableFault.notLogged(why)
          throw Failure(
            .tableNotPublished, "table \(table) \(fault.what(plan.publication))",
            advice: fault.advice(root.name, plan.publication))
        }
        steps.append(Step(subject: "table \(table)", sql: nil))
        if plan.isByDay { steps.append(try partitionStep(table)) }
        continue
      }
      guard plan.createsTables else {
        throw Failure(
          .tableMissing, "table \(table) does not exist in database \"\(try currentDatabase())\"",
          advice: "name the outbox with \(setting: "table"), or make it with "
            + "\(command: "setup", [.init("table", "\(table)"), .init("create-table")])",
          sqlState: "42P01")
      }
      steps += try schemaStep(table, steps)
      steps.append(Step(subject: "table \(table)", sql: try createStatement(table, plan)))
    }
    steps.append(try publicationStep(plan, findings))
    steps += try snapshotTableSteps(plan, steps)
    steps.append(try slotStep(plan))
    try requirePrimary(steps)
    return steps
  }

  /// What an operator should know about a plan that can be carried out all the same.
  public func warnings(_ plan: Plan) throws(Failure) -> [Wording] {
    let findings = try look(plan)
    let partitioned = plan.tables.indices.filter { findings.root($0)?.kind == "p" }
    let moving: [Wording] = partitioned.map { place in
      "table \(plan.tables[place]) is partitioned: an UPDATE that moves a row to another partition is an insert there for the "
        + "log, so its event comes again, with the same id"
    }
    let lacking = findings.tables.flatMap { $0.lacks(plan.needs) }
    return try moving + lacking + failoverWarnings(plan) + publicationWarnings(plan) + levelWarnings()
  }

  /// Slots have no room for what came before their publication.
  private func publicationWarnings(_ plan: Plan) throws(Failure) -> [Wording] {
    let older = try server.query(
      "SELECT confirmed_flush_lsn FROM pg_catalog.pg_replication_slots WHERE slot_name = $1 AND plugin = 'pgoutput' AND "
        + "database = pg_catalog.current_database() AND NOT EXISTS (SELECT FROM pg_catalog.pg_publication WHERE pubname = $2)",
      [plan.slot, plan.publication])
    guard let lsn = older.first?.first else { return [] }
    return [
      "slot \(plan.slot) is older than the publication: rows since \(lsn ?? "its beginning") that are written without one will not come; "
        + "look for them in the table, pass them as \(command: "doctor") says then, and go on once with "
        + "\(setting: "accept-gap")"
    ]
  }

  private func levelWarnings() throws(Failure) -> [Wording] {
    let level = try server.query("SHOW wal_level").first?.first.flatMap { $0 } ?? ""
    guard ServerChecks.raisesLevel(walLevel: level, serverVersion: server.serverVersion) else { return [] }
    return ["the first logical slot makes the server write more to its log; making it may take a minute"]
  }

  /// Whether the database or the role sets that transactions only read, which somebody who runs statements by hand has to undo.
  public var databaseOnlyReads: Bool {
    get throws(Failure) {
      do throws(Failure) {
        return try server.query(
          "SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'default_transaction_read_only'"
        ).first?.first == "on"
      } catch {
        // What is undone although it need not be does no harm.
        guard error.kind == .privilege else { throw error }
        return true
      }
    }
  }

  func currentDatabase() throws(Failure) -> String {
    try server.query("SELECT pg_catalog.current_database()").first?.first.flatMap { $0 } ?? ""
  }

  private func failoverWarnings(_ plan: Plan) throws(Failure) -> [Wording] {
    guard plan.failover, server.serverVersion >= 170_000 else { return [] }
    let standbys = try server.query("SHOW synchronized_standby_slots").first?.first.flatMap { $0 } ?? ""
    guard standbys.isEmpty else { return [] }
    return [
      "synchronized_standby_slots is empty, so events may be delivered that a promoted standby does not have; name the "
        + "standby's physical slot there"
    ]
  }

  /// What makes the schema of a table that is to be made, where there is none and no other step makes it.
  func schemaStep(_ table: TableName, _ steps: [Step]) throws(Failure) -> [Step] {
    let step = Step(
      subject: "schema \(table.schema)", sql: "CREATE SCHEMA \(SQLName.inStatement(table.schema));", makesSchema: true)
    let isThere =
      try !server.query("SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1::name", [table.schema]).isEmpty
    return isThere || steps.contains(step) ? [] : [step]
  }

  /// What has to be done for the dead letters' table, beside other steps: making it, or giving one of an earlier version what it
  /// lacks.
  public func letterTableSteps(_ table: TableName, beside steps: [Step]) throws(Failure) -> [Step] {
    let subject = "table \(table)"
    guard try look(Plan(publication: "", slot: "", tables: [table])).root(0) != nil else {
      return try schemaStep(table, steps) + [Step(subject: subject, sql: DeadLetterTable.createStatement(table))]
    }
    let newest = try server.query(
      "SELECT FROM pg_catalog.pg_attribute WHERE attrelid = $1::pg_catalog.regclass AND attname = $2 AND NOT attisdropped",
      [SQLName.quoted(table), DeadLetterTable.newestColumn])
    return [Step(subject: subject, sql: newest.isEmpty ? DeadLetterTable.alterStatement(table) : nil)]
  }

  /// Does a step. Making a slot waits for all transactions that are open; given up, it leaves none.
  public func run(_ step: Step) throws(Failure) {
    guard let sql = step.sql else { return }
    if let table = step.cleared {
      return try SQLSession(database: database, isCancelled: isCancelled).transaction {
        (transaction) throws(Failure) in
        try transaction.trust(table)
        _ = try transaction.query(sql)
      }
    }
    if let table = step.locked { return try run(sql, locking: table) }
    guard let slot = step.madeSlot else {
      _ = try server.query(sql)
      return
    }
    guard step.snapshotOutboxes.isEmpty else {
      return try makeSlot(slot, failover: step.isFailover, noting: step.snapshotOutboxes)
    }
    wait.begin(server.backend)
    defer { wait.end() }
    do throws(Failure) { _ = try server.query(sql) } catch {
      if error.sqlState == "53400" { try ServerChecks.requireFreeSlot(server) }
      guard isCancelled() else { throw error }
      throw Failure(
        .connection,
        wait.isGone(slot)
          ? "stopped before slot \(slot) was made; there is none" : "stopped, but the server still makes slot \(slot)",
        advice: "go on with \(command: "setup")")
    }
  }

  func look(_ plan: Plan) throws(Failure) -> TableFindings {
    let question = TableQuestion(tables: plan.tables)
    return try CatalogueQuery.findings(
      try server.query(
        CatalogueQuery.statement(question, publications: [plan.publication], serverVersion: server.serverVersion)))
  }

}
