// SPDX-License-Identifier: Apache-2.0

public import PostgresWire

extension MappingConfiguration {
  /// Which columns have to be published for rows to become the events that are configured.
  public var publishingNeeds: PublishingNeeds {
    var needs = PublishingNeeds(acceptsRowFilter: acceptsRowFilter)
    for role in ColumnRole.allCases {
      if let column = columns[role] {
        if !column.isEmpty { needs.columns.append(column) }
      } else if role.isRequired {
        needs.columns.append(role.rawValue)
      } else {
        needs.usefulColumns += role.usualNames
      }
    }
    let times = columns[.time].map { [$0] } ?? ColumnRole.time.usualNames
    for column in times { needs.typedColumns[column] = TimeColumns.types }
    needs.columns += attributes.map(\.column)
    return needs
  }
}
