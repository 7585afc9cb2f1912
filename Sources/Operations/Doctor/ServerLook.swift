// SPDX-License-Identifier: Apache-2.0

import Glibc
import OutboxMapping
import PostgresClient
import PostgresWire
import Replication

/// One look at a server, question by question: what one of them may not see, others may.
struct ServerLook: ~Copyable {
  let plan: Administration.Plan
  let mapping: MappingConfiguration
  let server: Connection
  private(set) var checks: [Check.ID: Check] = [:]
  private(set) var slot: SlotFacts?
  /// What becomes of the rows of the tables that are there.
  private(set) var meanings: [(table: TableName, meaning: TableMeaning)] = []
  private var role = RoleFacts()
  private var facts: ServerFacts?

  init(_ plan: Administration.Plan, _ mapping: MappingConfiguration, _ server: consuming Connection) {
    (self.plan, self.mapping) = (plan, mapping)
    self.server = server
  }

  mutating func run() {
    lookAtRole()
    let start = lookAtLog()
    let began = ContinuousClock.now
    lookAtSettings()
    let isSlotSeen = lookAtSlot()
    lookAtTables()
    guard isSlotSeen, let slot, checks[.slot]?.state == .ok else { return }
    let rest = .seconds(1) - (.now - began)
    // Even a short moment tells how fast is written.
    if rest > .zero { usleep(UInt32(rest.components.attoseconds / 1_000_000_000_000)) }
    lookAtBacklog(slot, since: start)
  }

  private mutating func put(_ new: [Check]) { for check in new { checks[check.id] = check } }

  private func unseen(_ failure: Failure, _ grants: [String]) -> Unseen {
    guard failure.kind == .privilege else {
      return Unseen(found: failure.what, todo: [failure.advice].compactMap(\.self))
    }
    let name = SQLName.inStatement(role.name)
    return Unseen(
      found: "role \(name) may not see it: \(failure.what)", mend: grants.map { "GRANT \($0) TO \(name);" })
  }

  private mutating func lookAtRole() {
    do throws(Failure) {
      role = try RoleFacts.look(server)
      put([role.roleCheck, role.poolerCheck, role.clockCheck])
    } catch {
      role.name = (try? server.query("SELECT current_user"))?.first?[0] ?? ""
      role.database = (try? server.query("SELECT pg_catalog.current_database()"))?.first?[0] ?? ""
      let unseen = unseen(error, ["SELECT ON pg_catalog.pg_roles"])
      put([Check.ID.role, .pooler, .clock].map(unseen.check))
    }
  }

  private func lookAtLog() -> LogEnd? { (try? server.query(LogEnd.question))?.first.flatMap { LogEnd($0) } }

  private mutating func lookAtSettings() {
    do throws(Failure) {
      let facts = try ServerFacts.look(server)
      self.facts = facts
      put(facts.checks)
    } catch {
      let unseen = unseen(error, ["SELECT ON pg_catalog.pg_settings"])
      put(
        [
          Check.ID.serverVersion, .walLevel, .replicationSlots, .walSenders, .walSenderTimeout, .walLimit,
          .idleSlotTimeout,
          .decodingMemory, .synchronousStandby,
        ].map(unseen.check))
    }
  }

  /// Whether it could be seen if it is there.
  private mutating func lookAtSlot() -> Bool {
    do throws(Failure) {
      slot = try SlotFacts.look(server, plan.slot)
      var checking = SlotChecking(
        plan: plan, database: role.database, facts: slot, server: facts, role: role.name)
      if case .plugin = slot?.fault(in: role.database) {
        checking.other = try SlotFacts.look(server, SlotChecking.nameBeside(plan.slot))
      }
      if let process = slot?.process, slot?.isActive == true {
        checking.holder = try? holder(process)
      }
      put(checking.checks)
      return true
    } catch {
      let unseen = unseen(error, ["SELECT ON pg_catalog.pg_replication_slots"])
      put([Check.ID.slot, .slotUse, .slotWAL, .twoPhase, .failover].map(unseen.check))
      return false
    }
  }

  private func holder(_ process: String) throws(Failure) -> SlotChecking.Holder? {
    let row = try server.query(SlotChecking.Holder.question(process)).first
    return row.map {
      .init(process: process, application: $0[0], user: $0[1], address: $0[2].flatMap { $0.isEmpty ? nil : $0 })
    }
  }

