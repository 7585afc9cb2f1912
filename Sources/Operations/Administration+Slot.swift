import PostgresClient
import PostgresWire
import Replication

/// The slot of a plan.
extension Administration {
  func slotStep(_ plan: Plan) throws(Failure) -> Step {
    let name = plan.slot
    let hasFailover = server.serverVersion >= 170_000
    if plan.failover, !hasFailover {
      throw Failure(
        .serverVersion, "slots follow a failover only from PostgreSQL 17 on",
        advice: "leave \(setting: "failover")")
    }
    let rows = try server.query(
      "SELECT plugin, database = pg_catalog.current_database(), temporary, wal_status, database, confirmed_flush_lsn, "
        + "active_pid, \(hasFailover ? "failover" : "false") FROM pg_catalog.pg_replication_slots WHERE slot_name = $1",
      [name])
    guard let row = rows.first else {
      try ServerChecks.requireFreeSlot(server)
      let arguments =
        "\(SQLQuoting.literal(name)), 'pgoutput'" + (plan.isTemporary ? ", temporary => true" : "")
        + (plan.failover ? ", failover => true" : "")
      return Step(
        subject: "slot \(name)", sql: "SELECT pg_catalog.pg_create_logical_replication_slot(\(arguments));",
        madeSlot: name)
    }
    let other: Wording = "choose another name with \(setting: "slot")"
    if row[0] != "pgoutput" { throw differs(name, "its plugin is \(row[0] ?? "none")", other) }
    if row[1] != "t" {
      throw differs(
        name, "it belongs to database \(row[4] ?? "none")",
        "connect to that database, if it is the right one, or " + other)
    }
    if row[3] == "lost" {
      throw differs(name, "it has been invalidated, so its WAL is gone", ServerChecks.lostSlotAdvice(since: row[5]))
    }
    if row[5] == nil { throw ServerChecks.halfMade(name, by: row[6]) }
    if row[2] == "t" { throw differs(name, "it is temporary", other) }
    if plan.failover, row[7] != "t" {
      let command = "ALTER_REPLICATION_SLOT \(SQLName.quoted(name)) (FAILOVER true);"
      throw differs(name, "it does not follow a failover", "over a connection with replication=database, \(command)")
    }
    return Step(subject: "slot \(name)", sql: nil)
  }

  private func differs(_ slot: String, _ what: String, _ advice: Wording) -> Failure {
    Failure(.differs, "slot \"\(slot)\" is there, but differs: \(what)", advice: advice)
  }
}
