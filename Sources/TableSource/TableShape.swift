// SPDX-License-Identifier: Apache-2.0

import PgOutput
package import PostgresClient
package import PostgresWire

/// What a table is like: its columns, and those by which a row is found again.
package struct TableShape: Sendable {
  package struct Column: Hashable, Sendable {
    package let name: String
    /// Of a domain its base type.
    let baseType: ObjectID
    /// The type's name, with its schema, as a cast has it.
    package let type: String
    let number: String
    let isNeverNull: Bool

    /// Whether its values count up where a sequence gives them.
    var isWholeNumber: Bool { [BuiltInType.int2, BuiltInType.int4, BuiltInType.int8].contains(baseType) }

    /// The name as a statement has it.
    package var inStatement: String { SQLName.inStatement(name) }
  }

  package let table: TableName
  let id: ObjectID
  /// `r` or `p`, as `pg_class` has it.
  package let kind: String
  package let columns: [Column]
  /// Those by which a row is found again; none where nothing tells rows apart. Of a table with children, a key tells apart only the
  /// rows of each, so it has also which of the tables a row is in.
  package let identity: [Column]

  /// Those of the primary key, or else of a unique index.
  var ownIdentity: [Column] { identity.filter { $0 != Self.member } }

  /// Which table a row is in.
  private static let member = Column(
    name: "tableoid", baseType: BuiltInType.oid, type: "pg_catalog.oid", number: "-6", isNeverNull: true)

  /// Asks the server. Read as a table and not as a view, which would run whatever its owner has written.
  package static func look(_ server: borrowing Connection, _ table: TableName) throws(Failure) -> TableShape {
    let rows = try server.query(statement, [table.schema, table.name])
    guard let first = rows.first, let id = first[0].flatMap({ ObjectID($0) }), let kind = first[1] else {
      throw Failure(
        .tableMissing, "table \(table) does not exist in this database",
        advice: "name the outbox with \(setting: "table")",
        sqlState: "42P01")
    }
    guard kind == "r" || kind == "p" else {
      throw Failure(.tableMissing, "\(table) is no table", advice: "name the outbox with \(setting: "table")")
    }
    let columns = rows.compactMap { row -> Column? in
      guard let name = row[2], let base = row[3].flatMap({ ObjectID($0) }), let type = row[4], let number = row[5]
      else { return nil }
      return Column(name: name, baseType: base, type: type, number: number, isNeverNull: row[6] == "t")
    }
    let keys = try server.query(identities, ["\(id)"]).map { row in
      (row[0] ?? "").split(separator: " ").map { number in columns.first { $0.number == number } }
    }
    let identity = keys.first { key in key.allSatisfy { $0?.isNeverNull == true } }
    let own = identity?.compactMap { $0 } ?? []
    return TableShape(
      table: table, id: id, kind: kind, columns: columns,
      identity: own.isEmpty || first[7] != "t" ? own : own + [member])
  }

  /// With the columns alone that publications have of it, as a slot brings its rows.
  func published(_ server: borrowing Connection, _ publications: [String]) throws(Failure) -> TableShape {
    let rows = try server.query(Self.publishedColumns, ["\(id)", SQLQuoting.array(publications)])
    let numbers = Set(rows.map { $0[0] })
    return TableShape(
      table: table, id: id, kind: kind, columns: columns.filter { numbers.contains($0.number) }, identity: identity)
  }

  /// Whether a column has a value of its own where none is given.
  package func hasDefault(_ server: borrowing Connection, _ column: Column) throws(Failure) -> Bool {
    let rows = try server.query(
      "SELECT FROM pg_catalog.pg_attrdef d WHERE d.adrelid = $1::pg_catalog.oid AND d.adnum = $2::pg_catalog.int2 "
        + "AND pg_catalog.pg_get_expr(d.adbin, d.adrelid) NOT LIKE 'NULL%'", ["\(id)", column.number])
    return !rows.isEmpty
  }

  /// Refuses a key by whose values rows cannot be found. Who may not read the table is told of that elsewhere.
  package func requireIdentity(_ server: borrowing Connection) throws(Failure) {
    do throws(Failure) { try requireComparable(server, identity) } catch {
      guard error.kind == .privilege else { throw error }
    }
  }

  /// Refuses columns by whose values rows cannot be found and put in order: names are looked up in no schema but the system's.
  func requireComparable(_ server: borrowing Connection, _ columns: [Column]) throws(Failure) {
    for column in columns {
      let (name, type) = ("t.\(column.inStatement)", column.type)
      do throws(Failure) {
        _ = try server.query(
          "SELECT FROM \(SQLName.inStatement(table)) AS t WHERE ROW(\(name)) > ROW(NULL::pg_catalog.text::\(type)) "
            + "AND \(name) = ANY (ARRAY[]::pg_catalog.text[]::\(type)[]) LIMIT 0")
      } catch {
        guard ["42883", "42704", "42846", "0A000"].contains(error.sqlState) else { throw error }
        throw Failure(
          .settings,
          "rows of \(table) cannot be found by column \(column.name): its type \(type) cannot be compared here",
          advice: "give the table a key of a type of PostgreSQL's own, such as uuid, bigint or text",
          sqlState: error.sqlState)
      }
    }
  }

  /// The column of a name that counts.
  package func column(_ names: [String]) -> Column? {
    names.lazy.compactMap { name in columns.first { $0.name.utf8.elementsEqual(name.utf8) } }.first
  }

  /// The column of the time, where it is one that has instants.
  package func timeColumn(_ names: [String]) -> Column? {
    guard let column = column(names), [BuiltInType.timestamptz, BuiltInType.timestamp].contains(column.baseType) else {
      return nil
    }
    return column
  }

  private static let statement = """
    SELECT c.oid, c.relkind, a.attname, b.oid, pg_catalog.format('%I.%I', n.nspname, t.typname), a.attnum, a.attnotnull, \
    c.relkind = 'r' AND EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid) \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace \
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
    CROSS JOIN LATERAL (WITH RECURSIVE d (oid, base) AS (SELECT t.oid, t.typbasetype \
    UNION ALL SELECT y.oid, y.typbasetype FROM d JOIN pg_catalog.pg_type y ON y.oid = d.base) \
    SELECT d.oid FROM d WHERE d.base = 0) AS b \
    WHERE s.nspname = $1 AND c.relname = $2 ORDER BY a.attnum
    """

  /// The columns' numbers: those of lists, which servers have from version 15 on, of the table or its partitions; else all. Before
  /// version 18 no slot brings what is generated.
  private static let publishedColumns = """
    WITH listed AS MATERIALIZED (SELECT x.name FROM pg_catalog.pg_publication_tables p \
    JOIN pg_catalog.pg_namespace n ON n.nspname = p.schemaname \
    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename \
    CROSS JOIN LATERAL pg_catalog.jsonb_array_elements_text(\
    nullif(pg_catalog.to_jsonb(p) -> 'attnames', 'null'::pg_catalog.jsonb)) AS x (name) \
    WHERE p.pubname = ANY ($2::pg_catalog.text[]) AND (c.oid = $1::pg_catalog.oid OR c.oid IN \
    (SELECT t.relid FROM pg_catalog.pg_partition_tree($1::pg_catalog.oid::pg_catalog.regclass) AS t))) \
    SELECT a.attnum FROM pg_catalog.pg_attribute a WHERE a.attrelid = $1::pg_catalog.oid AND a.attnum > 0 \
    AND NOT a.attisdropped AND (a.attname::pg_catalog.text IN (SELECT l.name FROM listed l) OR NOT EXISTS (SELECT FROM listed)) \
    AND (pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 180000 OR a.attgenerated = '')
    """

  /// The columns' numbers of each key that every row has.
  private static let identities = """
    SELECT pg_catalog.array_to_string((i.indkey::pg_catalog.int2[])[0:i.indnkeyatts - 1], ' ') FROM pg_catalog.pg_index i \
    WHERE i.indrelid = $1::pg_catalog.oid AND i.indisunique AND i.indisvalid AND i.indimmediate \
    AND i.indpred IS NULL AND i.indexprs IS NULL ORDER BY NOT i.indisprimary, i.indnkeyatts, i.indkey::pg_catalog.text
    """
}
