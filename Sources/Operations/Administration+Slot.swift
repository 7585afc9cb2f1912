// SPDX-License-Identifier: Apache-2.0

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
    guard let facts = try SlotFacts.look(server, name) else {
      try ServerChecks.requireFreeSlot(server)
      guard plan.takesSnapshot else {
        return Step(subject: "slot \(name)", sql: Self.slotStatement(plan), madeSlot: name)
      }
      return Step(
        subject: "slot \(name) and its snapshot", sql: snapshotStatements(plan), madeSlot: name,
        snapshotOutboxes: plan.tables, isFailover: plan.failover)
    }
    let other: Wording = "choose another name with \(setting: "slot")"
    switch facts.fault(in: try currentDatabase()) {
    case .plugin(let plugin): throw differs(name, "its plugin is \(plugin ?? "none")", other)
    case .database(let database):
      throw differs(
        name, "it belongs to database \(database ?? "none")",
        "connect to that database, if it is the right one, or " + other)
    case .lost(let lsn):
      throw differs(name, "it has been invalidated, so its WAL is gone", SlotFault.lostAdvice(since: lsn))
    case .halfMade(let process): throw SlotFault.halfMade(name, by: process, takesSnapshot: plan.takesSnapshot)
    case .inUse, nil: break
    }
    if facts.isTemporary { throw differs(name, "it is temporary", other) }
    if plan.failover, !facts.followsFailover {
      let command = "ALTER_REPLICATION_SLOT \(SQLName.quoted(name)) (FAILOVER true);"
      throw differs(name, "it does not follow a failover", "over a connection with replication=database, \(command)")
    }
    if plan.takesSnapshot { try requireSnapshot(plan) }
    return Step(subject: "slot \(name)", sql: nil)
  }

  /// The statement that makes the slot.
  static func slotStatement(_ plan: Plan) -> String {
    let arguments =
      "\(SQLQuoting.literal(plan.slot)), 'pgoutput'" + (plan.isTemporary ? ", temporary => true" : "")
      + (plan.failover ? ", failover => true" : "")
    return "SELECT pg_catalog.pg_create_logical_replication_slot(\(arguments));"
  }

  private func differs(_ slot: String, _ what: String, _ advice: Wording) -> Failure {
    Failure(.differs, "slot \"\(slot)\" is there, but differs: \(what)", advice: advice)
  }
}
