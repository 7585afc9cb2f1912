// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// Partitions by time: those ahead are made, those that are over go as a whole.
extension Pruner {
  /// How long the table may be kept from everybody, and how often that is tried.
  private static let moment = (milliseconds: 100, attempts: 40)
  /// Others have it locked.
  private static let busy: Set<String> = ["55P03", "40P01"]

  /// What became of a partition.
  private enum Fate: Sendable {
    case dropped(Int)
    case kept(old: Int, proved: Int)
    case busy(Int)
  }

  /// Makes the partitions of the next days where they are missing. It needs no proof, and no proof is worth more than it.
  func keepPartitions() throws(Failure) {
    func look() throws(Failure) -> DayPartitions? {
      try DayPartitions.look(request.table) { (sql, values) throws(Failure) in try session.query(sql, values) }
    }
    guard let found = try look() else { return }
    for day in found.missing {
      let name = found.name(day.label)
      guard !request.dryRun else {
        tell("would make partition \(name)")
        continue
      }
      do throws(Failure) {
        try session.transaction { (transaction) throws(Failure) in
          try transaction.trust(request.table, isWritten: false)
          for statement in found.statements(day) { _ = try transaction.query(statement) }
        }
        tell("made partition \(name)")
      } catch {
        switch error.sqlState {
        // Rows of that day are in the default partition; locks are for the next run.
        case "23514"?:
          tell(
            "cannot make partition \(name): rows of that day are in the default partition, where they are pruned one by one"
          )
        case let state? where Self.busy.contains(state):
          tell("could not make partition \(name), for others have the table locked; the next run tries again")
        case "42P07"?, "23505"?:
          // Another run may just have made it.
          if try look()?.days.contains(where: { $0.label == day.label && $0.isThere }) == true { continue }
          throw Failure(
            .differs, "partition \(name) cannot be made: there is a table of that name, which is no partition",
            advice: "attach it again, or rename or drop it", sqlState: error.sqlState)
        case "42501"?:
          throw Failure(
            .privilege, "partition \(name) cannot be made: \(error.what)",
            advice: "run it as the owner of \(request.table), with CREATE on schema \(request.table.schema)",
            sqlState: error.sqlState)
        default: throw error
        }
      }
    }
  }

  /// Drops a partition if every row of it may go.
  func drop(
    _ part: PruneTarget.Part, _ target: PruneTarget, _ proof: PruneProof, _ kept: String, _ result: inout Result
  ) throws(Failure) {
    let fate: Fate
    do throws(Failure) {
      fate = try look(part, target, proof, kept)
    } catch {
      if let state = error.sqlState, Self.busy.contains(state) {
        fate = .busy(0)
      } else {
        throw error.sqlState == "42P01" ? replaced(part) : explainedDrop(error, part)
      }
    }
    switch fate {
    case .dropped(let count):
      result.old += count
      result.gone += count
      result.partitions += 1
      tell("\(request.dryRun ? "would drop" : "dropped") partition \(part.table), with \(count) rows")
    case .kept(let old, let proved):
      result.old += old
      tell(
        "partition \(part.table) stays: \(old - proved) of its \(old) rows are not proved to be delivered or are dead letters"
      )
    case .busy(let count):
      if isCancelled() { return }
      result.old += count
      result.busy += count
      tell("partition \(part.table) stays, for others have it or \(request.table) locked; the next run tries again")
    }
  }

  private func look(
    _ part: PruneTarget.Part, _ target: PruneTarget, _ proof: PruneProof, _ kept: String
  ) throws(Failure) -> Fate {
    // Where its time is over, all rows of it are old.
    let count =
      "SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE \(Self.mayGo(target, proof))) FROM ONLY \(part.name) AS t "
      + "WHERE $1::pg_catalog.text IS NOT NULL"
    let parameters = [target.limit, kept]
    func counts(_ rows: [SQLRow]) -> (all: Int, sure: Int) {
      (rows.first?[0].flatMap { Int($0) } ?? -1, rows.first?[1].flatMap { Int($0) } ?? -2)
    }
    // Nobody is kept from a partition that stays.
    let before = counts(try session.query(count, parameters))
    guard before.all == before.sure else { return .kept(old: before.all, proved: before.sure) }
    guard !request.dryRun else { return .dropped(before.all) }
    return try session.transaction { (transaction) throws(Failure) in
      _ = try transaction.query("SET LOCAL lock_timeout = '3s'")
      // From here on nobody writes into it, and what was written is seen.
      _ = try transaction.query("LOCK TABLE ONLY \(part.name) IN SHARE MODE")
      try requireSame(transaction, part, target)
      let rows = try transaction.query(count, parameters)
      let (all, sure) = (rows.first?[0].flatMap { Int($0) } ?? -1, rows.first?[1].flatMap { Int($0) } ?? -2)
      guard all == sure else { return .kept(old: all, proved: sure) }
      return try drop(part, transaction) ? .dropped(all) : .busy(all)
    }
  }

  /// Dropping takes the whole table for a moment, for which others are not kept waiting: not even by a deadlock with one who waits
  /// for the partition.
  private func drop(_ part: PruneTarget.Part, _ transaction: SQLSession.Transaction) throws(Failure) -> Bool {
    _ = try transaction.query("SET LOCAL lock_timeout = '\(Self.moment.milliseconds)ms'")
    for _ in 1...Self.moment.attempts where !isCancelled() {
      let waiting = try transaction.query(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE NOT l.granted AND l.relation = $1::pg_catalog.oid)",
        [part.oid])
      if waiting.first?[0] == "t" { return false }
      _ = try transaction.query("SAVEPOINT tailrace_drop")
      do throws(Failure) {
        _ = try transaction.query("DROP TABLE \(part.name)")
        return true
      } catch {
        guard let state = error.sqlState, Self.busy.contains(state) else { throw error }
        _ = try transaction.query("ROLLBACK TO SAVEPOINT tailrace_drop")
      }
      pause(.milliseconds(2 * Self.moment.milliseconds))
    }
    return false
  }

  private func explainedDrop(_ error: Failure, _ part: PruneTarget.Part) -> Failure {
    guard error.sqlState == "2BP01" else { return explained(error) }
    return Failure(
      .differs, "partition \(part.table) cannot be dropped: other objects, such as views, depend on it",
      advice: "drop them, or do without \(setting: "drop-partitions")", sqlState: error.sqlState)
  }
}
