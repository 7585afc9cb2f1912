// SPDX-License-Identifier: Apache-2.0

import PostgresClient
public import PostgresWire

/// The table in which is kept, for each slot, where it began and how far rows were written before which position.
///
/// A transaction whose number lies below the oldest that ran at a mark had ended before the mark's position was the end of the log:
/// once the slot has confirmed that position, its events have been delivered. And one that got its number behind the start's
/// newest was committed when the slot was there, so that the slot has had its events at all.
package enum PruneMarks {
  /// The table beside an outbox.
  package static func table(beside outbox: TableName) -> TableName {
    TableName(schema: outbox.schema, name: "tailrace_marks")
  }

  static func createStatement(_ table: TableName) -> String {
    """
    CREATE TABLE \(SQLName.inStatement(table)) (
      number pg_catalog.int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      slot pg_catalog.text NOT NULL,
      outbox pg_catalog.text,
      is_start pg_catalog.bool NOT NULL,
      system pg_catalog.text NOT NULL,
      snapshot pg_catalog.pg_snapshot NOT NULL,
      position pg_catalog.pg_lsn NOT NULL,
      streamed pg_catalog.int8 NOT NULL,
      noted_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
    );
    """
  }

  /// The statements that note that a slot begins now to bring outboxes, or is known from now on to.
  ///
  /// - Parameter isNew: what was noted of another slot of its name is void.
  static func startStatements(_ table: TableName, slot: String, outboxes: [TableName], isNew: Bool) -> String {
    let name = "DELETE FROM \(SQLName.inStatement(table)) WHERE slot = \(SQLName.shown(value: slot)); "
    return (isNew ? name : "")
      + outboxes.map { note(table, slot, beginning: $0) + ";" }.joined(separator: " ")
  }

  /// The snapshot comes first: everything that it sees as ended is in the log before the position.
  ///
  /// - Parameter outbox: the one that the slot brings from now on; nil where only its position is noted.
  static func note(_ table: TableName, _ slot: String, beginning outbox: TableName? = nil) -> String {
    """
    INSERT INTO \(SQLName.inStatement(table)) (slot, outbox, is_start, system, snapshot, position, streamed) \
    SELECT \(SQLName.shown(value: slot)), \(outbox.map { SQLName.shown(value: "\($0)") } ?? "NULL"), \(outbox != nil), (SELECT system_identifier FROM pg_catalog.pg_control_system()), \
    pg_catalog.pg_current_snapshot(), pg_catalog.pg_current_wal_insert_lsn(), \(streamed(slot))
    """
  }

  /// How many transactions the slot has brought so far: fewer than before, and it is another slot, or nobody knows.
  static func streamed(_ slot: String) -> String {
    "coalesce((SELECT s.total_txns FROM pg_catalog.pg_stat_replication_slots s WHERE s.slot_name = "
      + "\(SQLName.shown(value: slot))), 0)"
  }
}

extension Administration {
  /// What has to be done so that rows can be pruned that a slot has delivered.
  ///
  /// - Parameters:
  ///   - plan: which slot brings which outboxes.
  ///   - steps: those before: where they make the slot, it is noted as a new one.
  ///   - makesTable: whether the table is made where it is missing; else only what is there is kept right.
  public func pruneSteps(_ plan: Plan, after steps: [Step], makesTable: Bool) throws(Failure) -> [Step] {
    let tables = Set(plan.tables.map { PruneMarks.table(beside: $0) }).sorted { "\($0)" < "\($1)" }
    var result: [Step] = []
    for table in tables {
      let isThere = try look(Plan(publication: "", slot: "", tables: [table])).root(0) != nil
      guard isThere || makesTable else { continue }
      if server.serverVersion < 140_000 {
        throw Failure(.serverVersion, "what a slot has delivered is known from PostgreSQL 14 on")
      }
      result.append(Step(subject: "table \(table)", sql: isThere ? nil : PruneMarks.createStatement(table)))
      let name = SQLName.inStatement(table)
      let rows =
        isThere ? try server.query("SELECT outbox FROM \(name) WHERE is_start AND slot = $1", [plan.slot]) : []
      let known = Set(rows.compactMap { $0[0] })
      let isNew = steps.contains { $0.madeSlot == plan.slot && $0.sql != nil }
      let outboxes = plan.tables.filter { PruneMarks.table(beside: $0) == table && (isNew || !known.contains("\($0)")) }
      guard !known.isEmpty || isNew || makesTable else { continue }
      let isToNote = !outboxes.isEmpty && (isNew || makesTable)
      result.append(
        Step(
          subject: "start of slot \(plan.slot) in \(table)",
          sql: isToNote
            ? PruneMarks.startStatements(table, slot: plan.slot, outboxes: outboxes, isNew: isNew) : nil))
    }
    return result
  }
}
