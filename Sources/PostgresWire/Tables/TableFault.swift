/// What a table's rows have to be published like.
public struct PublishingNeeds: Hashable, Sendable {
  /// The columns without which a row is no event.
  public var columns: [String]
  /// Further columns that are used where they are there.
  public var usefulColumns: [String]
  /// Whether a publication may leave rows out.
  public var acceptsRowFilter: Bool

  /// Makes needs.
  public init(columns: [String] = [], usefulColumns: [String] = [], acceptsRowFilter: Bool = false) {
    self.columns = columns
    self.usefulColumns = usefulColumns
    self.acceptsRowFilter = acceptsRowFilter
  }
}

/// Why rows of a table would not come, or not whole.
public enum TableFault: Hashable, Sendable {
  /// No publication has it.
  case notPublished
  /// A publication publishes its rows as those of a table above it.
  case publishedAsOther
  /// Its rows are not in the log: it is unlogged, or kept elsewhere.
  case notLogged
  /// A publication has a condition on its rows.
  case rowFilter
  /// A publication leaves columns out.
  case columns([String])
}

extension TableFault {
  /// What is wrong with a table, in words that follow its name.
  public func what(_ publication: String) -> String {
    switch self {
    case .notPublished: "is not in publication \(publication)"
    case .publishedAsOther: "is published as a part of the table above it, not by itself"
    case .notLogged: "is unlogged or foreign, so its rows are not in the log"
    case .rowFilter: "has a row filter in publication \(publication)"
    case .columns(let names): "is published without column \(names.sorted().joined(separator: ", "))"
    }
  }
}

extension TableFindings {
  /// The table that has the configured name which stands at a place of the question; nil when there is none.
  public func root(_ place: Int) -> Table? { tables.first { $0.place == place && $0.depth == 0 && $0.rootHasName } }

  /// Whether rows of a table are ever in the log under its own name.
  private static func isStored(_ table: Table) -> Bool {
    // Of a partitioned table its partitions have the rows; of what is temporary nobody else sees any.
    table.kind != "p" && table.persistence != "t"
  }

  /// What is wrong with an outbox's tables, each with its fault.
  public func faults(of root: ObjectID, place: Int, _ needs: PublishingNeeds) -> [(table: Table, fault: TableFault)] {
    let kin = tables.filter { $0.place == place && $0.root == root }
    let stored = kin.filter(Self.isStored)
    // A partitioned table that has no partition yet is still to have some.
    return (stored.isEmpty ? kin : stored).compactMap { table in fault(of: table, needs).map { (table, $0) } }
  }

  private func fault(of table: Table, _ needs: PublishingNeeds) -> TableFault? {
    if Self.isStored(table), table.kind != "r" || table.persistence != "p" { return .notLogged }
    guard table.isPublished else { return .notPublished }
    if table.isPublishedAsOther { return .publishedAsOther }
    if table.hasRowFilter, !needs.acceptsRowFilter { return .rowFilter }
    let missing = table.unpublished(of: needs.columns)
    return missing.isEmpty ? nil : .columns(missing)
  }
}

extension TableFindings.Table {
  /// Which of some columns the table has but does not publish.
  public func unpublished(of columns: [String]) -> [String] {
    unpublishedColumns.filter { column in columns.contains { $0.utf8.elementsEqual(column.utf8) } }
  }
}
