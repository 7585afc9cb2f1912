// SPDX-License-Identifier: Apache-2.0

import PostgresWire

/// The outbox table as a set-up makes it. Its statement may be run by hand, where other schemas come first: so every name is
/// qualified.
enum OutboxTable {
  static func createStatement(_ table: TableName) -> String { statement(table, key: " PRIMARY KEY", end: "\n);") }

  /// The same in parts by time. What comes for a day that has none is kept in one of its own, so that no write fails.
  static func createStatement(_ table: TableName, _ days: DayPartitions) -> String {
    // Ids are found by their index, in each part.
    let root = statement(table, key: "", end: ",\n  PRIMARY KEY (id, occurred_at)\n) PARTITION BY RANGE (occurred_at);")
    let rest =
      "CREATE TABLE \(SQLName.inStatement(days.name("default"))) PARTITION OF \(SQLName.inStatement(table)) DEFAULT;"
    return ([root, rest] + days.missing.flatMap(days.statements)).joined(separator: "\n")
  }

  private static func statement(_ table: TableName, key: String, end: String) -> String {
    """
    CREATE TABLE \(SQLName.inStatement(table)) (
      id pg_catalog.uuid\(key) DEFAULT pg_catalog.gen_random_uuid(),
      aggregatetype pg_catalog.text NOT NULL,
      aggregateid pg_catalog.text NOT NULL,
      type pg_catalog.text NOT NULL,
      payload pg_catalog.jsonb,
      version pg_catalog.int4 NOT NULL DEFAULT 1,
      occurred_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
      headers pg_catalog.jsonb,
      traceparent pg_catalog.text\(end)
    """
  }
}
