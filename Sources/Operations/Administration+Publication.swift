// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// The publication of a plan.
extension Administration {
  func publicationStep(_ plan: Plan, _ findings: TableFindings) throws(Failure) -> Step {
    let name = plan.publication
    guard let facts = try PublicationFacts.look(server, name) else {
      return Step(subject: "publication \(name)", sql: Self.publicationStatement(plan, findings))
    }
    let differences = PublicationDifference.all(plan, facts, findings)
    guard differences.isEmpty else { throw refusal(plan, findings, differences) }
    return Step(subject: "publication \(name)", sql: nil)
  }

  /// The statement that makes the publication.
  static func publicationStatement(_ plan: Plan, _ findings: TableFindings) -> String {
    let tables = plan.tables.map { SQLName.inStatement($0) }
    let target = tables.isEmpty ? "" : " FOR TABLE \(tables.joined(separator: ", "))"
    let root = isViaRoot(plan, findings) ? ", publish_via_partition_root = true" : ""
    return "CREATE PUBLICATION \(SQLName.inStatement(plan.publication))\(target) WITH (publish = 'insert'\(root));"
  }

  /// A partitioned table is published as one, unless a part of it is an outbox of its own.
  static func isViaRoot(_ plan: Plan, _ findings: TableFindings) -> Bool {
    let partitioned = plan.tables.indices.filter { place in
      // What is not there yet is made by the plan.
      findings.root(place).map { $0.kind == "p" } ?? plan.isByDay
    }
    let named = Set(plan.tables.indices.compactMap { findings.root($0)?.id })
    let parts = findings.tables.filter { $0.depth > 0 && partitioned.contains($0.place) }
    return !partitioned.isEmpty && !parts.contains { named.contains($0.id) }
  }

  private func refusal(_ plan: Plan, _ findings: TableFindings, _ differences: [PublicationDifference]) -> Failure {
    // It is made before.
    let missing = differences.compactMap { difference in
      if case .missingTable(let table) = difference.kind { OutboxTable.createStatement(table) } else { nil }
    }
    let remedies = missing + PublicationDifference.statements(differences)
    let other: Wording = "choose another name with \(setting: "publication")"
    let hopeless = differences.first(where: \.remedies.isEmpty)
    let change = Wording(remedies.joined(separator: " "))
    var advice =
      if let hopeless {
        hopeless.advice ?? other
      } else if differences.contains(where: \.concernsOthers) {
        "if no other relay streams through it, which would no longer get what is taken out, " + change + " else "
          + other
      } else {
        change + " or " + other
      }
    if findings.tables.contains(where: \.hasRowFilter), !plan.needs.acceptsRowFilter {
      advice = advice + "; if the row filter is meant, say \(setting: "accept-row-filter")"
    }
    return Failure(
      .differs,
      "publication \"\(plan.publication)\" is there, but differs: \(differences.map(\.what).joined(separator: ", "))",
      advice: advice)
  }
}
