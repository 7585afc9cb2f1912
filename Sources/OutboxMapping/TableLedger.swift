// SPDX-License-Identifier: Apache-2.0

package import PgOutput
package import PostgresWire

/// Which tables are outboxes: what the catalogue says now, held against what was so before.
///
/// A table is known by its OID. One that is renamed or moved stays the outbox of its configured name; one that takes the
/// name of another is refused.
package struct TableLedger: Sendable {
  /// What is to be told, each thing once.
  package typealias Warnings = [Wording]

  private let tables: [TableName]
  private let needs: PublishingNeeds
  private let acceptsGap: Bool
  /// What was so before a start is accepted once; what happens later is another matter.
  private(set) var acceptsChange: Bool
  /// Whether an earlier run has left a record of the publications.
  private let hasPast: Bool
  /// Which tables are and were outboxes.
  package private(set) var known: OutboxTables
  /// For each of them the configured name.
  package private(set) var names: [ObjectID: TableName] = [:]
  private var told: Set<Wording> = []

  /// - Parameter acceptsGap: whether a table that had taken the name of another before the first look is the outbox from then
  ///   on, and rows may be passed over of which nobody knows what they were.
  package init(
    _ tables: [TableName], _ needs: PublishingNeeds, known: OutboxTables = OutboxTables(), acceptsGap: Bool = false
  ) {
    self.tables = tables
    self.needs = needs
    self.known = known
    (self.acceptsGap, acceptsChange) = (acceptsGap, acceptsGap)
    hasPast = !known.publications.isEmpty
  }

  /// Whether no table is an outbox.
  package var isEmpty: Bool { tables.isEmpty }

  /// What to ask the catalogue.
  package func question(about relation: ObjectID? = nil) -> TableQuestion {
    var question = TableQuestion(tables: tables, known: known)
    question.relations = relation.map { [$0] } ?? []
    return question
  }

  /// Takes what the catalogue says. After an error everything is as before.
  package mutating func take(_ findings: TableFindings) throws(Failure) -> Warnings {
    var warnings = Warnings()
    var next = OutboxTables(publications: try publications(findings, &warnings))
    let before = Dictionary(grouping: known.outboxes.flatMap(\.links), by: \.table).mapValues(Set.init)
    let now = Dictionary(grouping: findings.links, by: \.table).mapValues(Set.init)
    for (place, table) in tables.enumerated() {
      let kin = findings.tables.filter { $0.place == place }
      let table = findings.names[place] ?? table
      var outbox = try outbox(table, kin, findings, &warnings)
      let faults = findings.faults(of: outbox.holder, place: place, needs)
      if let first = faults.first { throw failure(first.table, first.fault, of: outbox, findings) }
      let isGrown = known[table].map { $0.holder != outbox.holder } ?? false
      for part in kin {
        guard let old = before[part.id], let new = now[part.id] else { continue }
        try checkLinks(of: part.name, isGrown, old, new, &warnings)
      }
      let own = kin.filter { $0.root == outbox.holder }
      warnings += own.compactMap { hint(about: $0) } + own.flatMap { $0.lacks(needs) }
      outbox.members.formUnion(kin.map(\.id))
      outbox.links = findings.links.filter { outbox.members.contains($0.table) }
      if max(outbox.members.count, outbox.links.count) > OutboxTables.mostMembers / tables.count {
        warnings.append(
          "table \(outbox.name) has too many parts: of the oldest it is not remembered how they were published")
      }
      next.outboxes.append(outbox)
    }
    (known, acceptsChange) = (next, false)
    names = Self.names(next, findings)
    return untold(warnings)
  }

  /// Says what a relation is whose rows have come, which neither the catalogue nor its name makes an outbox.
  ///
  /// - Parameter fits: whether it has an outbox's columns.
  package mutating func judge(
    _ relation: Relation, fits: Bool, _ findings: TableFindings
  ) throws(Failure) -> Warnings {
    guard names[relation.id] == nil else { return [] }
    if let place = tables.indices.first(where: { (findings.names[$0] ?? tables[$0]).isStored(as: relation.tableName) })
    {
      // It had the name when its rows were written.
      adopt(relation, place)
      return []
    }
    let found = findings.relations[relation.id] ?? .init(isThere: false, isPublished: false)
    if found.isThere, found.isPublished {
      guard fits else { return [] }
      return untold([
        "table \(relation.tableName) has an outbox's columns, but is none that was named, nor a part of one: its rows are "
          + "passed over"
      ])
    }
    let state = found.isThere ? "is no longer published" : "is gone"
    // What came through a publication of nothing but outboxes was one, or a part of one, when its row was written.
    // One that is still there may have been something else before we first looked.
    if tables.count == 1, known.publications.values.allSatisfy(\.isExclusive), hasPast || !found.isThere {
      adopt(relation, 0)
      return untold(["table \(relation.tableName) \(state); its rows are taken for those of \(known.outboxes[0].name)"])
    }
    guard fits else { return [] }
    guard acceptsGap else {
      throw Failure(
        .tableReplaced,
        "table \(relation.tableName) \(state), so nobody can tell whether it was a part of an outbox, whose columns it has",
        advice: (found.isThere ? "" : "make an empty table of its name with its columns, ")
          + "publish it, and run this once with \(setting: "table", "\(relation.tableName)") beside the outbox's own, which "
          + "delivers its rows; or pass them over with \(setting: "accept-gap")")
    }
    return untold(["table \(relation.tableName) \(state); its rows are passed over"])
  }

  private mutating func adopt(_ relation: Relation, _ place: Int) {
    known.outboxes[place].members.insert(relation.id)
    names[relation.id] = known.outboxes[place].name
  }

  /// Which table is the outbox of a name.
  private func outbox(
    _ table: TableName, _ kin: [TableFindings.Table], _ findings: TableFindings, _ warnings: inout Warnings
  ) throws(Failure) -> OutboxTables.Outbox {
    let before = known[table]
    guard let now = kin.first(where: { $0.depth == 0 && $0.rootHasName }) else {
      guard let before, let moved = kin.first(where: { $0.id == before.holder }) else {
        throw Failure(
          .tableMissing, "table \(table) does not exist",
          advice:
            "name the outbox with \(setting: "table"), or make it with "
            + "\(command: "setup", [.init("table", "\(table)"), .init("create-table")])",
          sqlState: "42P01")
      }
      warnings.append(
        "table \(before.name) is called \(moved.name) now; its rows go on as those of \(before.name). Name it anew with "
          + "\(setting: "table") before they come without a record of ours")
      return before
    }
    guard let before, before.holder != now.id else {
      return OutboxTables.Outbox(
        name: now.name, holder: now.id, members: before?.members ?? [])
    }
    let isGrown = kin.contains { $0.root == now.id && $0.id == before.holder } || before.members.contains(now.id)
    guard isGrown || acceptsChange else { throw replaced(before, now, findings) }
    warnings.append(
      isGrown
        ? "table \(before.name) is another one now, to which the one before belongs, or which belonged to it"
        : "table \(before.name) is another one now; rows of both go on as its own")
    return OutboxTables.Outbox(name: now.name, holder: now.id, members: before.members)
  }

  private func replaced(
    _ before: OutboxTables.Outbox, _ now: TableFindings.Table, _ findings: TableFindings
  ) -> Failure {
    let old = findings.tables.first { $0.id == before.holder }.map { "called \($0.name) now" } ?? "gone"
    return Failure(
      .tableReplaced,
      "table \(before.name) is another one now (OID \(now.id)\(now.isPublished ? "" : ", not published")); the one before "
        + "(OID \(before.holder)) is \(old)",
      advice:
        "rows that the new one got before it was published will not come: publish it, look for them, then go on with "
        + "\(setting: "accept-gap")")
  }

  private func failure(
    _ table: TableFindings.Table, _ fault: TableFault, of outbox: OutboxTables.Outbox, _ findings: TableFindings
  ) -> Failure {
    let publication = findings.publications.map(\.name).joined(separator: ", ")
    let part: Wording =
      table.id == outbox.holder ? "table \(table.name)" : "table \(table.name), a part of \(outbox.name),"
    return Failure(
      .tableNotPublished, part + " " + Wording(fault.what(publication)), advice: fault.advice(table.name, publication))
  }

  /// What is not wrong, but may not be meant.
  private func hint(about table: TableFindings.Table) -> Wording? {
    let left = table.unpublished(of: needs.usefulColumns)
    guard !left.isEmpty else { return nil }
    return "table \(table.name) is published without column \(left.sorted().joined(separator: ", ")), so events are too"
  }

  private mutating func untold(_ warnings: Warnings) -> Warnings { warnings.filter { told.insert($0).inserted } }

  /// A table that is below two outboxes is a part of the nearer one.
  private static func names(_ known: OutboxTables, _ findings: TableFindings) -> [ObjectID: TableName] {
    var nearest: [ObjectID: (depth: Int, name: TableName)] = [:]
    func note(_ id: ObjectID, _ depth: Int, _ name: TableName) {
      if nearest[id].map({ depth < $0.depth }) ?? true { nearest[id] = (depth, name) }
    }
    for table in findings.tables where known.outboxes.indices.contains(table.place) {
      note(table.id, table.depth, known.outboxes[table.place].name)
    }
    for outbox in known.outboxes {
      note(outbox.holder, 0, outbox.name)
      for member in outbox.members { note(member, .max, outbox.name) }
    }
    return nearest.mapValues(\.name)
  }
}
