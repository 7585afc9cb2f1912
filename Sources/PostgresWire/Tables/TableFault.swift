// SPDX-License-Identifier: Apache-2.0

/// What a table's rows have to be published like.
public struct PublishingNeeds: Hashable, Sendable {
  /// The columns without which a row is no event.
  public var columns: [String]
  /// Further columns that are used where they are there.
  public var usefulColumns: [String]
  /// Columns that are of no use, or spoil their row, unless they have one of some types.
  public var typedColumns: [String: Set<ObjectID>] = [:]
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
  /// A publication publishes its rows as those of a table above it, which may be an outbox of its own.
  case published(as: TableName, isOutbox: Bool)
  /// Its rows are not in the log.
  case notLogged(Unlogged)
  /// A publication has a condition on its rows.
  case rowFilter
  /// A publication leaves columns out.
  case columns([String])
  /// Columns are generated, which are not published.
  case generated([String], isVirtual: Bool)

  /// Why rows are not in the log, in words that follow a table's name.
  public enum Unlogged: String, Hashable, Sendable {
    /// It is kept without the log.
    case unlogged = "is unlogged, so its rows are not in the log"
    /// It is kept elsewhere.
    case foreign = "is a foreign table, whose rows are in another server's log"
    /// It only shows other tables' rows.
    case view = "is a view, which has no rows of its own in the log"
  }
}

extension TableFault {
  /// What is wrong with a table, in words that follow its name.
  public func what(_ publication: String) -> String {
    switch self {
    case .notPublished: "is not in publication \(publication)"
    case .published(let other, _): "is published as a part of the table above it, \(other), not by itself"
    case .notLogged(let why): why.rawValue
    case .rowFilter: "has a row filter in publication \(publication)"
    case .columns(let names): "is published without column \(names.sorted().joined(separator: ", "))"
    case .generated(let names, _):
      "is published without column \(names.sorted().joined(separator: ", ")), because it is generated"
    }
  }

  /// The statements that mend it, in order; none where it cannot be mended by statements, or may be meant.
  public func remedies(_ table: TableName, _ publication: String) -> [String] {
    let name = SQLName.inStatement(table)
    let alter = "ALTER PUBLICATION \(SQLName.inStatement(publication))"
    switch self {
    case .notPublished: return ["\(alter) ADD TABLE \(name);"]
    case .rowFilter, .columns:
      return ["BEGIN;", "\(alter) DROP TABLE \(name);", "\(alter) ADD TABLE \(name);", "COMMIT;"]
    case .notLogged(.unlogged): return ["ALTER TABLE \(name) SET LOGGED;"]
    case .generated(_, isVirtual: true): return []
    case .generated(let columns, _):
      let drops = columns.sorted().map { "ALTER COLUMN \(SQLName.inStatement($0)) DROP EXPRESSION" }
      return ["ALTER TABLE \(name) \(drops.joined(separator: ", "));"]
    case .published(_, isOutbox: true): return ["\(alter) SET (publish_via_partition_root = false);"]
    case .published, .notLogged: return []
    }
  }

  /// Whether another publication would not help either.
  public var isOfTable: Bool {
    switch self {
    case .notLogged, .generated: true
    default: false
    }
  }

  /// What can be done about it.
  public func advice(_ table: TableName, _ publication: String) -> Wording {
    let sql = remedies(table, publication).joined(separator: " ")
    let late: Wording = "rows written to it until then will not come"
    switch self {
    case .notPublished: return "\(sql) \(late)"
    case .published(_, isOutbox: true):
      return "publish each part by itself: \(sql) or do not name this one with \(setting: "table", "\(table)")"
    case .published(let other, _): return "name that one with \(setting: "table", "\(other)")"
    case .notLogged(.unlogged): return "\(sql) \(late)"
    case .notLogged(.foreign): return "keep its rows in a table of this database"
    case .notLogged(.view): return "name the table below it with \(setting: "table")"
    case .rowFilter:
      return "rows that it takes out never come; if that is meant, say \(setting: "accept-row-filter"), else \(sql)"
    case .columns: return "publish it whole: \(sql) or map other columns with \(setting: "column")"
    case .generated(_, isVirtual: true):
      return
        "the server cannot make a virtual column an ordinary one: drop it and add an ordinary one of its name, or "
        + "map another one with \(setting: "column")"
    case .generated: return "make it an ordinary column: \(sql) or map another one with \(setting: "column")"
    }
  }
}

