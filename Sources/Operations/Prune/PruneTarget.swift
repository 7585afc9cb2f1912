// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import Octets
import PostgresClient
import PostgresWire

/// The table to be pruned, and the parts in which its rows are.
struct PruneTarget: Sendable {
  /// A table that has rows itself.
  struct Part: Hashable, Sendable {
    let table: TableName
    let oid: String
    let blocks: Int
    /// Whether it is a partition by time whose time is over, so that no row of it has to stay for its age.
    let isOver: Bool
    /// Whether it is a partition by time at all.
    let isByTime: Bool

    /// As statements have it.
    var name: String { SQLName.inStatement(table) }
  }

  /// The columns, as statements have them.
  let id: String
  let time: String
  /// Rows from this time on stay.
  let limit: String
  let oid: String
  let parts: [Part]
}

extension Pruner {
  /// Looks at the table, and refuses one from which rows must not be taken.
  func target() throws(Failure) -> PruneTarget {
    do throws(Failure) { return try lookedAt() } catch { throw explained(error) }
  }

  private func lookedAt() throws(Failure) -> PruneTarget {
    let columns = try session.query(
      """
      SELECT a.attname, pg_catalog.format_type(CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END, NULL), c.relkind, c.oid \
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
      JOIN pg_catalog.pg_type t ON t.oid = a.atttypid WHERE n.nspname = $1 AND c.relname = $2
      """, [request.table.schema, request.table.name])
    guard let kind = columns.first?[2], let oid = columns.first?[3], ["r", "p"].contains(kind) else {
      throw Failure(
        .tableMissing, "there is no table \(request.table) in this database",
        advice: "name the outbox with \(setting: "table")")
    }
    func column(_ names: [String], _ types: Set<String>?) -> String? {
      names.lazy.compactMap { name in
        columns.first { $0[0] == name && (types.map { $0.contains } ?? { _ in true })($0[1] ?? "") }.flatMap { $0[0] }
      }.first
    }
    let times: Set = ["timestamp with time zone", "timestamp without time zone"]
    guard let id = column(request.idColumns, nil), let time = column(request.timeColumns, times) else {
      throw Failure(
        .settings,
        "table \(request.table) has no column for the id, or none of type timestamptz or timestamp that says when a row was written",
        advice: "name them with \(setting: "column", "id=COLUMN") and \(setting: "column", "occurred_at=COLUMN")")
    }
    try refuseOthers(oid)
    let age = "\(request.age.components.seconds) seconds"
    let limit = try session.query(
      "SELECT (pg_catalog.now() - $1::pg_catalog.interval)::pg_catalog.text", [age]
    ).first?[0]
    let old = limit ?? "-infinity"
    let parts = try parts(oid, time: time, limit: old)
    if request.dropsPartitions, !parts.contains(where: \.isByTime) {
      throw Failure(
        .settings, "table \(request.table) has no partitions by the time of its rows, so none can be dropped",
        advice: "do without \(setting: "drop-partitions"), or make an outbox by time with "
          + "\(command: "setup", [.init("table", "SCHEMA.NAME"), .init("partition-by", "day")])")
    }
    try requireRights(parts)
    return PruneTarget(
      id: SQLName.inStatement(id), time: SQLName.inStatement(time), limit: old, oid: oid, parts: parts)
  }

  private func parts(_ oid: String, time: String, limit: String) throws(Failure) -> [PruneTarget.Part] {
    let (low, high) = (DayPartitions.bound("FROM", "c"), DayPartitions.bound("TO", "c"))
    return try session.query(
      """
      SELECT n.nspname, c.relname, c.oid, \
      pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::pg_catalog.int8, \
      CASE WHEN s.is_by_time THEN \(low) < \(high) AND \(high) <= $2::pg_catalog.timestamptz END, \
      CASE WHEN s.is_by_time THEN \(low) < \(high) END \
      FROM (SELECT $1::pg_catalog.oid UNION SELECT p.relid::pg_catalog.oid FROM pg_catalog.pg_partition_tree($1::pg_catalog.oid) p) \
      AS a (oid) JOIN pg_catalog.pg_class c ON c.oid = a.oid AND c.relkind = 'r' \
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
      CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM pg_catalog.pg_inherits i \
      JOIN pg_catalog.pg_partitioned_table t ON t.partrelid = i.inhparent AND t.partstrat = 'r' AND t.partnatts = 1 \
      JOIN pg_catalog.pg_attribute m ON m.attrelid = t.partrelid AND m.attnum = t.partattrs[0] \
      AND m.atttypid IN ('pg_catalog.timestamptz'::pg_catalog.regtype, 'pg_catalog.timestamp'::pg_catalog.regtype) \
      AND m.attname = $3 WHERE i.inhrelid = c.oid AND i.inhparent = $1::pg_catalog.oid) AS is_by_time) s ORDER BY c.relname
      """, [oid, limit, time]
    ).compactMap { row in
      guard let schema = row[0], let name = row[1], let oid = row[2], let blocks = row[3].flatMap({ Int($0) })
      else { return nil }
      return PruneTarget.Part(
        table: TableName(schema: schema, name: name), oid: oid, blocks: blocks, isOver: row[4] == "t",
        isByTime: row[5] == "t")
    }
  }

