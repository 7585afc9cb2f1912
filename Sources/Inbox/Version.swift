// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import SQLTransactions

/// The version of an event's aggregate, which follows the one that was handled last, or there is a gap.
struct Version {
  private let found: Int64
  private let parameters: [String?]
  private let table: String

  /// Nil for an event that tells none, or an inbox that looks for none.
  init?(_ event: ReceivedEvent, _ inbox: Inbox) throws(EventRefusal) {
    guard let name = inbox.versionAttribute, let text = event.extensions[name] else { return nil }
    guard let version = Int64(text), version >= 0 else { throw EventRefusal("its \(name) is no version") }
    guard let key = event.key, key.utf8.count <= 1000 else { throw EventRefusal("it has a version, and no key for it") }
    found = version
    table = inbox.table.quoted("_versions")
    parameters = [inbox.consumer, event.source, key]
  }

  /// What is missing; nil when nothing is, and then the version is the last one. The first of a key may be any: a consumer begins
  /// some time.
  func gap<Transaction: SQLTransaction>(in transaction: inout Transaction) async throws -> InboxResult.Gap? {
    let taken = try await transaction.execute(
      """
      INSERT INTO \(table) AS kept (consumer, source, key, version) VALUES ($1, $2, $3, $4::bigint) \
      ON CONFLICT (consumer, source, key) DO UPDATE SET version = excluded.version \
      WHERE kept.version = excluded.version - 1
      """, parameters + ["\(found)"])
    guard taken == 0 else { return nil }
    let rows = try await transaction.query(
      "SELECT version FROM \(table) WHERE consumer = $1 AND source = $2 AND key = $3", parameters)
    return InboxResult.Gap(last: rows.first?.first.flatMap { $0 }.flatMap { Int64($0) }, found: found)
  }
}
