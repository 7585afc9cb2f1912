// SPDX-License-Identifier: Apache-2.0

public import SQLTransactions

/// Forgetting what will not come again.
extension Inbox {
  /// Removes at most so many of this consumer's records that are older than the retention. Call it again, each time in a transaction
  /// of its own, until it removes fewer. Nothing for another layout than `.rows`.
  ///
  /// Two at once do not wait for each other.
  ///
  /// - Returns: how many it has removed.
  public func removeOld<Transaction: SQLTransaction>(
    in transaction: inout Transaction, atMost count: Int = 10_000
  ) async throws -> Int {
    guard layout == .rows else { return 0 }
    return try await transaction.execute(
      """
      DELETE FROM \(table.quoted()) WHERE ctid = ANY (ARRAY(SELECT ctid FROM \(table.quoted()) \
      WHERE consumer = $1 AND handled < now() - make_interval(secs => $2::float8) ORDER BY handled \
      LIMIT $3::bigint FOR UPDATE SKIP LOCKED))
      """, [consumer, "\(retention.seconds)", "\(max(1, count))"])
  }

  /// Drops the partitions of days that are not kept any more. All consumers of a table share them, so the longest retention counts:
  /// call it for that one. Nothing for another layout than `.days`.
  ///
  /// - Returns: the names of those that it has dropped.
  public func dropOldPartitions<Transaction: SQLTransaction>(
    in transaction: inout Transaction
  ) async throws -> [String] {
    guard layout == .days else { return [] }
    let oldest = Self.ending(Days.today - retention.days)
    let found = try await transaction.query(
      """
      SELECT c.relname FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid \
      WHERE i.inhparent = $1::regclass ORDER BY 1
      """, [table.quoted()])
    var dropped: [String] = []
    for name in found.compactMap({ $0.first.flatMap { $0 } }) {
      // Names of one length compare as their days do; what others have called otherwise is theirs.
      guard name.hasPrefix(table.name), case let ending = name.dropFirst(table.name.count),
        ending.utf8.count == oldest.utf8.count,
        ending.dropFirst().utf8.allSatisfy({ (0x30...0x39).contains($0) }), ending < oldest
      else { continue }
      _ = try await transaction.execute("DROP TABLE \(table.quoted(String(ending)))", [])
      dropped.append(name)
    }
    return dropped
  }
}