  /// Rows are read and removed where they are, for which rights on the table above them do not count.
  private func requireRights(_ parts: [PruneTarget.Part]) throws(Failure) {
    let oids = "{\(parts.map(\.oid).joined(separator: ","))}"
    let lacking = Set(
      try session.query(
        """
        SELECT c.oid FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::pg_catalog.oid[]) AND NOT \
        (pg_catalog.has_table_privilege(c.oid, 'SELECT') AND pg_catalog.has_table_privilege(c.oid, 'DELETE'))
        """, [oids]
      ).compactMap { $0[0] })
    guard lacking.isEmpty else {
      let names = parts.filter { lacking.contains($0.oid) }.map(\.name).joined(separator: ", ")
      let role = try session.query("SELECT current_user").first?[0] ?? ""
      throw Failure(
        .privilege, "rows of \(request.table) cannot be removed: role \(role) may not",
        advice: "as the table's owner, \(sql: "GRANT SELECT, DELETE ON \(names) TO \(SQLName.inStatement(role));")")
    }
    guard request.dropsPartitions else { return }
    let others = try session.query(
      """
      SELECT pg_catalog.pg_get_userbyid(c.relowner), current_user FROM pg_catalog.pg_class c \
      WHERE c.oid = ANY ($1::pg_catalog.oid[]) AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE') LIMIT 1
      """, [oids])
    if let row = others.first {
      throw Failure(
        .privilege, "partitions of \(request.table) cannot be dropped: role \(row[1] ?? "") does not own them",
        advice: "run it as role \(row[0] ?? "")")
    }
  }

  /// What hangs on the rows would go with them, or keep them.
  private func refuseOthers(_ oid: String) throws(Failure) {
    let tree =
      "(SELECT $1::pg_catalog.oid UNION SELECT p.relid::pg_catalog.oid FROM pg_catalog.pg_partition_tree($1::pg_catalog.oid) p)"
    let references = try session.query(
      "SELECT pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I;', k.conrelid::pg_catalog.regclass, k.conname) "
        + "FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid IN \(tree) LIMIT 1",
      [oid])
    if let statement = references.first?[0] {
      throw Failure(
        .differs,
        "a foreign key refers to rows of \(request.table), which could not go, or would take others with them",
        advice: "\(sql: statement)")
    }
    // Nothing that is done for a row is done for one that goes with its partition.
    let triggers =
      request.dropsPartitions
      ? try session.query(
        "SELECT g.tgname FROM pg_catalog.pg_trigger g WHERE NOT g.tgisinternal AND g.tgenabled <> 'D' AND g.tgtype & 8 <> 0 "
          + "AND g.tgrelid IN \(tree) ORDER BY 1 LIMIT 1", [oid]) : []
    if let name = triggers.first?[0] {
      throw Failure(
        .differs,
        "trigger \(SQLName.inStatement(name)) on \(request.table) is there for rows that are deleted, and would not see a partition that is dropped",
        advice: "drop or disable it, or do without \(setting: "drop-partitions")")
    }
    try session.transaction { (transaction) throws(Failure) in try transaction.trust(request.table, isWritten: false) }
  }
}

/// The ids of rows that are dead letters.
struct KeptIDs {
  /// So many fit into memory without thinking.
  private static let most = 200_000

  private var ids: Set<String> = []

  init(_ store: any DeadLetterStore, idColumns: [String]) throws(Failure) {
    var found: Set<String> = []
    try store.forEachPage { (letters) throws(Failure) in
      for letter in letters {
        guard let id = letter.isEvent ? letter.id : Self.id(ofRow: letter.event, idColumns) else {
          throw Failure(
            .settings, "the dead letter at \(letter.position.sequence) does not tell the id of its row",
            advice: "drop it with \(command: "dead-letters drop") before")
        }
        found.insert(id)
      }
      guard found.count <= Self.most else {
        throw Failure(
          .settings, "there are more than \(Self.most) dead letters",
          advice: "redrive or drop them before rows are pruned")
      }
    }
    ids = found
  }

  /// A row's id, where the letter has its columns.
  static func id(ofRow json: String, _ columns: [String]) -> String? {
    let bytes = Array(json.utf8)
    var found: [String: String] = [:]
    try? unsafe JSONScanner.forEachMember(bytes.span.bytes, 0..<bytes.count) { key, value, kind in
      var text: [UInt8] = []
      guard kind == .string, columns.contains(String(decoding: bytes[key], as: UTF8.self)),
        unsafe text.appendUnescaped(bytes.span.bytes, (value.lowerBound + 1)..<(value.upperBound - 1))
      else { return }
      found[String(decoding: bytes[key], as: UTF8.self)] = String(decoding: text, as: UTF8.self)
    }
    return columns.lazy.compactMap { found[$0] }.first
  }

  /// As an array's text.
  var array: String { SQLQuoting.array(Array(ids)) }
}