  private mutating func lookAtTables() {
    let ids: [Check.ID] = [
      .table, .tableColumns, .publication, .publicationInserts, .publicationTables, .rowFilter, .columnList,
      .publicationAge,
    ]
    let grants = [
      "pg_class", "pg_namespace", "pg_inherits", "pg_attribute", "pg_type", "pg_publication", "pg_publication_rel",
      "pg_publication_namespace",
    ].map { "SELECT ON pg_catalog.\($0)" }
    var found: (tables: TableFindings, publication: PublicationFacts?)?
    let (plan, mapping, role, slot) = (plan, mapping, role, slot)
    do throws(Failure) {
      let findings = try CatalogueQuery.findings(
        server.query(
          CatalogueQuery.statement(
            TableQuestion(tables: plan.tables), publications: [plan.publication], serverVersion: server.serverVersion)))
      let facts = try PublicationFacts.look(server, plan.publication)
      var tables = TableChecking(plan: plan, mapping: mapping, findings: findings)
      for place in plan.tables.indices {
        guard let root = findings.root(place), root.kind == "p" else { continue }
        // Whoever may not see it does without.
        let found = try? DayPartitions.look(root.name) { (sql, values) throws(Failure) in try server.query(sql, values)
        }
        tables.byDay += [found].compactMap { $0 }
      }
      var publication = PublicationChecking(plan: plan, database: role.database, facts: facts, findings: findings)
      if let slot, slot.fault(in: role.database) == nil {
        publication.idleSlot = slot
        // Only where a mend may skip something.
        if publication.losesRows {
          let trial = SlotTrial(plan, findings, prefixes: mapping.messagePrefixes)
          publication.next = (try? trial.next(server)) ?? .unclear
        }
      }
      let columns = try server.query(tables.columnsQuestion)
      meanings = tables.meanings(columns).map { ($0.table, $0.meaning) }
      put([tables.tableCheck, tables.columnsCheck(columns)] + publication.checks)
      found = (findings, facts)
    } catch {
      let unseen = unseen(error, grants)
      for id in ids where checks[id] == nil { checks[id] = unseen.check(id) }
    }
    lookAtAge(found?.tables, found?.publication)
  }

  private mutating func lookAtAge(_ findings: TableFindings?, _ publication: PublicationFacts?) {
    guard let slot, let findings, let publication, let made = findings.publications.first?.change,
      checks[.slot]?.state == .ok
    else {
      if checks[.publicationAge] == nil {
        checks[.publicationAge] = Unseen(found: "there is no slot and publication to look at").check(.publicationAge)
      }
      return
    }
    // What is published without a needed column now is said elsewhere, and so is what is not published.
    guard checks[.columnList]?.state != .failure, publication.publishesInserts else {
      checks[.publicationAge] = Unseen(found: "the publication has to be mended first").check(.publicationAge)
      return
    }
    let age = PublicationAge(
      plan: plan, slot: slot, made: made, added: findings.tables.compactMap { publication.changes[$0.id] },
      trial: SlotTrial(plan, findings, prefixes: mapping.messagePrefixes), tables: findings.tables.map(\.name))
    do throws(Failure) { put([age.check(try age.look(server))]) } catch {
      let name = SQLName.inStatement(role.name)
      checks[.publicationAge] =
        error.kind == .privilege
        ? Unseen(found: "role \(name) may not read the slot", mend: ["ALTER ROLE \(name) REPLICATION;"]).check(
          .publicationAge)
        : Check(.publicationAge, error, means: "what the slot has to read next cannot be read")
    }
  }

  private mutating func lookAtBacklog(_ slot: SlotFacts, since start: LogEnd?) {
    do throws(Failure) {
      guard let now = try server.query(LogEnd.question).first.flatMap({ LogEnd($0) }) else {
        throw Failure(.internal, "the server does not tell where its log ends")
      }
      let backlog = BacklogChecking(slot: slot, server: facts, now: now, rate: start.flatMap { now.rate(since: $0) })
      put([backlog.walCheck, backlog.twoPhaseCheck, backlog.failoverCheck(try standbys())])
      if let idle = backlog.idleCheck { put([idle]) }
    } catch {
      let unseen = unseen(
        error,
        ["SELECT ON pg_catalog.pg_replication_slots", "EXECUTE ON FUNCTION pg_catalog.pg_current_wal_lsn()"])
      for id in [Check.ID.slotWAL, .twoPhase, .failover] where checks[id] == nil { checks[id] = unseen.check(id) }
    }
  }

  /// The slots of standbys that have to have an event before it is sent.
  private func standbys() throws(Failure) -> [(name: String, isActive: Bool)] {
    let names = StandbyNames.entries(facts?["synchronized_standby_slots"] ?? "")
    guard !names.isEmpty else { return [] }
    let list = names.map(SQLQuoting.literal).joined(separator: ", ")
    let active = try server.query(
      "SELECT slot_name FROM pg_catalog.pg_replication_slots WHERE active AND slot_name IN (\(list))")
    return names.map { name in (name, active.contains { $0[0] == name }) }
  }
}
