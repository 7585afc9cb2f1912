// SPDX-License-Identifier: Apache-2.0

import PostgresClient
package import PostgresWire

/// The table in which is kept, for each slot and outbox, where the slot begins and which transactions had ended there, so that a later
/// process knows which rows the slot does not bring.
package enum SnapshotTable {
  /// The table beside an outbox.
  package static func table(beside outbox: TableName) -> TableName {
    TableName(schema: outbox.schema, name: "tailrace_snapshots")
  }

  package static func createStatement(_ table: TableName) -> String {
    """
    CREATE TABLE \(SQLName.inStatement(table)) (
      slot pg_catalog.text NOT NULL,
      outbox pg_catalog.text NOT NULL,
      outbox_id pg_catalog.oid NOT NULL,
      system pg_catalog.text NOT NULL,
      consistent_point pg_catalog.pg_lsn NOT NULL,
      snapshot pg_catalog.pg_snapshot NOT NULL,
      row_count pg_catalog.int8 NOT NULL,
      taken_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
      PRIMARY KEY (slot, outbox_id)
    );
    """
  }

  /// A snapshot's text as the server reads it back.
  ///
  /// Where a slot begins, the oldest transaction that runs may be newer than the last one that has committed, as all between them
  /// were rolled back: then the server writes `747:743:`, which it does not read. All below the first number have ended.
  package static func readable(_ snapshot: String) -> String {
    let parts = snapshot.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 3, let oldest = UInt64(parts[0]), let next = UInt64(parts[1]), oldest > next else {
      return snapshot
    }
    return "\(oldest):\(oldest):\(parts[2])"
  }

  /// Whether a slot and an outbox are noted: a condition with `$1` and, by its name, `$2`. A table that was renamed is the same, and
  /// one that has come in its place is another.
  package static let isMeant = "slot = $1 AND outbox_id = $2::pg_catalog.text::pg_catalog.regclass::pg_catalog.oid"
}

/// What is noted of a slot and an outbox.
struct SnapshotRecord: Hashable, Sendable {
  /// All that was committed before it is in the snapshot, and all else comes by the slot.
  let start: LSN
  /// As text, such as `740:742:740`: the oldest transaction that had not ended, the next one, and those between that had not.
  let snapshot: String
  /// Below it every transaction had ended.
  let xmin: String
  /// How many rows the outbox had.
  let count: UInt64
  /// When it was noted.
  let takenAt: String
  let time: PostgresTimestamp

  static func read(_ server: borrowing Connection, _ slot: String, _ outbox: TableName) throws(Failure)
    -> SnapshotRecord
  {
    let table = SnapshotTable.table(beside: outbox)
    let again: Wording =
      "\(command: "teardown", [.init("slot", slot)]) and \(command: "setup", [.init("slot", slot), .init("snapshot")]) make it anew; rows that are in the table now go out with \(command: "redeliver")"
    let rows: [SQLRow]
    do throws(Failure) {
      // A view would run what its owner has written.
      _ = try TableShape.look(server, table)
      rows = try server.query(
        """
        SELECT s.consistent_point, s.snapshot, pg_catalog.pg_snapshot_xmin(s.snapshot), s.row_count, s.taken_at, \
        (extract(epoch FROM s.taken_at - timestamptz '2000-01-01 00:00:00+00') * 1000000)::pg_catalog.int8, \
        s.system = (SELECT system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system()) \
        FROM \(SQLName.inStatement(table)) AS s WHERE \(SnapshotTable.isMeant)
        """, [slot, SQLName.quoted(outbox)])
    } catch {
      switch error.sqlState {
      case "42P01"?, "3F000"?: throw missing(slot, "there is no table \(table)", again)
      case "42501"?:
        throw Failure(
          .privilege, "the snapshot of slot \"\(slot)\" cannot be read: \(error.what)",
          advice:
            "as its owner, GRANT SELECT ON TABLE \(SQLName.inStatement(outbox)), \(SQLName.inStatement(table)) TO the role",
          sqlState: "42501")
      default: throw error
      }
    }
    guard let row = rows.first else { throw missing(slot, "\(table) has nothing of it and \(outbox)", again) }
    guard row[6] == "t" else { throw missing(slot, "what \(table) has of it is another server's", again) }
    guard let start = row[0].flatMap({ LSN($0) }), let snapshot = row[1], let xmin = row[2],
      let count = row[3].flatMap({ UInt64($0) }), let takenAt = row[4], let time = row[5].flatMap({ Int64($0) })
    else { throw Failure(.internal, "the server's answer about a snapshot makes no sense") }
    return SnapshotRecord(
      start: start, snapshot: SnapshotTable.readable(snapshot), xmin: xmin, count: count, takenAt: takenAt,
      time: PostgresTimestamp(rawValue: time))
  }

  private static func missing(_ slot: String, _ why: Wording, _ advice: Wording) -> Failure {
    Failure(
      .settings,
      "nobody knows which rows were there before slot \"\(slot)\", which was made without a snapshot: " + why,
      advice: advice)
  }
}
