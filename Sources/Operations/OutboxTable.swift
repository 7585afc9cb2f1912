// SPDX-License-Identifier: Apache-2.0

import PostgresWire

/// The outbox table as a set-up makes it. Its statement may be run by hand, where other schemas come first: so every name is
/// qualified.
enum OutboxTable {
  static func createStatement(_ table: TableName) -> String {
    """
    CREATE TABLE \(SQLName.inStatement(table)) (
      id pg_catalog.uuid PRIMARY KEY DEFAULT pg_catalog.gen_random_uuid(),
      aggregatetype pg_catalog.text NOT NULL,
      aggregateid pg_catalog.text NOT NULL,
      type pg_catalog.text NOT NULL,
      payload pg_catalog.jsonb,
      version pg_catalog.int4 NOT NULL DEFAULT 1,
      occurred_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
      headers pg_catalog.jsonb,
      traceparent pg_catalog.text
    );
    """
  }
}
