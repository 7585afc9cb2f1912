// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// Reading by the transactions that wrote the rows.
extension PollReader {
  /// Which transactions had ended at a time.
  struct Horizon {
    /// Which server it is and on which timeline, and of it which database and table.
    let server: String
    /// All transactions before it had ended.
    let high: UInt64
    /// No transaction from it on had begun.
    let next: UInt64
    /// The end of the server's log, in which the ends of all these are.
    let log: LSN
    /// Up to where the log is durable.
    let durable: LSN
  }

  func horizon() throws(Failure) -> Horizon {
    let row = try server.query(
      "SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot()), "
        + "pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot()), pg_catalog.pg_current_wal_insert_lsn(), "
        + "pg_catalog.pg_current_wal_flush_lsn(), (SELECT c.system_identifier FROM pg_catalog.pg_control_system() AS c), "
        + "pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8), "
        + "(SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())"
    ).first
    guard let high = row?[0].flatMap({ UInt64($0) }), let next = row?[1].flatMap({ UInt64($0) }),
      let log = row?[2].flatMap({ LSN($0) }), let durable = row?[3].flatMap({ LSN($0) }), let system = row?[4],
      let timeline = row?[5], let database = row?[6]
    else { throw Failure(.internal, "the server's answer about its transactions makes no sense") }
    return Horizon(
      server: "\(system)-\(timeline)-\(database)-\(shape.id)", high: high, next: next, log: log, durable: durable)
  }

  /// Has the end of the log made durable, within a second or so.
  func makeDurable() throws(Failure) { _ = try server.query("SELECT pg_catalog.pg_current_xact_id()") }

  /// Reads the next rows of a step.
  mutating func read(_ step: PolledRows) throws(Failure) -> Page {
    let number = WritingTransaction.number
    let isWithin = ["\(number) >= \(step.low)", "\(number) < \(step.high)"]
    guard step.last.count == order.expressions.count else { return try read(where: isWithin, [], withOrder: true) }
    // What has no place is to be seen, too.
    let rest = order.column.map { "(\(order.isBehind) OR t.\($0) IS NULL)" } ?? order.isBehind
    return try read(where: isWithin + [rest], step.last, withOrder: true)
  }

  /// The first transaction of a step of which a row would pass one of the same key that stands before it and is not in the step; nil
  /// where none does.
  func passing(_ step: PolledRows) throws(Failure) -> UInt64? {
    let number = WritingTransaction.number
    let rows = try server.query(
      "SELECT pg_catalog.min(r.number) FROM (SELECT \(number) AS number, pg_catalog.bool_or(\(number) >= \(step.high)) OVER "
        + "(PARTITION BY \(key) ORDER BY \(order.inSteps) ROWS UNBOUNDED PRECEDING) AS passes FROM \(source) "
        + "WHERE \(number) >= \(step.low)) AS r WHERE r.passes AND r.number < \(step.high)")
    return rows.first?[0].flatMap { UInt64($0) }
  }

  /// Whether there are rows of transactions from one on.
  func hasRows(from number: UInt64) throws(Failure) -> Bool {
    try server.query("SELECT EXISTS (SELECT FROM \(source) WHERE \(WritingTransaction.number) >= \(number))")
      .first?[0] == "t"
  }

  /// What is known of a transaction that is open, for an operator: as much as our role may see.
  func description(of number: UInt64) throws(Failure) -> String {
    let short = "\(UInt32(truncatingIfNeeded: number))"
    let rows = try server.query(
      "SELECT a.pid, pg_catalog.date_trunc('second', a.xact_start), nullif(a.application_name, '') "
        + "FROM pg_catalog.pg_stat_activity a WHERE a.backend_xid::pg_catalog.text = $1 UNION ALL "
        + "SELECT NULL, pg_catalog.date_trunc('second', p.prepared), p.gid FROM pg_catalog.pg_prepared_xacts p "
        + "WHERE p.transaction::pg_catalog.text = $1", [short])
    guard let row = rows.first else { return "number \(number)" }
    let process = row[0].map { "process \($0)" } ?? "prepared"
    let since = row[1].map { ", since \($0)" } ?? ""
    return "number \(number), \(process)\(since)" + (row[2].map { ", \($0)" } ?? "")
  }

  /// Without the rows of the last time, of which there may be more, unless all are of it: rows of one time are ordered together.
  static func whole(_ rows: [Row], isFull: Bool) -> [Row] {
    guard isFull, let last = rows.last?.order.first, let end = rows.lastIndex(where: { $0.order.first != last }) else {
      return rows
    }
    return Array(rows[...end])
  }
}
