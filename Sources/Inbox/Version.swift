// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import SQLTransactions

/// The version of an event's aggregate, which is that of the one that was handled last or follows it, or there is a gap.
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
    parameters = [inbox.consumer, event.source, try event.aggregateType, key]
  }

  /// What is missing; nil when nothing is, and then the version is the last one. The first of a key may be any: a consumer begins
  /// some time.
  ///
  /// Several events of one version follow each other, as those of one command do: that one of them is missing is not seen.
  func gap<Transaction: SQLTransaction>(in transaction: inout Transaction) async throws -> InboxResult.Gap? {
    let taken = try await transaction.execute(
      """
      INSERT INTO \(table) AS kept (consumer, source, aggregatetype, key, version) VALUES ($1, $2, $3, $4, $5::bigint) \
      ON CONFLICT (consumer, source, aggregatetype, key) DO UPDATE SET version = excluded.version \
      WHERE kept.version IN (excluded.version, excluded.version - 1)
      """, parameters + ["\(found)"])
    guard taken == 0 else { return nil }
    let rows = try await transaction.query(
      "SELECT version FROM \(table) WHERE consumer = $1 AND source = $2 AND aggregatetype = $3 AND key = $4", parameters
    )
    return InboxResult.Gap(last: rows.first?.first.flatMap { $0 }.flatMap { Int64($0) }, found: found)
  }

  /// The same for an event that nobody handles, and that has no record: whatever is not beyond the last version may have come before.
  func gapBeforeIgnored<Transaction: SQLTransaction>(
    in transaction: inout Transaction
  ) async throws -> InboxResult.Gap? {
    guard let gap = try await gap(in: &transaction) else { return nil }
    return gap.last.map { $0 >= found } == true ? nil : gap
  }
}

extension ReceivedEvent {
  /// The type of what the key is the id of, as two of different types may have one id; empty for an event that tells none.
  var aggregateType: String {
    get throws(EventRefusal) {
      let type = extensions["aggregatetype"] ?? ""
      // Longer ones would not fit into an index together with the rest.
      guard type.utf8.count <= 255 else { throw EventRefusal("its aggregatetype has more than 255 bytes") }
      return type
    }
  }
}
