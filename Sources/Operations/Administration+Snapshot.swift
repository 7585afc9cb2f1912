// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire
import Replication
import TableSource

/// What an outbox holds where a slot begins.
extension Administration {
  /// What makes the tables in which it is kept. Where a slot is made without, what is kept of another one of its name goes.
  func snapshotTableSteps(_ plan: Plan, _ steps: [Step]) throws(Failure) -> [Step] {
    let tables = Set(plan.tables.map { SnapshotTable.table(beside: $0) }).sorted { "\($0)" < "\($1)" }
    guard plan.takesSnapshot else { return try forgettingSteps(plan, tables) }
    for table in plan.tables where try isThere(table) {
      let shape = try TableShape.look(server, table)
      guard shape.identity.isEmpty else {
        try shape.requireIdentity(server)
        continue
      }
      throw Failure(
        .settings, "table \(table) has no primary key, and no other by which each row can be found again",
        advice: "\(sql: "ALTER TABLE \(SQLName.inStatement(table)) ADD PRIMARY KEY (id);")")
    }
    var result: [Step] = []
    for table in tables {
      result.append(
        Step(subject: "table \(table)", sql: try isThere(table) ? nil : SnapshotTable.createStatement(table)))
    }
    return result
  }

  private func isThere(_ table: TableName) throws(Failure) -> Bool {
    try look(Plan(publication: "", slot: "", tables: [table])).root(0) != nil
  }

  private func forgettingSteps(_ plan: Plan, _ tables: [TableName]) throws(Failure) -> [Step] {
    guard !plan.isTemporary, try SlotFacts.look(server, plan.slot) == nil else { return [] }
    var result: [Step] = []
    for table in tables {
      if let step = try forgettingStep("snapshot of an earlier slot \(plan.slot) in \(table)", plan.slot, table) {
        result.append(step)
      }
    }
    return result
  }

  /// What removes what is kept of a slot, behind the slot itself. The tables stay, for rights on them are given once.
  func snapshotSteps(removing plan: Plan) throws(Failure) -> [Step] {
    // A standby has what its primary has.
    if try isStandby() { return [] }
    let published = try server.query(
      "SELECT schemaname FROM pg_catalog.pg_publication_tables WHERE pubname = $1", [plan.publication]
    ).compactMap { $0[0] }.map { TableName(schema: $0, name: "") }
    let tables = Set((plan.tables + published).map { SnapshotTable.table(beside: $0) })
    var result: [Step] = []
    for table in tables.sorted(by: { "\($0)" < "\($1)" }) {
      let subject = "snapshot of slot \(plan.slot) in table \(table), which stays"
      if let step = try forgettingStep(subject, plan.slot, table) { result.append(step) }
    }
    return result
  }

  /// What removes what a table has of a slot; nil where that is nothing. What we may not remove is left: a stream that finds it beside
  /// another slot sees that it is older.
  private func forgettingStep(_ subject: String, _ slot: String, _ table: TableName) throws(Failure) -> Step? {
    guard try isThere(table) else { return nil }
    let name = SQLName.inStatement(table)
    let statement = "DELETE FROM \(name) WHERE slot = \(SQLName.shown(value: slot));"
    do throws(Failure) {
      guard try hasSnapshot(of: slot, in: table) else { return nil }
      let right = try server.query(
        "SELECT pg_catalog.has_table_privilege($1::pg_catalog.text, 'DELETE')", [SQLName.quoted(table)])
      guard right.first?[0] == "t" else { throw Failure(.privilege, "the role may not delete there") }
      var step = Step(subject: subject, sql: "\(statement) -- the table stays, with the rights on it")
      step.cleared = table
      return step
    } catch {
      guard error.kind == .privilege else { throw error }
      return Step(
        subject: subject, sql: nil, left: "is left: \(error.what); the table's owner removes it with \(sql: statement)")
    }
  }

  /// Refuses a slot that is there without what is to be kept of its beginning.
  func requireSnapshot(_ plan: Plan) throws(Failure) {
    for outbox in plan.tables {
      let table = SnapshotTable.table(beside: outbox)
      if try isThere(table), try hasSnapshot(of: plan.slot, outbox, in: table) { continue }
      throw Failure(
        .differs, "slot \"\(plan.slot)\" is there, but was made without a snapshot of \(outbox)",
        advice:
          "remove it with \(command: "teardown", [.init("slot", plan.slot)]) and make it anew, or leave \(setting: "snapshot") out"
      )
    }
  }

  /// Whether a table has something of a slot, and of an outbox. It is looked first that it is a table: a view would run what its
  /// owner has written.
  private func hasSnapshot(of slot: String, _ outbox: TableName? = nil, in table: TableName) throws(Failure) -> Bool {
    let session = SQLSession(database: database, isCancelled: isCancelled)
    return try session.transaction { (transaction) throws(Failure) in
      try transaction.trust(table, isWritten: false)
      let condition = outbox == nil ? "slot = $1" : SnapshotTable.isMeant
      let values = [slot] + (outbox.map { [SQLName.quoted($0)] } ?? [])
      return try !transaction.query("SELECT FROM \(SQLName.inStatement(table)) WHERE \(condition)", values).isEmpty
    }
  }

