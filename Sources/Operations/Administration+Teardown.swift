// SPDX-License-Identifier: Apache-2.0

import PostgresClient
public import PostgresWire
import Replication

/// Removing what a stream had on the server.
extension Administration {
  /// How long it may take to see whether a slot has something to read.
  private static let lookLimit = "10s"
  /// So many events are counted.
  private static let mostCounted = 1000

  /// What has to be done to remove slot and publication, and what is kept of the slot's beginning; the tables stay. Changes nothing.
  ///
  /// - Parameters:
  ///   - plan: what was set up.
  ///   - discards: whether a slot may go that has events which nobody has read.
  ///   - countsMessages: whether logical messages are events.
  public func teardownSteps(
    _ plan: Plan, discards: Bool = false, countsMessages: Bool = false
  ) throws(Failure) -> [Step] {
    let slot = SQLQuoting.literal(plan.slot)
    let here = try currentDatabase()
    let facts = try SlotFacts.look(server, plan.slot)
    let publication = try server.query(
      "SELECT FROM pg_catalog.pg_publication WHERE pubname = \(SQLQuoting.literal(plan.publication))")
    if !publication.isEmpty, try isStandby() {
      let own: Wording =
        facts == nil
        ? "" : "; the slot here is the standby's own: SELECT pg_catalog.pg_drop_replication_slot(\(slot)); removes it"
      throw Failure(
        .server, "the server is a standby, on which no publication can be removed", advice: Self.primaryAdvice + own)
    }
    let fault = facts?.fault(in: here)
    switch fault {
    case .plugin(let plugin):
      throw foreign(
        plan.slot,
        plugin.map { "uses plugin \($0), so another program has it" } ?? "is physical: a standby or a backup has it")
    case .database(let database):
      throw foreign(plan.slot, "belongs to database \"\(database ?? "?")\", not to \"\(here)\"")
    case .halfMade(let process): throw SlotFault.halfMade(plan.slot, by: process, then: "teardown")
    case .inUse(let process):
      throw Failure(
        .slotInUse, "replication slot \"\(plan.slot)\" of database \"\(here)\" is active for PID \(process ?? "?")",
        advice: "stop that client first", sqlState: "55006")
    // What has been invalidated cannot be read by anybody.
    case .lost: break
    case nil:
      guard let facts, !discards else { break }
      try refuseUnread(
        plan, since: facts.confirmed.map { "\($0)" }, here, isPublished: !publication.isEmpty, countsMessages)
    }
    return try [
      Step(
        subject: "slot \(plan.slot) of database \(here)",
        sql: facts == nil ? nil : "SELECT pg_catalog.pg_drop_replication_slot(\(slot));"),
      publicationStep(removing: plan, here, exists: !publication.isEmpty),
    ] + snapshotSteps(removing: plan)
  }

  /// A publication stays while another slot may be read through it: that one's rows would be lost for good.
  private func publicationStep(removing plan: Plan, _ here: String, exists: Bool) throws(Failure) -> Step {
    let subject = "publication \(plan.publication) of database \(here)"
    guard exists else { return Step(subject: subject, sql: nil) }
    let statement = "DROP PUBLICATION \(SQLName.inStatement(plan.publication));"
    let readers = try otherSlots(than: plan)
    guard !readers.isEmpty else { return Step(subject: subject, sql: statement) }
    return Step(
      subject: subject, sql: nil,
      left:
        "is kept, for through it may be read slot \(readers.joined(separator: ", ")); where none is, \(sql: statement)")
  }

  /// The other slots of this database that may be read through the publication: nobody can tell that one is not.
  private func otherSlots(than plan: Plan) throws(Failure) -> [String] {
    try server.query(
      "SELECT slot_name FROM pg_catalog.pg_replication_slots WHERE plugin = 'pgoutput' "
        + "AND database = pg_catalog.current_database() AND slot_name <> $1 ORDER BY 1", [plan.slot]
    ).compactMap { $0[0] }
  }

  /// A slot that is not ours is kept: what its owner has not read would be lost.
  private func foreign(_ slot: String, _ whose: String) -> Failure {
    Failure(
      .slotForeign, "replication slot \"\(slot)\" \(whose)",
      advice: "name the slot of this outbox; another's is removed by its owner, with pg_drop_replication_slot")
  }

  /// Refuses while there is something to read, or nobody can tell.
  private func refuseUnread(
    _ plan: Plan, since lsn: String?, _ here: String, isPublished: Bool, _ countsMessages: Bool
  ) throws(Failure) {
    var unread = "events that nobody has read"
    do throws(Failure) {
      let count = isPublished ? try count(plan, countsMessages) : nil
      if count == 0 { return }
      if let count { unread = "\(count)\(count < Self.mostCounted ? "" : " or more") unread events" }
    } catch {
      // The time was over, or it cannot be read through this publication.
      if error.kind == .privilege { try requireTeardownRights(plan, removesSlot: true) }
      guard error.sqlState != nil, error.kind != .privilege else { throw error }
    }
    let log =
      try server.query(
        "SELECT pg_catalog.pg_size_pretty(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), "
          + "confirmed_flush_lsn)) FROM pg_catalog.pg_replication_slots WHERE slot_name = $1", [plan.slot]
      ).first?.first.flatMap { $0 } ?? "?"
    throw Failure(
      .slotUnread,
      "replication slot \"\(plan.slot)\" of database \"\(here)\" \(unread.first == "e" ? "may have" : "has") \(unread), in "
        + "\(log) of log since \(lsn ?? "?")",
      advice: "deliver them first, or throw them away with \(command: "teardown", [.init("force")])")
  }

  /// How many events the slot has to read. Takes nothing from it.
  private func count(_ plan: Plan, _ countsMessages: Bool) throws(Failure) -> Int? {
    let messages = countsMessages && server.serverVersion >= 140_000
    let kinds = messages ? "73, 77" : "73"
    let options =
      "'proto_version', '1', 'publication_names', \(SQLQuoting.literal(SQLName.quoted(plan.publication)))"
      + (messages ? ", 'messages', 'true'" : "")
    _ = try server.query("SET statement_timeout = '\(Self.lookLimit)'")
    defer { _ = try? server.query("SET statement_timeout = 0") }
    let rows = try server.query(
      "SELECT pg_catalog.count(*) FROM pg_catalog.pg_logical_slot_peek_binary_changes(\(SQLQuoting.literal(plan.slot)), "
        + "NULL, \(Self.mostCounted), \(options)) WHERE pg_catalog.get_byte(data, 0) IN (\(kinds))")
    return rows.first?.first.flatMap { $0 }.flatMap { Int($0) }
  }
}
