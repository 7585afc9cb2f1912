// SPDX-License-Identifier: Apache-2.0

import OutboxMapping
import PgOutput
import PostgresClient
import PostgresWire

/// The outbox tables and what their columns become.
struct TableChecking {
  let plan: Administration.Plan
  let mapping: MappingConfiguration
  let findings: TableFindings
  /// Of the tables that are partitioned by days.
  var byDay: [DayPartitions] = []

  var tableCheck: Check {
    guard !plan.tables.isEmpty else {
      return Check(.table, .ok, "none is named", means: "events are logical messages alone")
    }
    let missing = plan.tables.indices.filter { findings.root($0) == nil }.map { plan.tables[$0] }
    guard missing.isEmpty else {
      return Check(
        .table, .failure, "\(list(missing)) does not exist", means: "there is nothing to stream from",
        mend: missing.map(OutboxTable.createStatement))
    }
    let roots = plan.tables.indices.compactMap { findings.root($0) }
    let unlogged = roots.filter { $0.kind != "p" && $0.unlogged != nil }
    guard unlogged.isEmpty else {
      let faults = unlogged.map { table in (table.name, TableFault.notLogged(table.unlogged ?? .unlogged)) }
      return Check(
        .table, .failure, Wording(faults.map { "\($0) \($1.what(plan.publication))" }.joined(separator: ", ")),
        means: "its rows never come", mend: faults.flatMap { $1.remedies($0, plan.publication) },
        todo: faults.filter { $1.remedies($0, plan.publication).isEmpty }.map { $1.advice($0, plan.publication) })
    }
    let lacking = byDay.filter { !$0.lacking.isEmpty }
    guard lacking.isEmpty else {
      let days = lacking.flatMap { table in table.lacking.map { "\(table.table): \($0.low.prefix(10))" } }
      return Check(
        .table, .warning, "partitions ahead are missing: \(days.joined(separator: ", "))",
        means: "rows of these days go to the default partition, or cannot be written where there is none",
        mend: lacking.flatMap { table in table.lacking.flatMap(table.statements) },
        todo: ["have \(command: "prune") run daily, which makes them"])
    }
    let partitioned = roots.filter { $0.kind == "p" }.map(\.name)
    guard partitioned.isEmpty else {
      return Check(
        .table, .ok, "\(list(roots.map(\.name))); \(list(partitioned)) is partitioned",
        means: "an UPDATE that moves a row to another partition makes its event come again, with the same id")
    }
    return Check(.table, .ok, Wording(list(roots.map(\.name))), means: "its rows are in the log")
  }

  private func list(_ tables: [TableName]) -> String { tables.map(\.description).joined(separator: ", ") }

  /// The statement that asks for the columns of the tables that are there: table, column, type by name, base type.
  var columnsQuestion: String {
    let ids = plan.tables.indices.compactMap { findings.root($0)?.id }.map(String.init).joined(separator: ", ")
    return """
      WITH RECURSIVE base (id, type) AS (
        SELECT oid, CASE typtype WHEN 'd' THEN typbasetype ELSE oid END FROM pg_catalog.pg_type
        UNION SELECT b.id, t.typbasetype FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.type AND t.typtype = 'd')
      SELECT a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), b.type
        FROM pg_catalog.pg_attribute a JOIN base b ON b.id = a.atttypid
        JOIN pg_catalog.pg_type t ON t.oid = b.type AND t.typtype <> 'd'
        WHERE a.attrelid IN (\(ids.isEmpty ? "0" : ids)) AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attrelid, a.attnum
      """
  }

  /// What the mapping makes of the tables that are there, and the columns' types by their names.
  func meanings(_ rows: [SQLRow]) -> [(table: TableName, meaning: TableMeaning, types: [String])] {
    plan.tables.indices.compactMap { place in
      guard let root = findings.root(place) else { return nil }
      let own = rows.filter { $0[0] == "\(root.id)" }
      let relation = Relation(
        root.name, id: root.id, columns: own.map { ($0[1] ?? "", $0[3].flatMap { ObjectID($0) } ?? 0) })
      return (root.name, TableMeaning(relation, of: plan.tables[place], mapping), own.map { $0[2] ?? "?" })
    }
  }

  /// What the mapping makes of each column, and whether one is missing or cannot serve.
  func columnsCheck(_ rows: [SQLRow]) -> Check {
    var (words, missing, unfit): ([String], [Wording], [Wording]) = ([], [], [])
    for (table, meaning, types) in meanings(rows) {
      if let column = meaning.missingColumn { missing.append("\(table) has no column \(column)") }
      unfit += meaning.unusable.map { "column \($0) of \(table) has a type that cannot be a time" }
      let columns = zip(meaning.columns, types).map { column, type in
        "\(column.name) (\(type)) → \(column.becomes.isEmpty ? "nothing" : column.becomes.joined(separator: ", "))"
      }
      words.append("\(table): \(columns.joined(separator: "; "))")
    }
    guard missing.isEmpty, unfit.isEmpty else {
      let wrong = (missing + unfit).reduce(into: Wording("")) { words, next in
        words = words == Wording("") ? next : words + "; " + next
      }
      return Check(
        .tableColumns, .failure, wrong, means: "none of its rows can become an event",
        todo: (missing.isEmpty ? [] : ["add the column, or name the one that is meant with \(setting: "column")"])
          + (unfit.isEmpty
            ? []
            : ["make its type timestamptz, or do without it with \(setting: "column", "occurred_at=")"]))
    }
    guard !words.isEmpty else {
      return Unseen(found: "there is no table to look at").check(.tableColumns)
    }
    return Check(
      .tableColumns, .ok, Wording(words.joined(separator: " | ")),
      means: "every row with values in them becomes an event")
  }
}
