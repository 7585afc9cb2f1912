// SPDX-License-Identifier: Apache-2.0

import Octets
import PostgresClient
import PostgresWire
import Replication

/// What a server's settings mean for a stream.
extension ServerFacts {
  /// All checks of settings.
  var checks: [Check] {
    [
      versionCheck, levelCheck, slotsCheck, sendersCheck, timeoutCheck, limitCheck, idleCheck, memoryCheck,
      synchronousCheck,
    ]
  }

  var hasLogicalWAL: Bool { (try? ServerChecks.check(walLevel: self["wal_level"], serverVersion: version)) != nil }

  var hasFreeSlot: Bool { Int(self["max_replication_slots"]).map { slots ?? 0 < $0 } ?? true }

  private var versionCheck: Check {
    let hidden =
      areSourcesHidden ? "; pg_settings may not be read, so where its settings come from is not seen" : ""
    let name = "PostgreSQL \(version / 10_000)\(isStandby ? ", a standby" : "")\(hidden)"
    do throws(Failure) {
      try ServerChecks.requireDecodingHere(serverVersion: version, isStandby: isStandby)
    } catch {
      return Check(.serverVersion, error, means: "no stream can be opened here")
    }
    guard version >= 140_000 else {
      return Check(
        .serverVersion, .warning, Wording(name),
        means: "it has no logical messages and sends no transactions in progress, and nobody tests with it any more",
        todo: ["plan to move to a later version"])
    }
    return Check(.serverVersion, .ok, Wording(name), means: "a stream can be opened")
  }

  private var levelCheck: Check {
    let level = self["wal_level"]
    do throws(Failure) {
      try ServerChecks.check(walLevel: level, serverVersion: version)
    } catch {
      return Check(
        .walLevel, .failure, error.what,
        means: "the server's log does not hold what a stream reads: no slot can be made",
        mend: ["ALTER SYSTEM SET wal_level = 'logical';"], todo: ["restart the server, which this setting needs"])
    }
    guard let effective = settings["effective_wal_level"]?.value else {
      return Check(.walLevel, .ok, "wal_level is \(level)", means: "the server's log holds what a stream reads")
    }
    return Check(
      .walLevel, .ok, "wal_level is \(level), effective_wal_level is \(effective)",
      means: effective == "logical"
        ? "the server's log holds what a stream reads"
        : "the first logical slot raises what the server writes to its log; making it may take a minute")
  }

  private var slotsCheck: Check {
    guard let most = Int(self["max_replication_slots"]) else {
      return unread(.replicationSlots, "max_replication_slots")
    }
    guard let slots else { return uncounted(.replicationSlots, "pg_replication_slots") }
    let found: Wording = "\(slots) of \(most) are in use (max_replication_slots)"
    guard slots >= most else {
      return Check(.replicationSlots, .ok, found, means: "there is room for another slot")
    }
    return Check(
      .replicationSlots, .warning, found, means: "no further slot can be made, and no copy to look into one",
      mend: ["ALTER SYSTEM SET max_replication_slots = \(most + 10);"],
      todo: ["drop a slot that nobody needs, or restart the server, which this setting needs"])
  }

  private var sendersCheck: Check {
    guard let most = Int(self["max_wal_senders"]) else { return unread(.walSenders, "max_wal_senders") }
    guard let senders else { return uncounted(.walSenders, "pg_stat_replication") }
    let found: Wording = "\(senders) of \(most) are in use (max_wal_senders)"
    guard most - senders < 2 else {
      return Check(.walSenders, .ok, found, means: "a stream needs two, one to read and one to ask about its tables")
    }
    return Check(
      .walSenders, most == 0 ? .failure : .warning, found,
      means: "a stream needs two, one to read and one to ask about its tables; they may be those of one that runs",
      mend: ["ALTER SYSTEM SET max_wal_senders = \(most + 10);"],
      todo: ["restart the server, which this setting needs"])
  }

  private var timeoutCheck: Check {
    guard let limit = settings["wal_sender_timeout"]?.duration else {
      return unread(.walSenderTimeout, "wal_sender_timeout")
    }
    let (mend, todo) = changing("wal_sender_timeout", to: "60s")
    if limit == .zero {
      return Check(
        .walSenderTimeout, .warning, "it is off (wal_sender_timeout)",
        means: "the server does not notice that a client has gone without a word, and keeps the slot for it",
        mend: mend, todo: todo)
    }
    let found: Wording = "\(Amounts.time(limit)) (wal_sender_timeout)"
    guard limit >= .seconds(5) else {
      return Check(
        .walSenderTimeout, .warning, found, means: "a network that pauses for a moment ends the stream", mend: mend,
        todo: todo)
    }
    return Check(
      .walSenderTimeout, .ok, found, means: "after so much silence the server lets go of a client, and of its slot")
  }

  private var limitCheck: Check {
    guard let setting = settings["max_slot_wal_keep_size"] else { return unread(.walLimit, "max_slot_wal_keep_size") }
    guard let limit = setting.bytes else {
      return Check(
        .walLimit, .ok, "there is no limit (max_slot_wal_keep_size)",
        means: "no slot is lost, but one that nobody reads keeps log until the server's disk is full")
    }
    return Check(
      .walLimit, .ok, "\(ByteCount(limit)) (max_slot_wal_keep_size)",
      means: "a slot that is so far behind is lost, so that the server's disk does not fill")
  }

