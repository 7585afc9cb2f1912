// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire
import Testing

@testable import Operations

/// What settings of servers mean, also of versions that are not here.
@Suite struct ServerCheckingTests {
  private func look(_ id: Check.ID, _ version: Int, _ settings: [String: String]) -> Check? {
    ServerFacts(version: version, settings: settings).checks.first { $0.id == id }
  }

  @Test(arguments: [
    (150_008, ["wal_level": "logical"], Check.State.ok), (180_000, ["wal_level": "replica"], .failure),
    (190_000, ["wal_level": "replica", "effective_wal_level": "replica"], .ok),
    (190_000, ["wal_level": "replica", "effective_wal_level": "logical"], .ok),
    (190_000, ["wal_level": "minimal", "effective_wal_level": "minimal"], .failure),
  ])
  func `from version 19 on replica is enough, and the effective level is told`(
    version: Int, settings: [String: String], state: Check.State
  ) throws {
    let check = try #require(look(.walLevel, version, settings))
    #expect(check.state == state)
    #expect(check.mend.isEmpty == (state == .ok))
    if let level = settings["effective_wal_level"], state == .ok { #expect("\(check.found)".hasSuffix(level)) }
  }

  @Test(arguments: [
    (170_000, nil, Check.State.ok), (180_000, "0", .ok), (180_000, "3600", .warning), (190_000, "604800", .ok),
  ])
  func `a time after which an idle slot is lost`(version: Int, value: String?, state: Check.State) {
    var facts = ServerFacts(version: version)
    if let value { facts.settings["idle_replication_slot_timeout"] = .init(value: value, unit: "s") }
    #expect(facts.checks.first { $0.id == .idleSlotTimeout }?.state == state)
  }

  @Test(arguments: [
    ("", nil), ("*", "*"), ("standby1", nil), ("Orders", "Orders"), ("FIRST 2 (a, orders)", "orders"),
    ("ANY 1 (\"orders\")", "orders"), ("1 (*)", "*"), ("\"or,ders\", b", nil), ("a,orders,b", "orders"),
  ])
  func `names of synchronous standbys that mean our stream`(names: String, match: String?) {
    #expect(StandbyNames.match("orders", in: names) == match)
    var facts = ServerFacts(version: 150_000, settings: ["synchronous_standby_names": names])
    facts.applicationName = "orders"
    let check = facts.checks.first { $0.id == .synchronousStandby }
    #expect(check?.state == (match == nil ? .ok : .warning))
  }

  @Test(arguments: [
    ("wal_sender_timeout", "0", "ms", Check.ID.walSenderTimeout, Check.State.warning),
    ("wal_sender_timeout", "60000", "ms", .walSenderTimeout, .ok),
    ("wal_sender_timeout", "1500", "ms", .walSenderTimeout, .warning),
    ("logical_decoding_work_mem", "64", "kB", .decodingMemory, .warning),
    ("logical_decoding_work_mem", "65536", "kB", .decodingMemory, .ok),
    ("max_slot_wal_keep_size", "-1", "MB", .walLimit, .ok), ("max_slot_wal_keep_size", "100", "MB", .walLimit, .ok),
  ])
  func `settings with units`(name: String, value: String, unit: String, id: Check.ID, state: Check.State) {
    var facts = ServerFacts(version: 160_000)
    facts.settings[name] = .init(value: value, unit: unit)
    #expect(facts.checks.first { $0.id == id }?.state == state)
  }

  @Test func `what the server does not tell is unknown`() {
    let states = Set(ServerFacts(version: 160_000).checks.filter { $0.id == .walSenders }.map(\.state))
    #expect(states == [.unknown])
  }

  @Test func `all statements are whole`() {
    var facts = ServerFacts(version: 160_000, settings: ["wal_level": "minimal", "max_wal_senders": "0"])
    facts.settings["wal_sender_timeout"] = .init(value: "0", unit: "ms")
    for check in facts.checks { #expect(check.mend.allSatisfy { $0.hasSuffix(";") }) }
  }
}

/// Who we are, and by which way we come.
@Suite struct RoleCheckingTests {
  @Test func `a process that is not the one that was announced is behind a pooler`() {
    var facts = RoleFacts()
    (facts.greeted, facts.process) = ("7", "4711")
    #expect(facts.poolerCheck.state == .failure)
    facts.greeted = "4711"
    #expect(facts.poolerCheck.state == .ok)
  }

  @Test(arguments: [(0.0, Check.State.ok), (2, .ok), (-60, .warning), (7200, .warning)])
  func `clocks that differ`(ahead: Double, state: Check.State) {
    var facts = RoleFacts()
    facts.clockAhead = ahead
    #expect(facts.clockCheck.state == state)
  }

  @Test func `plain is well within this machine, and not to another one`() {
    #expect(Check.tls(.plain(isExposed: false), leavesMachine: false).state == .ok)
    #expect(Check.tls(.plain(isExposed: false), leavesMachine: true).state == .warning)
    #expect(Check.tls(.plain(isExposed: true), leavesMachine: true).state == .warning)
    #expect(Check.tls(.encrypted("TLSv1.3"), leavesMachine: true).state == .ok)
  }
}
