import PostgresClient
import PostgresWire

/// The publication of a plan.
extension Administration {
  /// In what a publication differs, and the statements that change it; none where it cannot be changed so.
  private struct Difference {
    var what: String
    var remedy: String?
    /// What can be done where neither a statement nor another publication helps.
    var advice: Wording?
  }

  func publicationStep(_ plan: Plan, _ findings: TableFindings) throws(Failure) -> Step {
    let name = plan.publication
    let viaRoot = Self.isViaRoot(plan, findings)
    let rows = try server.query(
      "SELECT puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot FROM pg_catalog.pg_publication "
        + "WHERE pubname = \(SQLQuoting.literal(name))")
    guard let row = rows.first else {
      let tables = plan.tables.map { SQLName.inStatement($0) }
      let target = tables.isEmpty ? "" : " FOR TABLE \(tables.joined(separator: ", "))"
      let root = viaRoot ? ", publish_via_partition_root = true" : ""
      return Step(
        subject: "publication \(name)",
        sql: "CREATE PUBLICATION \(SQLName.inStatement(name))\(target) WITH (publish = 'insert'\(root));")
    }
    let alter = "ALTER PUBLICATION \(SQLName.inStatement(name))"
    var differences: [Difference] = []
    let publishing = "\(alter) SET (publish = 'insert');"
    for (index, operation) in ["update", "delete", "truncate"].enumerated() where row[index + 2] == "t" {
      differences.append(Difference(what: "it publishes \(operation)", remedy: publishing))
    }
    if row[1] != "t" { differences.append(Difference(what: "it does not publish insert", remedy: publishing)) }
    if viaRoot, row[5] != "t" {
      differences.append(
        Difference(
          what: "publish_via_partition_root is false", remedy: "\(alter) SET (publish_via_partition_root = true);"))
    }
    if row[0] == "t" { differences.append(Difference(what: "it is FOR ALL TABLES")) }
    // What it does not publish at all is said above.
    for place in plan.tables.indices where row[1] == "t" {
      differences += Self.differences(plan, findings, place)
    }
    differences += findings.strangers.sorted { $0.sql < $1.sql }.map { stranger in
      let what =
        switch stranger {
        case .table(let name): "\(name)"
        case .schema(let name): "schema \(name)"
        }
      return Difference(what: "\(what) is in it", remedy: "\(alter) DROP \(stranger.sql);")
    }
    guard differences.isEmpty else { throw refusal(plan, findings, differences) }
    return Step(subject: "publication \(name)", sql: nil)
  }

  /// A partitioned table is published as one, unless a part of it is an outbox of its own.
  private static func isViaRoot(_ plan: Plan, _ findings: TableFindings) -> Bool {
    let partitioned = plan.tables.indices.filter { findings.root($0)?.kind == "p" }
    let named = Set(plan.tables.indices.compactMap { findings.root($0)?.id })
    let parts = findings.tables.filter { $0.depth > 0 && partitioned.contains($0.place) }
    return !partitioned.isEmpty && !parts.contains { named.contains($0.id) }
  }

  private static func differences(_ plan: Plan, _ findings: TableFindings, _ place: Int) -> [Difference] {
    guard let root = findings.root(place) else {
      // It is made before.
      return [
        Difference(
          what: "\(plan.tables[place]) is not in it",
          remedy: OutboxTable.createStatement(plan.tables[place])
            + " " + (TableFault.notPublished.remedy(plan.tables[place], plan.publication) ?? ""))
      ]
    }
    return findings.faults(of: root.id, place: place, plan.needs).map { found in
      Difference(
        what: found.fault == .notPublished
          ? "\(found.table.name) is not in it" : "\(found.table.name) \(found.fault.what(plan.publication))",
        remedy: found.fault.remedy(found.table.name, plan.publication),
        advice: found.fault.isOfTable ? found.fault.advice(found.table.name, plan.publication) : nil)
    }
  }

  private func refusal(_ plan: Plan, _ findings: TableFindings, _ differences: [Difference]) -> Failure {
    var remedies: [String] = []
    for remedy in differences.compactMap(\.remedy) where !remedies.contains(remedy) { remedies.append(remedy) }
    let other: Wording = "choose another name with \(setting: "publication")"
    let hopeless = differences.first { $0.remedy == nil }
    var advice =
      hopeless != nil
      ? hopeless?.advice ?? other : "if nobody else reads it, \(remedies.joined(separator: " ")) else " + other
    if findings.tables.contains(where: \.hasRowFilter), !plan.needs.acceptsRowFilter {
      advice = advice + "; if the row filter is meant, say \(setting: "accept-row-filter")"
    }
    return Failure(
      .differs,
      "publication \"\(plan.publication)\" is there, but differs: \(differences.map(\.what).joined(separator: ", "))",
      advice: advice)
  }
}