  private var idleCheck: Check {
    guard let setting = settings["idle_replication_slot_timeout"] else {
      return Check(
        .idleSlotTimeout, .ok, "this version has none", means: "a slot is not lost because nobody reads it for a while")
    }
    let limit = setting.duration ?? .zero
    guard limit > .zero else {
      return Check(
        .idleSlotTimeout, .ok, "it is off (idle_replication_slot_timeout)",
        means: "a slot is not lost because nobody reads it for a while")
    }
    let found: Wording = "\(Amounts.time(limit)) (idle_replication_slot_timeout)"
    guard limit < .seconds(86_400) else {
      return Check(.idleSlotTimeout, .ok, found, means: "a slot that nobody reads for so long is lost")
    }
    return Check(
      .idleSlotTimeout, .warning, found, means: "a relay that is down for so long has lost its slot",
      mend: ["ALTER SYSTEM SET idle_replication_slot_timeout = '7d';", "SELECT pg_catalog.pg_reload_conf();"])
  }

  private var memoryCheck: Check {
    guard let bytes = settings["logical_decoding_work_mem"]?.bytes else {
      return unread(.decodingMemory, "logical_decoding_work_mem")
    }
    let found: Wording = "\(ByteCount(bytes)) (logical_decoding_work_mem)"
    guard bytes >= 1 << 20 else {
      let (mend, todo) = changing("logical_decoding_work_mem", to: "64MB")
      return Check(
        .decodingMemory, .warning, found, means: "every larger transaction goes through the server's disk",
        mend: mend, todo: todo)
    }
    return Check(
      .decodingMemory, .ok, found, means: "a transaction that is larger comes while it is in progress, or goes to disk")
  }

  private var synchronousCheck: Check {
    let names = self["synchronous_standby_names"]
    guard !names.isEmpty else {
      return Check(
        .synchronousStandby, .ok, "none is named (synchronous_standby_names)", means: "no commit waits for a delivery")
    }
    guard let match = StandbyNames.match(applicationName, in: names) else {
      return Check(
        .synchronousStandby, .ok, "'\(names)' does not name '\(applicationName)'",
        means: "no commit waits for a delivery")
    }
    return Check(
      .synchronousStandby, .warning,
      "'\(match)' in synchronous_standby_names ('\(names)') means '\(applicationName)', which is a stream of this slot",
      means: "commits may wait until their events are delivered, which nobody has asked for",
      todo: [
        match == "*"
          ? "name the standbys in synchronous_standby_names instead of *"
          : "give the stream another application_name in the connection string"
      ])
  }

  /// How a setting is changed where its value comes from: what is set for a role, a database or a client counts more than what
  /// is set for the server.
  private func changing(_ name: String, to value: String) -> (mend: [String], todo: [Wording]) {
    let (role, database) = (SQLName.inStatement(role), SQLName.inStatement(database))
    let system = ["ALTER SYSTEM SET \(name) = '\(value)';", "SELECT pg_catalog.pg_reload_conf();"]
    switch settings[name]?.source {
    case "database user": return (["ALTER ROLE \(role) IN DATABASE \(database) RESET \(name);"], [])
    case "user": return (["ALTER ROLE \(role) RESET \(name);"], [])
    case "database": return (["ALTER DATABASE \(database) RESET \(name);"], [])
    case "global": return (["ALTER ROLE ALL RESET \(name);"], [])
    case "client":
      return ([], ["take \(name) out of the options in the connection string, or out of PGOPTIONS, of the stream too"])
    case "command line", "environment variable":
      return ([], ["take \(name) out of what starts the server, and restart it"])
    case nil where areSourcesHidden:
      let grant = "GRANT SELECT ON pg_catalog.pg_settings TO \(role);"
      return (
        system,
        ["if that does not help, it is set for the role, the database or this client: \(sql: grant) shows which"]
      )
    default: return (system, [])
    }
  }

  private func uncounted(_ id: Check.ID, _ view: String) -> Check {
    Unseen(
      found: "role \(SQLName.inStatement(role)) may not read \(view)",
      mend: ["GRANT SELECT ON pg_catalog.\(view) TO \(SQLName.inStatement(role));"]
    ).check(id)
  }

  private func unread(_ id: Check.ID, _ name: String) -> Check {
    Unseen(found: "the server does not tell \(name)").check(id)
  }
}

/// The names in `synchronous_standby_names`.
///
/// Source: PostgreSQL manual, "Replication", synchronous_standby_names.
enum StandbyNames {
  /// The entry that means a client, or `*`; nil for none.
  static func match(_ name: String, in names: String) -> String? {
    entries(names).first { $0 == "*" || $0.lowercased() == name.lowercased() }
  }

  static func entries(_ names: String) -> [String] {
    var list = Substring(names)
    // `FIRST 2 (…)`, `ANY 1 (…)` or `2 (…)`.
    if let start = list.firstIndex(of: "("), let end = list.lastIndex(of: ")"), !list[..<start].contains("\"") {
      list = list[list.index(after: start)..<end]
    }
    var (entries, entry, isQuoted): ([String], String, Bool) = ([], "", false)
    for character in list {
      switch character {
      case "\"": isQuoted.toggle()
      case "," where !isQuoted:
        entries.append(entry)
        entry = ""
      case " " where !isQuoted, "\t" where !isQuoted, "\n" where !isQuoted: break
      default: entry.append(character)
      }
    }
    return (entries + [entry]).filter { !$0.isEmpty }
  }
}
