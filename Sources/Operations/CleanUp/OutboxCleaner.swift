// SPDX-License-Identifier: Apache-2.0

import Glibc
public import OutboxMapping
import PostgresClient
public import PostgresWire
import Synchronization

/// Deletes or marks rows of outbox tables by their ids, over a connection of its own.
public final class OutboxCleaner: RowCleaner {
  /// How long a statement may take before it is given up and tried again.
  private static let timeLimit: Duration = .seconds(25)
  /// How long it may wait for another's lock before that is told and it is tried again.
  private static let lockLimit: Duration = .seconds(2)
  /// So many of its own transactions are known again, the newest ones.
  private static let mostTransactions = 65_536

  /// How long a transaction is waited for that the stream may have brought before others see it.
  private static let patience: Duration = .seconds(10)

  let work: CleanUpStatements
  private let session: SQLSession
  private let own = Mutex(OwnTransactions())
  /// Transactions that took longer than that: they are waited for once.
  private let outlasted = Mutex<Set<String>>([])

  private struct OwnTransactions {
    var known: Set<UInt32> = []
    var order: [UInt32] = []
    var next = 0

    mutating func insert(_ id: UInt32) {
      guard known.insert(id).inserted else { return }
      if order.count < mostTransactions { return order.append(id) }
      known.remove(order[next])
      order[next] = id
      next = (next + 1) % mostTransactions
    }
  }

  /// Makes a cleaner; the server is asked when there is something to do.
  ///
  /// - Parameters:
  ///   - column: the column that says when an event was delivered; nil to delete rows.
  ///   - mapping: which tables there are, and which column has the id.
  ///   - database: a connection string of libpq's.
  ///   - isCancelled: asked about every fifth of a second while waiting for the server: true gives up.
  public init(
    marking column: String?, _ mapping: MappingConfiguration, database: String,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    work = CleanUpStatements(tables: mapping.tables, id: mapping.columns[.id] ?? ColumnRole.id.rawValue, mark: column)
    session = SQLSession(
      database: database, timeLimit: Self.timeLimit, lockLimit: Self.lockLimit, isCancelled: isCancelled)
  }

  /// Whether it deletes or marks.
  public var statement: String { work.mark == nil ? "DELETE" : "UPDATE" }

  /// Of the newest ones it knows.
  public func isOwn(_ transaction: UInt32) -> Bool { own.withLock { $0.known.contains(transaction) } }

  /// Looks into the catalogue, then has the statement planned.
  public func check(_ tables: [ObjectID]) throws(Failure) {
    for place in work.tables.indices {
      let which = work.condition(place, tables.indices.contains(place) ? tables[place] : nil)
      do throws(Failure) {
        try session.transaction { (transaction) throws(Failure) in
          guard let row = try transaction.query(work.facts(where: which)).first, let facts = CleanUpFacts(row) else {
            throw work.missing(place)
          }
          if let fault = work.fault(facts) { throw fault }
          try transaction.trust(facts.name, where: which)
          _ = try transaction.query("EXPLAIN (COSTS off) \(work.statement(on: facts.target))", ["{}"])
        }
      } catch {
        // Whoever locks the table does not forbid it, and delivery does not wait for him.
        guard error.sqlState != "55P03" else { continue }
        throw work.located(error, work.tables[place])
      }
    }
  }

  /// Where rows are not there, once more: a commit is in the log, and may have come by the stream, before others see it.
  public func clean(_ rows: DeliveredRows) throws(Failure) -> Int {
    let count = try cleanOnce(rows)
    guard count < rows.ids.count else { return count }
    try waitForOthers()
    return count + (try cleanOnce(rows))
  }

  /// Waits until the transactions that are open now have ended, but for those that take too long.
  private func waitForOthers() throws(Failure) {
    let deadline = ContinuousClock.now + Self.patience
    let all = try openTransactions()
    var open = all.subtracting(outlasted.withLock(\.self))
    while !open.isEmpty, ContinuousClock.now < deadline {
      usleep(5_000)
      open.formIntersection(try openTransactions())
    }
    outlasted.withLock { $0 = $0.intersection(all).union(open) }
  }

  /// Those that write.
  private func openTransactions() throws(Failure) -> Set<String> {
    Set(
      try session.query(
        "SELECT id::pg_catalog.text FROM pg_catalog.txid_snapshot_xip(pg_catalog.txid_current_snapshot()) AS open (id)"
      ).compactMap { $0[0] })
  }

  /// In one transaction, after a look at what the table is called now.
  private func cleanOnce(_ rows: DeliveredRows) throws(Failure) -> Int {
    let place = rows.outbox - 1
    guard work.tables.indices.contains(place) else { return 0 }
    do throws(Failure) {
      return try session.transaction { (transaction) throws(Failure) in
        let which = work.condition(place, rows.table)
        guard let row = try transaction.query(work.target(where: which)).first,
          let target = CleanUpTarget(row[1], row[2], row[3], row[4])
        else { throw work.missing(place) }
        // Before the transaction is in the log, where the stream meets it.
        if let id = row[0].flatMap({ UInt64($0) }) { own.withLock { $0.insert(UInt32(truncatingIfNeeded: id)) } }
        try transaction.trust(target.table, where: which)
        let ids = SQLQuoting.array(rows.ids)
        let answer = try transaction.query(work.statement(on: target), [ids])
        let count = answer.first?[0].flatMap { Int($0) } ?? 0
        if count < rows.ids.count, try transaction.query(work.remains(of: target), [ids]).first?[0] == "t" {
          throw work.unmoved(target.table)
        }
        return count
      }
    } catch {
      throw work.located(error, work.tables[place])
    }
  }

  /// The other slots of the database through which outboxes may be read.
  public func otherSlots(than slot: String) throws(Failure) -> [String] {
    try session.query(
      "SELECT slot_name FROM pg_catalog.pg_replication_slots WHERE database = pg_catalog.current_database() "
        + "AND slot_name <> $1 AND NOT temporary ORDER BY 1", [slot]
    ).compactMap { $0[0] }
  }
}
