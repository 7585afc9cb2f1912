// SPDX-License-Identifier: Apache-2.0

import Octets
import PostgresClient
import PostgresWire
import Replication

/// Where a server's log ends at a moment.
struct LogEnd: Hashable, Sendable {
  var lsn: LSN
  /// By the server's clock.
  var seconds: Double

  /// On a standby it ends where it has been replayed.
  static let question =
    "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() "
    + "ELSE pg_catalog.pg_current_wal_lsn() END, extract(epoch FROM pg_catalog.clock_timestamp())"

  init(lsn: LSN, seconds: Double) { (self.lsn, self.seconds) = (lsn, seconds) }

  init?(_ row: SQLRow) {
    guard let lsn = row[0].flatMap({ LSN($0) }), let seconds = row[1].flatMap({ Double($0) }) else { return nil }
    self.init(lsn: lsn, seconds: seconds)
  }

  /// How many bytes a second were written since an earlier look.
  func rate(since earlier: LogEnd) -> Double? {
    guard seconds > earlier.seconds, lsn >= earlier.lsn else { return nil }
    return Double(lsn.rawValue - earlier.lsn.rawValue) / (seconds - earlier.seconds)
  }
}

/// What a slot keeps the server from forgetting, and how long that may go on.
struct BacklogChecking {
  let slot: SlotFacts
  let server: ServerFacts?
  let now: LogEnd
  /// Bytes a second; nil where it could not be measured.
  let rate: Double?

  var held: Int64 { distance(from: slot.restart) }
  private var behind: Int64 { distance(from: slot.confirmed) }

  private func distance(from lsn: LSN?) -> Int64 {
    guard let lsn, lsn < now.lsn else { return 0 }
    return Int64(clamping: now.lsn.rawValue - lsn.rawValue)
  }

  /// How long until the slot is lost at this rate, in seconds; nil where it never is.
  var secondsLeft: Double? {
    guard let safe = slot.safeBytes, let rate, rate > 0 else { return nil }
    return max(0, Double(safe)) / rate
  }

  var walCheck: Check {
    let pace = rate.map { "\(ByteCount($0)) a second are written" } ?? "how fast is written was not seen"
    let left = secondsLeft.map { "; at that pace the limit is reached in \(Amounts.time($0))" } ?? ""
    let room = slot.safeBytes.map { "; \(ByteCount(max(0, $0))) until it is lost" } ?? "; there is no limit"
    let found: Wording =
      "wal_status is \(slot.walStatus ?? "?"); \(ByteCount(held)) are held, \(ByteCount(behind)) are not confirmed; "
      + "\(pace)\(room)\(left)"
    // What is held and what may yet come is the limit as it is now.
    let limit = max(512 << 20, held + max(0, slot.safeBytes ?? 0)) >> 20
    let raised = min(2 * limit, Int64(Int32.max))
    let raise = [
      "ALTER SYSTEM SET max_slot_wal_keep_size = '\(raised)MB';", "SELECT pg_catalog.pg_reload_conf();",
    ]
    if slot.walStatus == "unreserved" {
      return Check(
        .slotWAL, .failure, found, means: "the slot is lost at the server's next checkpoint", mend: raise,
        todo: ["let a stream read the slot now, or see why it does not"])
    }
    if let secondsLeft, secondsLeft < 3600 {
      return Check(
        .slotWAL, .warning, found, means: "at this pace the slot is lost soon unless a stream reads it",
        todo: [
          "see why no stream reads the slot, or why it is slow",
          "where the server's disk has room for it, \(sql: raise.joined(separator: " "))",
        ])
    }
    return Check(.slotWAL, .ok, found, means: "the server keeps what is not confirmed")
  }

  var idleCheck: Check? {
    guard let limit = server?.settings["idle_replication_slot_timeout"]?.duration, limit > .zero,
      let idle = slot.idleSeconds, case let whole = Double(limit.components.seconds), idle > whole / 2
    else { return nil }
    return Check(
      .idleSlotTimeout, .warning,
      "nobody has read the slot for \(Amounts.time(idle)), and after \(Amounts.time(whole)) it is lost "
        + "(idle_replication_slot_timeout)", means: "the slot is lost soon unless a stream reads it",
      todo: [
        "start the stream",
        "if it has to be away for longer, "
          + "\(sql: "ALTER SYSTEM SET idle_replication_slot_timeout = 0; SELECT pg_catalog.pg_reload_conf();")",
      ])
  }

  var twoPhaseCheck: Check {
    Check(
      .twoPhase, .ok, slot.isTwoPhase ? "it is on" : "it is off",
      means: slot.isTwoPhase
        ? "prepared transactions come when they are prepared, and are delivered when they are committed"
        : "prepared transactions come when they are committed")
  }

  /// - Parameter standbys: the slots that `synchronized_standby_slots` names, and whether a standby has each.
  func failoverCheck(_ standbys: [(name: String, isActive: Bool)]) -> Check {
    if slot.isSynchronized {
      return Check(
        .failover, .ok, "the slot is a copy of the primary's", means: "it can be read when this standby is promoted")
    }
    guard let server, server.version >= 170_000 else {
      return Check(
        .failover, .ok, "this version has no slots that follow a failover",
        means: "after a failover the slot is to be made anew")
    }
    guard slot.followsFailover else {
      return Check(.failover, .ok, "the slot does not follow a failover", means: "after one it is to be made anew")
    }
    guard !standbys.isEmpty else {
      return Check(
        .failover, .warning, "the slot follows a failover, and synchronized_standby_slots is empty",
        means: "events may be delivered that a promoted standby does not have",
        todo: [
          "name the standby's physical slot in synchronized_standby_slots"
        ])
    }
    let gone = standbys.filter { !$0.isActive }.map(\.name)
    guard gone.isEmpty else {
      return Check(
        .failover, .failure, "no standby has \(gone.joined(separator: ", ")), which synchronized_standby_slots names",
        means: "the server holds every event back until that standby has it",
        todo: ["start the standby, or take its slot out of synchronized_standby_slots"])
    }
    return Check(
      .failover, .ok,
      "the slot follows a failover, and \(standbys.map(\.name).joined(separator: ", ")) is there; whether the standby has a "
        + "copy of it only the standby tells", means: "a promoted standby goes on with what was not delivered")
  }
}
