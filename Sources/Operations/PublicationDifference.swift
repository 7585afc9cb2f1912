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
  /// The tables that it names one by one, each with its row filter, if it has one.
  var members: [ObjectID: String?] = [:]
  /// The transactions that have put them in.
  var changes: [ObjectID: UInt32] = [:]

  /// Asks; nil when there is no such publication.
  static func look(_ server: borrowing Connection, _ name: String) throws(Failure) -> PublicationFacts? {
    let literal = SQLQuoting.literal(name)
    guard
      let row = try server.query(
        "SELECT puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot FROM pg_catalog.pg_publication "
          + "WHERE pubname = \(literal)"
      ).first
    else { return nil }
    var facts = PublicationFacts(row)
    let filter = server.serverVersion >= 150_000 ? "pg_catalog.pg_get_expr(r.prqual, r.prrelid)" : "NULL"
    for row in try server.query(
      "SELECT r.prrelid, \(filter), r.xmin FROM pg_catalog.pg_publication_rel r "
        + "JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid WHERE p.pubname = \(literal)")
    {
      guard let id = row[0].flatMap({ ObjectID($0) }) else { continue }
      facts.members[id] = .some(row[1])
      facts.changes[id] = row[2].flatMap { UInt32($0) }
    }
    return facts
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
    /// It publishes more than inserts: nothing is lost, the server only works more.
    case moreOperations
    /// It publishes more than the outboxes, likewise.
    case moreTables
    case noInserts
    case notViaRoot
    case missingTable(TableName)
    case fault(TableFault, of: TableName)
  }

  var kind: Kind
  var what: String
  /// The statements that change it, in order.
  var remedies: [String] = []
  /// Whether they take something away, or change how it comes, that whoever else streams through the publication may need.
  var concernsOthers = false
  /// What can be done where neither a statement nor another publication helps.
  var advice: Wording?

  /// All of them, as far as the publication and its tables tell; first what is lacking, then what is too much.
  static func all(
    _ plan: Administration.Plan, _ facts: PublicationFacts, _ findings: TableFindings
  ) -> [PublicationDifference] {
    let alter = "ALTER PUBLICATION \(SQLName.inStatement(plan.publication))"
    let isShared = facts.isForAllTables || !findings.strangers.isEmpty
    var all: [PublicationDifference] = []
    if !facts.publishesInserts {
      let operations = ["insert"] + (isShared ? facts.otherOperations : [])
      all.append(
        .init(
          kind: .noInserts, what: "it does not publish insert",
          remedies: ["\(alter) SET (publish = '\(operations.joined(separator: ", "))');"]))
    }
    if Administration.isViaRoot(plan, findings), !facts.isViaRoot {
      all.append(
        .init(
          kind: .notViaRoot, what: "publish_via_partition_root is false",
          remedies: ["\(alter) SET (publish_via_partition_root = true);"], concernsOthers: isShared))
    }
    // What it does not publish at all is said above.
    for place in plan.tables.indices where facts.publishesInserts { all += of(plan, facts, findings, place) }
    for index in all.indices {
      if case .fault(.published(_, isOutbox: true), _) = all[index].kind { all[index].concernsOthers = isShared }
    }
    let strangers = findings.strangers.sorted { $0.sql < $1.sql }
    // An outbox that is in it with its schema, or as a part of another table, goes with that.
    let naming = strangers.isEmpty ? [] : unnamed(plan, facts, findings).map { "\(alter) ADD TABLE \($0);" }
    all += facts.otherOperations.map {
      .init(
        kind: .moreOperations, what: "it publishes \($0)", remedies: ["\(alter) SET (publish = 'insert');"],
        concernsOthers: true)
    }
    if facts.isForAllTables { all.append(.init(kind: .moreTables, what: "it is FOR ALL TABLES", concernsOthers: true)) }
    return all
      + strangers.map { stranger in
        let what =
          switch stranger {
          case .table(let name): "\(name)"
          case .schema(let name): "schema \(name)"
          }
        return .init(
          kind: .moreTables, what: "\(what) is in it", remedies: naming + ["\(alter) DROP \(stranger.sql);"],
          concernsOthers: true)
      }
  }

  /// The statements of some of them, each once, in order; those of a transaction stay together.
  static func statements(_ differences: [PublicationDifference]) -> [String] {
    var all: [String] = []
    for remedies in differences.map(\.remedies) {
      let isTransaction = remedies.first == "BEGIN;"
      guard !isTransaction || !remedies.allSatisfy(all.contains) else { continue }
      all += isTransaction ? remedies : remedies.filter { !all.contains($0) }
    }
    return all
  }

  /// The outboxes that the publication does not name, as a statement names them.
  private static func unnamed(
    _ plan: Administration.Plan, _ facts: PublicationFacts, _ findings: TableFindings
  ) -> [String] {
    plan.tables.indices.flatMap { place -> [String] in
      guard let root = findings.root(place) else { return [] }
      let kin = findings.tables.filter { $0.place == place && $0.root == root.id }
      let bare = kin.filter { $0.isStored && facts.members[$0.id] == nil }
      guard root.kind == "p" else {
        return bare.map { (kin.count > 1 ? "ONLY " : "") + SQLName.inStatement($0.name) }
      }
      // With a partitioned table come its partitions.
      return facts.members[root.id] != nil || bare.isEmpty && kin.count > 1 ? [] : [SQLName.inStatement(root.name)]
    }
  }

  private static func of(
    _ plan: Administration.Plan, _ facts: PublicationFacts, _ findings: TableFindings, _ place: Int
  ) -> [PublicationDifference] {
    guard let root = findings.root(place) else {
      let table = plan.tables[place]
      return [
        .init(
          kind: .missingTable(table), what: "\(table) is not in it",
          remedies: TableFault.notPublished.remedies(table, plan.publication))
      ]
    }
    let faults = findings.faults(of: root.id, place: place, plan.needs)
    let missing = faults.filter { $0.fault == .notPublished }
    let stored = findings.tables.count { $0.place == place && $0.root == root.id && $0.isStored }
    // With the table come those below it.
    let isWholeMissing =
      root.kind == "p" ? missing.count == stored : missing.contains { $0.table.id == root.id }
    return faults.map { found in
      let name = found.table.name
      var target = found.table
      switch found.fault {
      case .notPublished where isWholeMissing: target = root
      // What is said of a partitioned table holds for its partitions.
      case .columns, .rowFilter: if facts.members[target.id] == nil, facts.members[root.id] != nil { target = root }
      default: break
      }
      var remedies = found.fault.remedies(target.name, plan.publication)
      if case .columns = found.fault { remedies = facts.keepingFilter(of: target, remedies) }
      return .init(
        kind: .fault(found.fault, of: name),
        what: found.fault == .notPublished ? "\(name) is not in it" : "\(name) \(found.fault.what(plan.publication))",
        remedies: remedies, advice: found.fault.isOfTable ? found.fault.advice(name, plan.publication) : nil)
    }
  }
}

extension PublicationFacts {
  /// Statements that take a table out and put it in whole, with the row filter that it has and that is meant.
  func keepingFilter(of table: TableFindings.Table, _ remedies: [String]) -> [String] {
    guard let filter = members[table.id] ?? nil, let place = remedies.lastIndex(where: { $0.contains(" ADD TABLE ") })
    else { return remedies }
    var remedies = remedies
    remedies[place] = "\(remedies[place].dropLast()) WHERE (\(filter));"
    return remedies
  }
}