extension TableFindings {
  /// The table that has the configured name which stands at a place of the question; nil when there is none.
  public func root(_ place: Int) -> Table? { tables.first { $0.place == place && $0.depth == 0 && $0.rootHasName } }

  /// What is wrong with an outbox's tables, each with its fault.
  public func faults(of root: ObjectID, place: Int, _ needs: PublishingNeeds) -> [(table: Table, fault: TableFault)] {
    let kin = tables.filter { $0.place == place && $0.root == root }
    let stored = kin.filter(\.isStored)
    // A partitioned table that has no partition yet is still to have some.
    return (stored.isEmpty ? kin : stored).compactMap { table in fault(of: table, needs).map { (table, $0) } }
  }

  private func fault(of table: Table, _ needs: PublishingNeeds) -> TableFault? {
    if table.isStored, let why = table.unlogged { return .notLogged(why) }
    guard table.isPublished else { return .notPublished }
    if let other = table.publishedAs {
      return .published(as: other, isOutbox: tables.contains { $0.depth == 0 && $0.rootHasName && $0.name == other })
    }
    if table.hasRowFilter, !needs.acceptsRowFilter { return .rowFilter }
    let missing = table.unpublished(of: needs.columns)
    guard !missing.isEmpty else { return nil }
    let generated = missing.filter { table.generatedColumns.contains($0) }
    guard !generated.isEmpty else { return .columns(missing) }
    return .generated(generated, isVirtual: generated.contains { table.virtualColumns.contains($0) })
  }
}

extension TableFindings.Table {
  /// Whether its rows are ever in the log under its own name.
  package var isStored: Bool {
    // Of a partitioned table its partitions have the rows; of what is temporary nobody else sees any.
    kind != "p" && persistence != "t"
  }

  /// Why its rows are not in the log; nil when they are.
  public var unlogged: TableFault.Unlogged? {
    switch (kind, persistence) {
    case ("v", _), ("m", _): .view
    case ("f", _): .foreign
    case (_, "u"): .unlogged
    default: nil
    }
  }

  /// Whether a publication takes it, or will when it has been made one with a log.
  package var canBePublished: Bool {
    switch unlogged {
    case .view, .foreign: false
    default: persistence != "t"
    }
  }

  /// What the table is seen to lack. Older rows may have had it, so that is no reason to end.
  public func lacks(_ needs: PublishingNeeds) -> [Wording] {
    guard !columns.isEmpty else { return [] }
    let missing = needs.columns.filter { needed in !columns.contains { $0.name.utf8.elementsEqual(needed.utf8) } }
    let missed: [Wording] =
      missing.isEmpty
      ? []
      : [
        "table \(name) has no column \(missing.sorted().joined(separator: ", ")), so rows of its present shape can be no events; "
          + "add it, or map another with \(setting: "column")"
      ]
    return missed
      + columns.compactMap { column in
        guard let types = needs.typedColumns[column.name], !types.contains(column.type) else { return nil }
        return
          "table \(name), column \(column.name): its type (\(column.typeName)) cannot serve, so rows that have it can be no events; "
          + "make it timestamptz, timestamp or an integer, or map another one or none with \(setting: "column")"
      }
  }

  /// Which of some columns the table has but does not publish.
  public func unpublished(of columns: [String]) -> [String] {
    unpublishedColumns.filter { column in columns.contains { $0.utf8.elementsEqual(column.utf8) } }
  }
}
