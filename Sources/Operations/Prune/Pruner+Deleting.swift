// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// One pass over a table, block by block, so that no index is needed and no statement takes long.
extension Pruner {
  /// How many blocks at once: as many as take about as long as `step`.
  private static let blocks = (first: 16, most: 1024)
  private static let step: Duration = .milliseconds(50)
  /// Another's change of a row, or its lock, ends ours.
  private static let busy: Set<String> = ["40001", "40P01", "55P03"]

  func prune(
    _ part: PruneTarget.Part, _ target: PruneTarget, _ proof: PruneProof, _ kept: String, _ result: inout Result
  ) throws(Failure) {
    var (block, width) = (0, Self.blocks.first)
    while block < part.blocks, !isCancelled() {
      let began = ContinuousClock.now
      let range = block..<min(block + width, part.blocks)
      let counts = try step(range, part, target, proof, kept)
      result.old += counts.old
      result.gone += counts.gone
      result.busy += counts.busy
      block = range.upperBound
      let took = ContinuousClock.now - began
      width = took < Self.step / 2 ? min(width * 2, Self.blocks.most) : took > Self.step ? max(1, width / 2) : width
      guard !request.dryRun, counts.gone > 0 else { continue }
      // Others come first: at most half of the time is ours.
      let due = Duration.nanoseconds(Int64(counts.gone) * 1_000_000_000 / Int64(max(1, request.rate)))
      pause(max(due - took, took))
    }
  }

  private func step(
    _ blocks: Range<Int>, _ part: PruneTarget.Part, _ target: PruneTarget, _ proof: PruneProof, _ kept: String
  ) throws(Failure) -> (old: Int, gone: Int, busy: Int) {
    let old =
      "t.ctid >= '(\(blocks.lowerBound),0)'::pg_catalog.tid AND t.ctid < '(\(blocks.upperBound),0)'::pg_catalog.tid "
      + "AND t.\(target.time) < $1::pg_catalog.timestamptz"
    let proved = Self.mayGo(target, proof)
    let parameters = [target.limit, kept]
    let count =
      "SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE \(proved)) FROM ONLY \(part.name) AS t WHERE \(old)"
    do throws(Failure) {
      let counts = try session.query(count, parameters).first
      let (all, sure) = (counts?[0].flatMap { Int($0) } ?? 0, counts?[1].flatMap { Int($0) } ?? 0)
      guard sure > 0, !request.dryRun else { return (all, sure, 0) }
      for attempt in 1...3 {
        do throws(Failure) {
          // In one snapshot: a row that another transaction changes meanwhile must not be looked at with older numbers.
          let gone = try session.transaction(isolated: true) { (transaction) throws(Failure) in
            // Before the snapshot: a partition that is locked is not taken away.
            _ = try transaction.query("LOCK TABLE ONLY \(part.name) IN ROW EXCLUSIVE MODE")
            try requireSame(transaction, part, target)
            let gone = try transaction.query(
              "WITH gone AS (DELETE FROM ONLY \(part.name) AS t WHERE \(old) AND \(proved) RETURNING 1) "
                + "SELECT pg_catalog.count(*) FROM gone", parameters)
            let left = try transaction.query(count, parameters).first?[1]
            if left != "0" { throw unmoved }
            return gone
          }
          return (all, gone.first?[0].flatMap { Int($0) } ?? 0, 0)
        } catch {
          guard let state = error.sqlState, Self.busy.contains(state) else { throw error }
          if attempt < 3 { pause(.milliseconds(100 * attempt)) }
        }
      }
      return (all, 0, sure)
    } catch {
      throw error.sqlState == "42P01" ? replaced(part) : explained(error)
    }
  }

  /// The server has said that rows are deleted, and they are there.
  private var unmoved: Failure {
    Failure(
      .differs, "rows of \(request.table) were to be deleted and are not: a trigger or a rule keeps them",
      advice: "let this role through, or run it as one that the trigger or rule does not hold for")
  }

  /// Whether a part is still the one that was found, in the table that it was found in.
  func requireSame(
    _ transaction: SQLSession.Transaction, _ part: PruneTarget.Part, _ target: PruneTarget
  ) throws(Failure) {
    let found = try transaction.query(
      """
      SELECT pg_catalog.to_regclass($1)::pg_catalog.oid = $2::pg_catalog.oid AND ($2::pg_catalog.oid = $3::pg_catalog.oid \
      OR $3::pg_catalog.oid IN (SELECT a.relid FROM pg_catalog.pg_partition_ancestors($2::pg_catalog.oid) a))
      """, [SQLName.quoted(part.table), part.oid, target.oid])
    guard found.first?[0] == "t" else { throw replaced(part) }
    try transaction.trust(part.table)
  }

  func replaced(_ part: PruneTarget.Part) -> Failure {
    Failure(
      .differs,
      "\(part.table) was detached, dropped or made anew while \(request.table) was pruned; nothing more was removed from it",
      advice: "run it again, which goes by the partitions that there are then")
  }

  /// The condition for a row that is proved to be delivered, and is no letter.
  static func mayGo(_ target: PruneTarget, _ proof: PruneProof) -> String {
    "(\(proved(target, proof))) AND t.\(target.id)::pg_catalog.text <> ALL ($2::pg_catalog.text[])"
  }

  /// The condition for a row that is proved to be delivered. Its transaction's number has 32 bits, and is one of the last so many:
  /// as that it is at most too large for a row that is older than all those, which the clock tells then.
  static func proved(_ target: PruneTarget, _ proof: PruneProof) -> String {
    let next =
      "(SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8)"
    let number = number("t.xmin::pg_catalog.text::pg_catalog.int8", next: next)
    var conditions = ["\(number) < \(proof.delivered)"]
    if let start = proof.start { conditions.append("\(number) >= \(start)") }
    if let time = proof.startTime {
      conditions.append("t.\(target.time) >= \(SQLQuoting.literal(time))::pg_catalog.timestamptz")
    }
    return conditions.joined(separator: " AND ")
  }

  /// The whole number of a transaction of which 32 bits are known: the last one before the next that has them.
  static func number(_ bits: String, next: String) -> String { "(\(next) - ((\(next) - \(bits)) & 4294967295))" }
}
