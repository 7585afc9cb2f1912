// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire
import Replication

/// The slot, as `setup` and `stream` judge it.
struct SlotChecking {
  let plan: Administration.Plan
  let database: String
  /// Nil when there is none.
  let facts: SlotFacts?
  /// Nil where it could not be seen.
  let server: ServerFacts?
  /// Who we are.
  let role: String
  /// Who has the slot; nil where nobody has it.
  var holder: Holder?
  /// The one that was advised where this one is another program's; nil where there is none yet.
  var other: SlotFacts?

  /// The name of a slot to have beside another program's.
  static func nameBeside(_ slot: String) -> String { "\(slot.prefix(54))_pgoutput" }

  /// A client of the server.
  struct Holder: Hashable, Sendable {
    var process: String
    /// Empty where it has none; nil where we may not see it.
    var application: String?
    var user: String?
    var address: String?

    /// What is seen without the right to see more is NULL.
    static func question(_ process: String) -> String {
      "SELECT application_name, usename, pg_catalog.concat_ws(' port ', pg_catalog.host(client_addr), client_port) "
        + "FROM pg_catalog.pg_stat_activity WHERE pid = \(Int(process) ?? 0)"
    }
  }

  private var name: String { "slot \"\(plan.slot)\"" }
  private var literal: String { SQLQuoting.literal(plan.slot) }
  private var dropping: String { "SELECT pg_catalog.pg_drop_replication_slot(\(literal));" }

  /// The statement that makes it, where it could be made now.
  private var making: (mend: [String], todo: [Wording]) {
    if server?.hasLogicalWAL == false {
      return ([], ["when the server has been restarted with another wal_level, \(command: "setup")"])
    }
    if let server, !server.hasFreeSlot {
      return ([], ["when there is room for another slot, \(command: "setup")"])
    }
    return ([Administration.slotStatement(plan)], [])
  }

  /// Whether something could read it, but for who has it.
  var isUsable: Bool {
    switch facts?.fault(in: database) {
    case .inUse: true
    case nil: facts != nil
    default: false
    }
  }

  var checks: [Check] {
    guard let facts, isUsable else {
      let unseen = Unseen(found: "there is no slot that could be looked at")
      return [slotCheck] + [Check.ID.slotUse, .slotWAL, .twoPhase, .failover].map(unseen.check)
    }
    return [slotCheck, useCheck(facts)]
  }

  private var slotCheck: Check {
    guard let facts else {
      let (mend, todo) = making
      return Check(
        .slot, .failure, "\(name) does not exist",
        means: "the server keeps no log for a stream; what was committed before the slot is made never comes from it",
        mend: mend,
        todo: todo)
    }
    switch facts.fault(in: database) {
    case .plugin(let plugin):
      var plan = plan
      plan.slot = Self.nameBeside(plan.slot)
      let canMake = server.map { $0.hasLogicalWAL && $0.hasFreeSlot } ?? true
      let naming: Wording =
        switch other.map({ $0.fault(in: database) }) {
        case .some(nil), .some(.inUse), nil: "name the other slot from now on, with \(setting: "slot", plan.slot)"
        default: "make a slot of another name with \(command: "setup"), and name that with \(setting: "slot")"
        }
      return Check(
        .slot, .failure, "\(name) uses \(plugin ?? "physical replication"), not the pgoutput plugin",
        means: "it is another program's, which would lose what it has not read if the slot went",
        mend: canMake && other == nil ? [Administration.slotStatement(plan)] : [], todo: [naming])
    case .database(let other):
      return Check(
        .slot, .failure, "\(name) belongs to database \(other ?? "?"), not to \(database)",
        means: "it has that database's changes alone",
        todo: ["connect to that database, if it is the right one, else name another slot with \(setting: "slot")"])
    case .lost(let lsn):
      let reason = facts.invalidationReason.map { " (\($0))" } ?? ""
      return Check(
        .slot, .failure, "\(name) has been invalidated\(reason): the server removed log that it still needed",
        means: "what was committed after \(lsn ?? .zero) cannot be read from it any more",
        mend: [dropping] + making.mend,
        todo: [
          PublicationChecking.skipped(since: lsn),
          "see that it does not come so far again: a relay that runs, and room in max_slot_wal_keep_size",
        ] + making.todo)
    case .halfMade(let process):
      return Check(
        .slot, .failure,
        process.map { "\(name) is only half made: PID \($0) waits for transactions that were open when it began" }
          ?? "\(name) is only half made, and nobody goes on making it",
        means: "it has no position to read from",
        mend: process.map { ["SELECT pg_catalog.pg_terminate_backend(\($0), 10000);"] + making.mend }
          ?? [dropping] + making.mend, todo: making.todo)
    case .inUse, nil: break
    }
    guard !facts.isTemporary else {
      return Check(
        .slot, .failure, "\(name) is temporary", means: "it goes with the connection of whoever has made it",
        todo: ["name another slot with \(setting: "slot")"])
    }
    return Check(
      .slot, .ok, "\(name) is there, confirmed up to \(facts.confirmed ?? .zero)",
      means: "what was committed behind that comes")
  }

  private func useCheck(_ facts: SlotFacts) -> Check {
    guard facts.isActive else {
      return Check(.slotUse, .ok, "no client has it", means: "a stream can begin")
    }
    let process = facts.process ?? "?"
    guard let holder, let application = holder.application else {
      return Check(
        .slotUse, .unknown, "a client has it, through PID \(process), whose name we may not see",
        means: "another stream of this slot ends with an error while that one runs",
        mend: ["GRANT pg_read_all_stats TO \(SQLName.inStatement(role));"], todo: [])
    }
    let who: Wording =
      "\(application.isEmpty ? "a client without a name (application_name)" : "'\(application)'")\(holder.user.map { " of role \($0)" } ?? "")\(holder.address.map { " from \($0)" } ?? "") has it, "
      + "through PID \(process)"
    // So a stream calls itself, unless somebody has named it otherwise.
    if application == server?.applicationName {
      return Check(
        .slotUse, .warning, who, means: "a relay of this slot runs; another one would end with an error",
        todo: ["if it is not the one that is meant to run, stop that process"])
    }
    return Check(
      .slotUse, .failure, who, means: "a stream of this slot ends with an error while that client has it",
      mend: ["SELECT pg_catalog.pg_terminate_backend(\(process), 10000);"],
      todo: ["stop that client first, if it connects again by itself"])
  }
}