  /// The statements over a connection for replication, for whoever runs them by hand.
  func snapshotStatements(_ plan: Plan) -> String {
    let notes = plan.tables.map { table in
      Self.note(plan.slot, table, start: "CONSISTENT_POINT", snapshot: "pg_catalog.pg_current_snapshot()")
    }
    return """
      -- over a connection with replication=database, with the consistent_point that the second statement tells
      BEGIN ISOLATION LEVEL REPEATABLE READ;
      \(createSlot(plan.slot, failover: plan.failover, "use"));
      \(notes.joined(separator: "\n"))
      COMMIT;
      """
  }

  private func createSlot(_ slot: String, failover: Bool, _ action: String) -> String {
    let command = "CREATE_REPLICATION_SLOT \(SQLName.quoted(slot)) LOGICAL pgoutput"
    guard server.serverVersion >= 150_000 else { return "\(command) \(action.uppercased())_SNAPSHOT" }
    return "\(command) (SNAPSHOT '\(action)'\(failover ? ", FAILOVER true" : ""))"
  }

  private static func note(_ slot: String, _ outbox: TableName, start: String, snapshot: String) -> String {
    """
    INSERT INTO \(SQLName.inStatement(SnapshotTable.table(beside: outbox))) (slot, outbox, outbox_id, system, consistent_point, snapshot, row_count) \
    SELECT \(SQLName.shown(value: slot)), \(SQLName.shown(value: "\(outbox)")), \
    \(SQLName.shown(value: SQLName.quoted(outbox)))::pg_catalog.regclass, \
    (SELECT system_identifier FROM pg_catalog.pg_control_system()), '\(start)', \(snapshot), \
    (SELECT pg_catalog.count(*) FROM \(SQLName.inStatement(outbox)));
    """
  }

  /// Makes a slot and notes what the outboxes hold where it begins; a slot without that is left to nobody.
  func makeSlot(_ slot: String, failover: Bool, noting outboxes: [TableName]) throws(Failure) {
    let (wait, isCancelled) = (wait, isCancelled)
    let maker = try Connection.connect(
      database, for: .replication,
      isCancelled: {
        wait.look()
        return isCancelled()
      })
    wait.begin(maker.backend)
    let made: SQLRow?
    do throws(Failure) {
      made = try maker.query(createSlot(slot, failover: failover, "export"), mayTakeLong: true).first
      wait.end()
    } catch {
      wait.end()
      if error.sqlState == "53400" { try ServerChecks.requireFreeSlot(server) }
      guard isCancelled() else { throw error }
      wait.giveUp(maker.backend)
      throw Failure(
        .connection,
        wait.isGone(slot)
          ? "stopped before slot \(slot) was made; there is none" : "stopped, but the server still makes slot \(slot)",
        advice: "go on with \(command: "setup", [.init("snapshot")])")
    }
    do throws(Failure) {
      guard let point = made?[1].flatMap({ LSN($0) }), let snapshot = made?[2] else {
        throw Failure(.internal, "the server's answer about the slot that it has made makes no sense")
      }
      try note(slot, outboxes, "\(point)", snapshot)
    } catch {
      _ = try? server.query("SELECT pg_catalog.pg_drop_replication_slot(\(SQLQuoting.literal(slot)))")
      throw error
    }
  }

  /// The snapshot lives as long as the connection that has exported it does nothing else.
  private func note(_ slot: String, _ outboxes: [TableName], _ start: String, _ snapshot: String) throws(Failure) {
    let session = SQLSession(database: database, preparation: "SET row_security = off", isCancelled: isCancelled)
    let values = try session.transaction(isolated: true) { (transaction) throws(Failure) in
      _ = try transaction.query("SET TRANSACTION SNAPSHOT \(SQLQuoting.literal(snapshot))")
      let text = try transaction.query("SELECT pg_catalog.pg_current_snapshot()").first?[0] ?? ""
      var counts: [String] = []
      for outbox in outboxes {
        counts.append(
          try transaction.query("SELECT pg_catalog.count(*) FROM \(SQLName.inStatement(outbox))").first?[0] ?? "")
      }
      return [text] + counts
    }
    try session.transaction { (transaction) throws(Failure) in
      for (outbox, count) in zip(outboxes, values.dropFirst()) {
        let table = SnapshotTable.table(beside: outbox)
        try transaction.trust(table)
        _ = try transaction.query(
          "DELETE FROM \(SQLName.inStatement(table)) WHERE \(SnapshotTable.isMeant)", [slot, SQLName.quoted(outbox)])
        _ = try transaction.query(
          """
          INSERT INTO \(SQLName.inStatement(table)) (slot, outbox, outbox_id, system, consistent_point, snapshot, row_count) \
          SELECT $1, $6, $2::pg_catalog.text::pg_catalog.regclass, (SELECT system_identifier FROM pg_catalog.pg_control_system()), \
          $3::pg_catalog.pg_lsn, $4::pg_catalog.pg_snapshot, $5::pg_catalog.int8
          """, [slot, SQLName.quoted(outbox), start, SnapshotTable.readable(values[0]), count, "\(outbox)"])
      }
    }
  }
}
