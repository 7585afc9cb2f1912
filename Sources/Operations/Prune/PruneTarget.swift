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
    let name: String
    let blocks: Int
    let isPartition: Bool
  }

  /// The columns, as statements have them.
  let id: String
  let time: String
  /// Rows from this time on stay.
  let limit: String
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
      }.first.map { SQLName.inStatement($0) }
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
    return PruneTarget(id: id, time: time, limit: limit ?? "-infinity", parts: try parts(oid))
  }

  private func parts(_ oid: String) throws(Failure) -> [PruneTarget.Part] {
    try session.query(
      """
      SELECT n.nspname, c.relname, \
      pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::pg_catalog.int8, c.relispartition \
      FROM (SELECT $1::pg_catalog.oid UNION SELECT p.relid::pg_catalog.oid FROM pg_catalog.pg_partition_tree($1::pg_catalog.oid) p) \
      AS a (oid) JOIN pg_catalog.pg_class c ON c.oid = a.oid AND c.relkind = 'r' \
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ORDER BY c.relname
      """, [oid]
    ).compactMap { row in
      guard let schema = row[0], let name = row[1], let blocks = row[2].flatMap({ Int($0) }) else { return nil }
      let table = TableName(schema: schema, name: name)
      return PruneTarget.Part(name: SQLName.inStatement(table), blocks: blocks, isPartition: row[3] == "t")
    }
  }

  /// What hangs on the rows would go with them, or keep them; and triggers run with the rights of whoever deletes.
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
    let foreign = try session.query(
      """
      SELECT pg_catalog.pg_get_userbyid(r.oid) FROM (SELECT c.relowner FROM pg_catalog.pg_class c WHERE c.oid IN \(tree) \
      UNION SELECT f.proowner FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_proc f ON f.oid = g.tgfoid \
      WHERE NOT g.tgisinternal AND g.tgrelid IN \(tree)) AS r (oid) \
      WHERE pg_catalog.pg_has_role(session_user, 10::pg_catalog.oid, 'MEMBER') \
      AND NOT pg_catalog.pg_has_role(r.oid, 10::pg_catalog.oid, 'MEMBER') LIMIT 1
      """, [oid])
    if let owner = foreign.first?[0] {
      throw Failure(
        .privilege,
        "\(request.table), a part of it, or the function of a trigger on it belongs to role \(owner), whose triggers would "
          + "run as superuser", advice: "connect as a role that is no superuser, such as the table's owner")
    }
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
  var array: String {
    let texts = ids.map { "\"\($0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"" }
    return "{\(texts.joined(separator: ","))}"
  }
}
