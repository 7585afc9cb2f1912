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
    /// Make a slot that follows a failover (PostgreSQL 17 and later). Default: no.
    public var failover = false
    /// Which columns have to be published, and whether rows may be left out. Default: nothing is needed.
    public var needs = PublishingNeeds()
    /// Only prove that a slot can be made. Default: no.
    public var isTemporary = false

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
  }

  let server: Connection

  /// Connects.
  public init(database: String) throws(Failure) {
    server = try Connection.connect(database, for: .statements(within: nil))
  }

  /// What an operator should know about the connection; nil where there is nothing to say.
  public var connectionWarning: Wording? { server.transport.warning }

  /// What has to be done for a plan. Changes nothing.
  public func setupSteps(_ plan: Plan) throws(Failure) -> [Step] {
    try ServerChecks.requireLogicalWAL(server)
    var steps: [Step] = []
    let findings = try look(plan)
    for (place, table) in plan.tables.enumerated() {
      guard findings.root(place) == nil else {
        steps.append(Step(subject: "table \(table)", sql: nil))
        continue
      }
      guard plan.createsTables else {
        throw Failure(
          .tableMissing, "table \(table) does not exist",
          advice: "name the outbox with \(setting: "table"), or make it with \(setting: "create-table")",
          sqlState: "42P01")
      }
      steps.append(Step(subject: "table \(table)", sql: OutboxTable.createStatement(table)))
    }
    steps.append(try publicationStep(plan, findings))
    steps.append(try slotStep(plan))
    return steps
  }

  /// What an operator should know about a plan that can be carried out all the same.
  public func warnings(_ plan: Plan) throws(Failure) -> [Wording] {
    let findings = try look(plan)
    let partitioned = plan.tables.indices.filter { findings.root($0)?.kind == "p" }
    return partitioned.map { place in
      "table \(plan.tables[place]) is partitioned: an UPDATE that moves a row to another partition is an insert there for the "
        + "log, so its event comes again, with the same id"
    } + (try failoverWarnings(plan))
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

  /// What has to be done for the dead letters' table: making it, or giving one of an earlier version what it lacks.
  public func letterTableStep(_ table: TableName) throws(Failure) -> Step {
    let subject = "table \(table)"
    guard try look(Plan(publication: "", slot: "", tables: [table])).root(0) != nil else {
      return Step(subject: subject, sql: DeadLetterTable.createStatement(table))
    }
    let newest = try server.query(
      "SELECT FROM pg_catalog.pg_attribute WHERE attrelid = $1::pg_catalog.regclass AND attname = $2 AND NOT attisdropped",
      [SQLQuoting.table(table), DeadLetterTable.newestColumn])
    return Step(subject: subject, sql: newest.isEmpty ? DeadLetterTable.alterStatement(table) : nil)
  }

  /// What has to be done to remove slot and publication; the table stays. Changes nothing.
  public func teardownSteps(_ plan: Plan) throws(Failure) -> [Step] {
    let slot = SQLQuoting.literal(plan.slot)
    let rows = try server.query(
      "SELECT active, active_pid, plugin, database = pg_catalog.current_database(), database "
        + "FROM pg_catalog.pg_replication_slots WHERE slot_name = \(slot)")
    if let row = rows.first { try refuseForeign(plan.slot, plugin: row[2], isHere: row[3] == "t", database: row[4]) }
    if let row = rows.first, row[0] == "t" {
      throw Failure(
        .slotInUse, "replication slot \"\(plan.slot)\" is active for PID \(row[1] ?? "?")",
        advice: "stop that client first", sqlState: "55006")
    }
    let publication = try server.query(
      "SELECT 1 FROM pg_catalog.pg_publication WHERE pubname = \(SQLQuoting.literal(plan.publication))")
    return [
      Step(
        subject: "slot \(plan.slot)",
        sql: rows.isEmpty ? nil : "SELECT pg_catalog.pg_drop_replication_slot(\(slot));"),
      Step(
        subject: "publication \(plan.publication)",
        sql: publication.isEmpty ? nil : "DROP PUBLICATION \(SQLQuoting.identifier(plan.publication));"),
    ]
  }

  /// Does a step.
  public func run(_ step: Step) throws(Failure) {
    guard let sql = step.sql else { return }
    _ = try server.query(sql)
  }

  /// A slot that is not ours is kept: what its owner has not read would be lost.
  private func refuseForeign(
    _ slot: String, plugin: String?, isHere: Bool, database: String?
  ) throws(Failure) {
    let whose: String
    switch plugin {
    case nil: whose = "is physical: a standby or a backup has it"
    case "pgoutput"? where isHere: return
    case "pgoutput"?: whose = "belongs to database \(database ?? "?")"
    case let plugin?: whose = "uses plugin \(plugin), so another program has it"
    }
    throw Failure(
      .slotForeign, "replication slot \"\(slot)\" \(whose)",
      advice: "name the slot of this outbox; another's is removed by its owner, with pg_drop_replication_slot")
  }

  private func look(_ plan: Plan) throws(Failure) -> TableFindings {
    let question = TableQuestion(tables: plan.tables)
    return try CatalogueQuery.findings(
      try server.query(
        CatalogueQuery.statement(question, publications: [plan.publication], serverVersion: server.serverVersion)))
  }

  private func publicationStep(_ plan: Plan, _ findings: TableFindings) throws(Failure) -> Step {
    let name = plan.publication
    let viaRoot = plan.tables.indices.contains { findings.root($0)?.kind == "p" }
    let rows = try server.query(
      "SELECT puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot FROM pg_catalog.pg_publication "
        + "WHERE pubname = \(SQLQuoting.literal(name))")
    guard let row = rows.first else {
      let tables = plan.tables.map(SQLQuoting.table)
      let target = tables.isEmpty ? "" : " FOR TABLE \(tables.joined(separator: ", "))"
      let root = viaRoot ? ", publish_via_partition_root = true" : ""
      return Step(
        subject: "publication \(name)",
        sql: "CREATE PUBLICATION \(SQLQuoting.identifier(name))\(target) WITH (publish = 'insert'\(root));")
    }
    var differences: [String] = []
    for (index, operation) in ["update", "delete", "truncate"].enumerated() where row[index + 2] == "t" {
      differences.append("it publishes \(operation)")
    }
    if row[1] != "t" { differences.append("it does not publish insert") }
    if viaRoot, row[5] != "t" { differences.append("publish_via_partition_root is false") }
    if row[0] == "t" { differences.append("it is FOR ALL TABLES") }
    // What it does not publish at all is said above.
    for place in plan.tables.indices where row[1] == "t" {
      guard let root = findings.root(place) else {
        differences.append("\(plan.tables[place]) is not in it")
        continue
      }
      differences += findings.faults(of: root.id, place: place, plan.needs).map { found in
        found.fault == .notPublished
          ? "\(found.table.name) is not in it" : "\(found.table.name) \(found.fault.what(name))"
      }
    }
    differences += findings.strangers.sorted().map { "\($0) is in it" }
    try refuse("publication \"\(name)\"", differences, advice: publicationAdvice(plan, findings))
    return Step(subject: "publication \(name)", sql: nil)
  }

  private func publicationAdvice(_ plan: Plan, _ findings: TableFindings) -> Wording {
    let filtered = findings.tables.contains(where: \.hasRowFilter) && !plan.needs.acceptsRowFilter
    let general: Wording = "change it, drop it, or choose another name"
    return filtered ? general + "; if the row filter is meant, say \(setting: "accept-row-filter")" : general
  }

  private func slotStep(_ plan: Plan) throws(Failure) -> Step {
    let name = plan.slot
    let hasFailover = server.serverVersion >= 170_000
    if plan.failover, !hasFailover {
      throw Failure(
        .serverVersion, "slots follow a failover only from PostgreSQL 17 on",
        advice: "leave \(setting: "failover")")
    }
    let rows = try server.query(
      "SELECT plugin, database = pg_catalog.current_database(), temporary, wal_status, database"
        + (hasFailover ? ", failover" : ", false")
        + " FROM pg_catalog.pg_replication_slots WHERE slot_name = \(SQLQuoting.literal(name))")
    guard let row = rows.first else {
      let arguments =
        "\(SQLQuoting.literal(name)), 'pgoutput'" + (plan.isTemporary ? ", temporary => true" : "")
        + (plan.failover ? ", failover => true" : "")
      return Step(
        subject: "slot \(name)", sql: "SELECT pg_catalog.pg_create_logical_replication_slot(\(arguments));")
    }
    var differences: [String] = []
    if row[0] != "pgoutput" { differences.append("its plugin is \(row[0] ?? "none")") }
    if row[1] != "t" { differences.append("it belongs to database \(row[4] ?? "none")") }
    if row[2] == "t" { differences.append("it is temporary") }
    if row[3] == "lost" { differences.append("it has been invalidated, so its WAL is gone") }
    if plan.failover, row[5] != "t" { differences.append("it does not follow a failover") }
    try refuse("slot \"\(name)\"", differences, advice: "drop it with \(command: "teardown"), or choose another name")
    return Step(subject: "slot \(name)", sql: nil)
  }

  private func refuse(_ subject: String, _ differences: [String], advice: Wording) throws(Failure) {
    guard !differences.isEmpty else { return }
    throw Failure(
      .differs, "\(subject) is there, but differs: \(differences.joined(separator: ", "))", advice: advice)
  }
}
