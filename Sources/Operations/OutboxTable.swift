import PostgresClient
import PostgresWire

/// The outbox table as a set-up makes it.
enum OutboxTable {
  static func createStatement(_ table: TableName) -> String {
    """
    CREATE TABLE \(SQLQuoting.table(table)) (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      aggregatetype text NOT NULL,
      aggregateid text NOT NULL,
      type text NOT NULL,
      payload jsonb,
      version integer NOT NULL DEFAULT 1,
      occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      headers jsonb,
      traceparent text
    );
    """
  }
}
