// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// What a server says of a publication.
struct PublicationFacts: Hashable, Sendable {
  var isForAllTables = false
  var publishesInserts = true
  /// What it publishes besides: `update`, `delete`, `truncate`.
  var otherOperations: [String] = []
  var isViaRoot = false

  static func question(_ name: String) -> String {
    "SELECT puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot FROM pg_catalog.pg_publication "
      + "WHERE pubname = \(SQLQuoting.literal(name))"
  }

  init() {}

  init(_ row: SQLRow) {
    (isForAllTables, publishesInserts, isViaRoot) = (row[0] == "t", row[1] == "t", row[5] == "t")
    otherOperations = ["update", "delete", "truncate"].enumerated().filter { row[$0.offset + 2] == "t" }.map(\.element)
  }
}

/// In what a publication differs from the one that a plan would make, and the statements that change it; none where it
/// cannot be changed so.
struct PublicationDifference: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    /// It publishes more than inserts, or more than the outboxes: nothing is lost, the server only works more.
    case more
    case noInserts
    case notViaRoot
    case missingTable(TableName)
    case fault(TableFault, of: TableName)
  }

  var kind: Kind
  var what: String
  /// The statements that change it, in order.
  var remedies: [String] = []
  /// What can be done where neither a statement nor another publication helps.
  var advice: Wording?

  /// All of them, as far as the publication and its tables tell.
  static func all(
    _ plan: Administration.Plan, _ facts: PublicationFacts, _ findings: TableFindings
  ) -> [PublicationDifference] {
    let alter = "ALTER PUBLICATION \(SQLName.inStatement(plan.publication))"
    let publishing = "\(alter) SET (publish = 'insert');"
    var all = facts.otherOperations.map {
      PublicationDifference(kind: .more, what: "it publishes \($0)", remedies: [publishing])
    }
    if !facts.publishesInserts {
      all.append(.init(kind: .noInserts, what: "it does not publish insert", remedies: [publishing]))
    }
    if Administration.isViaRoot(plan, findings), !facts.isViaRoot {
      all.append(
        .init(
          kind: .notViaRoot, what: "publish_via_partition_root is false",
          remedies: ["\(alter) SET (publish_via_partition_root = true);"]))
    }
    if facts.isForAllTables { all.append(.init(kind: .more, what: "it is FOR ALL TABLES")) }
    // What it does not publish at all is said above.
    for place in plan.tables.indices where facts.publishesInserts { all += of(plan, findings, place) }
    all += findings.strangers.sorted { $0.sql < $1.sql }.map { stranger in
      let what =
        switch stranger {
        case .table(let name): "\(name)"
        case .schema(let name): "schema \(name)"
        }
      return .init(kind: .more, what: "\(what) is in it", remedies: ["\(alter) DROP \(stranger.sql);"])
    }
    return all
  }

  private static func of(
    _ plan: Administration.Plan, _ findings: TableFindings, _ place: Int
  ) -> [PublicationDifference] {
    guard let root = findings.root(place) else {
      let table = plan.tables[place]
      return [
        .init(
          kind: .missingTable(table), what: "\(table) is not in it",
          remedies: TableFault.notPublished.remedies(table, plan.publication))
      ]
    }
    return findings.faults(of: root.id, place: place, plan.needs).map { found in
      let name = found.table.name
      return .init(
        kind: .fault(found.fault, of: name),
        what: found.fault == .notPublished ? "\(name) is not in it" : "\(name) \(found.fault.what(plan.publication))",
        remedies: found.fault.remedies(name, plan.publication),
        advice: found.fault.isOfTable ? found.fault.advice(name, plan.publication) : nil)
    }
  }
}
