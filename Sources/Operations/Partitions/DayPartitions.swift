// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// The partitions of an outbox by time: one for each day of UTC, which have to be there before their day begins.
struct DayPartitions: Hashable, Sendable {
  struct Day: Hashable, Sendable {
    /// Such as `20260131`.
    let label: String
    /// The first moment, and the first of the next day.
    let (low, high): (String, String)
    let isThere: Bool

    init(label: String, low: String, high: String, isThere: Bool) {
      (self.label, self.low, self.high, self.isThere) = (label, low, high, isThere)
    }
  }

  /// So many days ahead are made.
  static let made = 8
  /// So many have to be there: a run a day keeps them.
  static let needed = 6
  /// How many bytes a name may have beside `_20260131`.
  private static let longest = 54

  let table: TableName
  /// Whose the partitions are to be; nil where whoever makes them keeps them.
  let owner: String?
  /// From today on.
  let days: [Day]

  /// Those that are to be made.
  var missing: [Day] { days.filter { !$0.isThere } }
  /// Those without which rows come into the default partition soon, or nowhere.
  var lacking: [Day] { days.prefix(Self.needed + 1).filter { !$0.isThere } }

  /// Asks; nil where the table is not partitioned by the days of one column. One that has no range yet may become so.
  static func look(
    _ table: TableName, _ query: (String, [String?]) throws(Failure) -> [SQLRow]
  ) throws(Failure) -> DayPartitions? {
    let rows = try query(question, [table.schema, table.name])
    guard let first = rows.first else { return nil }
    return DayPartitions(table: table, owner: first[4], days: rows.compactMap(day))
  }

  /// For a table that is about to be made.
  static func new(
    _ table: TableName, _ query: (String, [String?]) throws(Failure) -> [SQLRow]
  ) throws(Failure) -> DayPartitions {
    let rows = try query("SELECT d.label, d.low, d.high, false FROM (\(calendar)) d ORDER BY d.label", [])
    return DayPartitions(table: table, owner: nil, days: rows.compactMap(day))
  }

  private static func day(_ row: SQLRow) -> Day? {
    guard let label = row[0], let low = row[1], let high = row[2] else { return nil }
    return Day(label: label, low: low, high: high, isThere: row[3] == "t")
  }

  /// A day's partition.
  func name(_ label: String) -> TableName {
    var (kept, count) = (String.UnicodeScalarView(), 0)
    for scalar in table.name.unicodeScalars {
      count += UTF8.width(scalar)
      if count > Self.longest { break }
      kept.append(scalar)
    }
    return TableName(schema: table.schema, name: "\(String(kept))_\(label)")
  }

  /// The statements that make a partition. It is made beside the table and then attached, which does not keep anybody from
  /// writing into the others.
  func statements(_ day: Day) -> [String] {
    let (root, part) = (SQLName.inStatement(table), SQLName.inStatement(name(day.label)))
    let like = "INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE"
    return ["CREATE TABLE \(part) (LIKE \(root) \(like));"]
      + (owner.map { ["ALTER TABLE \(part) OWNER TO \(SQLName.inStatement($0));"] } ?? [])
      + ["ALTER TABLE \(root) ATTACH PARTITION \(part) FOR VALUES FROM ('\(day.low)') TO ('\(day.high)');"]
  }

  private static let calendar = """
    SELECT pg_catalog.to_char(c.day, 'YYYYMMDD') AS label, pg_catalog.to_char(c.day, 'YYYY-MM-DD') || ' 00:00:00+00' AS low, \
    pg_catalog.to_char(c.day + pg_catalog.make_interval(days => 1), 'YYYY-MM-DD') || ' 00:00:00+00' AS high \
    FROM (SELECT pg_catalog.date_trunc('day', pg_catalog.now() AT TIME ZONE 'UTC') + pg_catalog.make_interval(days => g) \
    AS day FROM pg_catalog.generate_series(0, \(made)) g) c
    """

  /// The range of a partition, from the words of its bound; NULL where it has no end.
  static func bound(_ word: String, _ relation: String) -> String {
    "pg_catalog.substring(pg_catalog.pg_get_expr(\(relation).relpartbound, \(relation).oid), "
      + "'\(word) \\(''([^'']+)''\\)')::pg_catalog.timestamptz"
  }

  private static let question = """
    WITH root AS (SELECT c.oid, nullif(pg_catalog.pg_get_userbyid(c.relowner), current_user) AS owner \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = c.oid AND p.partstrat = 'r' AND p.partnatts = 1 \
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0] \
    AND a.atttypid = 'pg_catalog.timestamptz'::pg_catalog.regtype \
    WHERE n.nspname = $1 AND c.relname = $2), \
    part AS (SELECT \(bound("FROM", "b")) AS low, \(bound("TO", "b")) AS high \
    FROM root JOIN pg_catalog.pg_inherits i ON i.inhparent = root.oid JOIN pg_catalog.pg_class b ON b.oid = i.inhrelid), \
    scheme AS (SELECT root.owner FROM root WHERE coalesce((SELECT t.low = pg_catalog.date_trunc('day', t.low, 'UTC') \
    AND t.high - t.low = pg_catalog.make_interval(hours => 24) FROM part t WHERE t.high IS NOT NULL \
    ORDER BY t.high DESC LIMIT 1), true)) \
    SELECT d.label, d.low, d.high, EXISTS (SELECT FROM part t \
    WHERE coalesce(t.low, '-infinity') < d.high::pg_catalog.timestamptz AND coalesce(t.high, 'infinity') > d.low::pg_catalog.timestamptz \
    AND (t.low IS NOT NULL OR t.high IS NOT NULL)), scheme.owner \
    FROM scheme CROSS JOIN (\(calendar)) d ORDER BY d.label
    """
}
