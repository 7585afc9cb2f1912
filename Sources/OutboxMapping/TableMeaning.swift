// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
package import PgOutput
package import PostgresWire

/// What the columns of a table become, as a stream would have it, for somebody who wants to know before there is one.
package struct TableMeaning: Sendable {
  /// One column.
  package struct Column: Hashable, Sendable {
    /// Its name.
    package let name: String
    /// What of an event its values become; empty for nothing.
    package let becomes: [String]
  }

  /// The columns, in the table's order.
  package let columns: [Column]
  /// A column that is needed and missing.
  package let missingColumn: String?
  /// Columns that are to be a time, of types that are none.
  package let unusable: [String]
  /// What an event's data is, where there is any: text and bytes are no JSON to whoever reads it.
  package let dataIsJSON: Bool

  /// Whether one of the columns says which version an event's data has.
  package var hasVersion: Bool { columns.contains { $0.becomes.contains(ColumnRole.version.eventWord) } }

  package init(_ relation: Relation, of outbox: TableName, _ configuration: MappingConfiguration) {
    let plan = TablePlan(relation, of: outbox, configuration)
    missingColumn = plan.missingColumn
    dataIsJSON = [.json, .uncheckedJSON].contains(plan.payloadForm)
    func words(_ use: TablePlan.Use) -> [String] {
      switch use {
      case .unused: []
      case .role(.payload): ["data (\(plan.payloadForm.words))"]
      case .role(let role): [role.eventWord]
      case .attribute(let number): [configuration.attributes[number].name.text]
      case .several(let number): plan.several[number].flatMap(words)
      }
    }
    columns = zip(plan.names, plan.uses).map { Column(name: $0, becomes: words($1)) }
    unusable =
      plan.columnNames[.time].map { time in
        zip(plan.names, plan.timeForms).compactMap { $0 == time && $1 == nil ? $0 : nil }
      } ?? []
  }
}

extension ColumnRole {
  /// What of an event it is.
  fileprivate var eventWord: String {
    switch self {
    case .aggregateID: "partitionkey, subject"
    case .time: "time"
    case .headers: "attributes"
    case .version: "dataversion"
    default: rawValue
    }
  }
}

extension TablePlan.PayloadForm {
  fileprivate var words: String {
    switch self {
    case .json: "JSON as it is"
    case .uncheckedJSON: "JSON, checked"
    case .text: "text"
    case .hexadecimal: "bytes"
    }
  }
}
