import IntegrationEvents
import Outbox
import PostgresWire
import Replication
import Sinks

/// Dead letters in a table of the same database, over a plain connection.
final class DeadLetterTable: DeadLetterStore {
  private let session: SQLSession
  private let name: String

  init(_ table: TableName, database: String) throws(SinkError) {
    session = SQLSession(database: database)
    name = "\(SQLQuoting.identifier(table.schema)).\(SQLQuoting.identifier(table.name))"
    _ = try rows("SELECT 1 FROM \(name) LIMIT 0")
  }

  /// The statement that makes the table.
  static func createStatement(_ table: TableName) -> String {
    """
    CREATE TABLE \(SQLQuoting.identifier(table.schema)).\(SQLQuoting.identifier(table.name)) (
      number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      position text NOT NULL,
      id text NOT NULL,
      key text NOT NULL,
      reason text NOT NULL,
      parked_at timestamptz NOT NULL DEFAULT now(),
      letter json NOT NULL
    );
    CREATE INDEX ON \(SQLQuoting.identifier(table.schema)).\(SQLQuoting.identifier(table.name)) (key);
    """
  }

  func append(_ letters: [DeadLetter]) throws(SinkError) {
    let values = letters.map(Self.values).joined(separator: ", ")
    _ = try rows("INSERT INTO \(name) (position, id, key, reason, letter) VALUES \(values)")
  }

  func appendBehindKey(_ letter: DeadLetter) throws(SinkError) -> Bool {
    try !rows(
      "INSERT INTO \(name) (position, id, key, reason, letter) SELECT \(Self.values(letter).dropFirst().dropLast()) "
        + "WHERE EXISTS (SELECT FROM \(name) WHERE key = \(SQLQuoting.literal(letter.key))) RETURNING 1"
    ).isEmpty
  }

  func letters() throws(SinkError) -> [DeadLetter] {
    try rows("SELECT letter FROM \(name) ORDER BY number").compactMap { row in
      row[0].flatMap { DeadLetter(json: Array($0.utf8)) }
    }
  }

  func remove(_ letters: [DeadLetter]) throws(SinkError) {
    guard !letters.isEmpty else { return }
    let pairs = letters.map { "(\(SQLQuoting.literal($0.id)), \(SQLQuoting.literal($0.position.sequence)))" }
    _ = try rows("DELETE FROM \(name) WHERE (id, position) IN (\(pairs.joined(separator: ", ")))")
  }

  private static func values(_ letter: DeadLetter) -> String {
    let fields = [letter.position.sequence, letter.id, letter.key, letter.reason, letter.json]
    return "(\(fields.map(SQLQuoting.literal).joined(separator: ", ")))"
  }

  private func rows(_ sql: String) throws(SinkError) -> [[String?]] {
    do {
      return try session.query(sql)
    } catch {
      let advice = error.sqlState == "42P01" ? "; make the table with tailrace setup --dead-letter-table" : ""
      throw SinkError(
        error.sqlState == "42P01" ? .misconfigured : .writeFailed, "dead letters: \(error.message)\(advice)")
    }
  }
}
