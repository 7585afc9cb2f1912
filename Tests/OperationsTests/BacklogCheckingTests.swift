// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Replication
import Testing

@testable import Operations

/// How long a slot's log may go on.
@Suite struct BacklogCheckingTests {
  private func backlog(_ change: (inout SlotFacts) -> Void, rate: Double?, version: Int = 180_000) -> BacklogChecking {
    var slot = SlotFacts()
    (slot.restart, slot.confirmed, slot.walStatus) = (LSN(rawValue: 1 << 20), LSN(rawValue: 2 << 20), "reserved")
    change(&slot)
    return BacklogChecking(
      slot: slot, server: ServerFacts(version: version), now: LogEnd(lsn: LSN(rawValue: 5 << 20), seconds: 10),
      rate: rate)
  }

  @Test func `the time until the limit is by the rate that was measured`() throws {
    let start = LogEnd(lsn: LSN(rawValue: 1 << 20), seconds: 9)
    let rate = try #require(LogEnd(lsn: LSN(rawValue: 2 << 20), seconds: 9.5).rate(since: start))
    #expect(rate == Double(2 << 20))
    let close = backlog({ $0.safeBytes = 100 << 20 }, rate: rate)
    #expect(close.secondsLeft == 50)
    #expect(close.walCheck.state == .warning)
    #expect("\(close.walCheck.found)".contains("the limit is reached in 50 s"))
    #expect("\(close.walCheck.found)".contains("4 MB are held, 3 MB are not confirmed"))
    #expect(backlog({ $0.safeBytes = 100 << 40 }, rate: rate).walCheck.state == .ok)
    #expect(backlog({ $0.safeBytes = nil }, rate: rate).secondsLeft == nil)
    #expect(backlog({ $0.safeBytes = 100 << 20 }, rate: 0).walCheck.state == .ok)
  }

  @Test func `a slot that is lost at the next checkpoint is a failure`() {
    let check = backlog({ ($0.walStatus, $0.safeBytes) = ("unreserved", -5) }, rate: 0).walCheck
    #expect(check.state == .failure)
    #expect(check.mend.count == 2)
  }

  @Test func `a limit is raised, never lowered, and only said where nothing is lost yet`() {
    let check = backlog({ $0.safeBytes = 100 << 30 }, rate: Double(1 << 30)).walCheck
    #expect(check.state == .warning && check.mend.isEmpty)
    #expect("\(check.todo)".contains("max_slot_wal_keep_size = '204808MB'"), "\(check.todo)")
    let due = backlog({ ($0.walStatus, $0.safeBytes) = ("unreserved", 0) }, rate: 0).walCheck
    #expect(due.mend.first?.contains("'1024MB'") == true, "\(due.mend)")
  }

  @Test func `a slot that has been idle for long is told of before it is lost`() {
    var checking = backlog({ $0.idleSeconds = 4000 }, rate: 0)
    #expect(checking.idleCheck == nil)
    var server = ServerFacts(version: 180_000)
    server.settings["idle_replication_slot_timeout"] = .init(value: "7200", unit: "s")
    checking = BacklogChecking(slot: checking.slot, server: server, now: checking.now, rate: 0)
    #expect(checking.idleCheck?.state == .warning)
  }

  @Test func `a slot that follows a failover needs its standbys`() {
    let plain = backlog({ _ in }, rate: 0)
    #expect(plain.failoverCheck([]).state == .ok)
    let following = backlog({ $0.followsFailover = true }, rate: 0)
    #expect(following.failoverCheck([]).state == .warning)
    #expect(following.failoverCheck([("standby", true)]).state == .ok)
    #expect(following.failoverCheck([("standby", false)]).state == .failure)
    #expect(backlog({ $0.followsFailover = true }, rate: 0, version: 160_000).failoverCheck([]).state == .ok)
  }

  @Test func `amounts in words`() {
    #expect(Amounts.time(0) == "0 s")
    #expect(Amounts.time(119) == "119 s")
    #expect(Amounts.time(.infinity) == "years")
    #expect(Amounts.time(.milliseconds(1500)) == "1 s")
    #expect(Amounts.time(.milliseconds(250)) == "250 ms")
  }
}

/// A slot, by what the server says of it.
@Suite struct SlotCheckingTests {
  private func checking(_ facts: SlotFacts?, level: String = "logical", slots: Int = 0) -> SlotChecking {
    var server = ServerFacts(version: 180_000, settings: ["wal_level": level, "max_replication_slots": "10"])
    (server.slots, server.applicationName) = (slots, "orders")
    let plan = Administration.Plan(publication: "orders", slot: "orders", tables: [])
    return SlotChecking(plan: plan, database: "shop", facts: facts, server: server, role: "relay")
  }

  private func slot(_ change: (inout SlotFacts) -> Void) -> SlotFacts {
    var slot = SlotFacts()
    (slot.plugin, slot.database, slot.confirmed) = ("pgoutput", "shop", LSN(rawValue: 7))
    change(&slot)
    return slot
  }

  @Test func `a missing one is made where it can be made now`() {
    #expect(
      checking(nil).checks[0].mend == ["SELECT pg_catalog.pg_create_logical_replication_slot('orders', 'pgoutput');"])
    for check in [checking(nil, level: "replica").checks[0], checking(nil, slots: 10).checks[0]] {
      #expect(check.state == .failure)
      #expect(check.mend.isEmpty && check.todo.count == 1)
    }
  }

  @Test(arguments: ["another plugin", "physical", "another database", "lost", "half made", "temporary"])
  func `one that cannot be used is a failure, and another program's is never dropped`(name: String) {
    let facts = slot { slot in
      switch name {
      case "another plugin": slot.plugin = "wal2json"
      case "physical": (slot.plugin, slot.database) = (nil, nil)
      case "another database": slot.database = "bank"
      case "lost": slot.walStatus = "lost"
      case "half made": slot.confirmed = nil
      default: slot.isTemporary = true
      }
    }
    let check = checking(facts).checks[0]
    #expect(check.state == .failure)
    #expect(!check.mend.isEmpty || !check.todo.isEmpty)
    let isOurs = ["lost", "half made"].contains(name)
    #expect(check.mend.contains { $0.contains("pg_drop_replication_slot") } == isOurs)
  }

  @Test func `who has it decides`() {
    let used = slot { ($0.isActive, $0.process) = (true, "4711") }
    var checking = checking(used)
    #expect(checking.checks[1].state == .unknown)
    #expect(checking.checks[1].mend == [#"GRANT pg_read_all_stats TO "relay";"#])
    checking.holder = .init(process: "4711", application: "orders")
    #expect(checking.checks[1].state == .warning)
    checking.holder = .init(process: "4711", application: "psql")
    #expect(checking.checks[1].state == .failure)
  }
}
