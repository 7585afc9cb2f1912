// SPDX-License-Identifier: Apache-2.0

import PgOutput
import PostgresWire

/// A table of a script.
struct TestTable {
  /// One of its columns.
  struct Column {
    var name: String
    var type: ObjectID
    /// What stands in it where a row says nothing.
    var byDefault = Default.null
  }

  /// What a column has where a row says nothing.
  enum Default: Hashable {
    case null
    case value(String)
    /// The same in every run, and another for each row.
    case id
    /// The time of the transaction.
    case time
  }

  var name: TableName
  var columns: [Column]

  /// What `setup` makes with `--create-table`.
  static let outbox = TestTable(
    name: TableName(schema: "public", name: "outbox"),
    columns: [
      Column(name: "id", type: BuiltInType.uuid, byDefault: .id), Column(name: "aggregatetype", type: BuiltInType.text),
      Column(name: "aggregateid", type: BuiltInType.text), Column(name: "type", type: BuiltInType.text),
      Column(name: "payload", type: BuiltInType.jsonb),
      Column(name: "version", type: BuiltInType.int4, byDefault: .value("1")),
      Column(name: "occurred_at", type: BuiltInType.timestamptz, byDefault: .time),
      Column(name: "headers", type: BuiltInType.jsonb), Column(name: "traceparent", type: BuiltInType.text),
    ])

  /// A type by the names that SQL has for it, its modifier taken away; nil for one that is not built in.
  static func type(_ name: String) -> ObjectID? { BuiltInType.byName[inCatalogue[name] ?? name] }

  private static let inCatalogue = [
    "bigint": "int8", "bigserial": "int8", "boolean": "bool", "char": "bpchar", "character": "bpchar",
    "character varying": "varchar", "decimal": "numeric", "double precision": "float8", "int": "int4",
    "integer": "int4", "serial": "int4", "smallint": "int2", "time with time zone": "timetz",
    "time without time zone": "time", "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
  ]
}
