public import Delivery
import IntegrationEvents
import PostgresClient
public import PostgresWire

/// Dead letters in a table of the same database, over a plain connection.
public final class DeadLetterTable: DeadLetterStore {
  /// How many letters go into one statement, whose parameters the server counts with 16 bits.
  private static let mostAtOnce = 1000

  private let session: SQLSession
  private let name: String

  /// How long a statement may take: less than a server waits for a silent replication client.
  private static let timeLimit: Duration = .seconds(25)

  /// Connects and looks whether the table is there.
  ///
  /// - Parameter isCancelled: asked about every fifth of a second while waiting for the server: true gives up.
  public init(
    _ table: TableName, database: String, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(Failure) {
    session = SQLSession(database: database, timeLimit: Self.timeLimit, isCancelled: isCancelled)
    name = SQLQuoting.table(table)
    try checkOwner(table)
    _ = try rows("SELECT 1 FROM \(name) LIMIT 0")
  }

  /// What an operator should know about the connection; nil where there is nothing to say.
  public var warning: Wording? { session.transport?.warning }

  /// A table's triggers, rules and policies are its owner's, and run with the rights of whoever uses it.
  private func checkOwner(_ table: TableName) throws(Failure) {
    let owner = try rows(
      "SELECT o.rolname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        + "JOIN pg_catalog.pg_roles o ON o.oid = c.relowner WHERE n.nspname = $1 AND c.relname = $2 "
        + "AND NOT o.rolsuper AND pg_catalog.current_setting('is_superuser') = 'on'", [table.schema, table.name]
    ).first?.first.flatMap { $0 }
    guard let owner else { return }
    throw Failure(
      .privilege, "dead letters: \(table) belongs to role \(owner), whose triggers would run as superuser",
      advice: "connect as a role that is no superuser, or name a table that a superuser owns")
  }

  /// The statements that make the table.
  public static func createStatement(_ table: TableName) -> String {
    """
    CREATE TABLE \(SQLQuoting.table(table)) (
      number pg_catalog.int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      position pg_catalog.text NOT NULL,
      id pg_catalog.text NOT NULL,
      key pg_catalog.text NOT NULL,
      reason pg_catalog.text NOT NULL,
      parked_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(),
      letter pg_catalog.json NOT NULL
    );
    CREATE INDEX ON \(SQLQuoting.table(table)) (key);
    """
  }

  /// Adds letters, all or none.
  public func append(_ letters: [DeadLetter]) throws(Failure) {
    try inPieces(letters) { (letters) throws(Failure) in
      let places = Self.places(letters.count, of: 5)
      _ = try rows(
        "INSERT INTO \(name) (position, id, key, reason, letter) VALUES \(places)", letters.flatMap(Self.values))
    }
  }

  /// Adds a letter in one statement with the look at its key.
  public func appendBehindKey(_ letter: DeadLetter) throws(Failure) -> Bool {
    try !rows(
      "INSERT INTO \(name) (position, id, key, reason, letter) SELECT $1, $2, $3, $4, $5::pg_catalog.json "
        + "WHERE EXISTS (SELECT FROM \(name) WHERE key = $3) RETURNING 1", Self.values(letter)
    ).isEmpty
  }

  /// Reads by the table's own number, which is the mark.
  public func letters(
    matching query: LetterQuery, after mark: LetterMark?, limit: Int
  ) throws(Failure) -> LetterPage {
    let found = try rows(
      "SELECT number, letter FROM \(name) WHERE number OPERATOR(pg_catalog.>) $1::bigint "
        + "AND ($2::text IS NULL OR key OPERATOR(pg_catalog.=) $2::text) "
        + "AND ($3::text IS NULL OR id OPERATOR(pg_catalog.=) $3::text) ORDER BY number LIMIT $4::bigint",
      [String(mark?.value ?? 0), query.key, query.id, String(limit)], isReading: true)
    let letters = found.compactMap { row in row[1].flatMap { DeadLetter(json: Array($0.utf8)) } }
    guard letters.count == found.count else {
      throw Failure(.letters, "dead letters: \(name) has rows that are no dead letters")
    }
    let isFull = found.count == limit
    return LetterPage(
      letters: letters, next: isFull ? found.last?[0].flatMap { Int64($0) }.map { LetterMark($0) } : nil)
  }

  /// Removes letters by id and position.
  public func remove(_ letters: [DeadLetter]) throws(Failure) {
    try inPieces(letters) { (letters) throws(Failure) in
      _ = try rows(
        "DELETE FROM \(name) WHERE (id, position) IN (\(Self.places(letters.count, of: 2)))",
        letters.flatMap { [$0.id, $0.position.sequence] })
    }
  }

  private func inPieces(
    _ letters: [DeadLetter], _ body: (ArraySlice<DeadLetter>) throws(Failure) -> Void
  ) throws(Failure) {
    var rest = letters[...]
    while !rest.isEmpty {
      try body(rest.prefix(Self.mostAtOnce))
      rest = rest.dropFirst(Self.mostAtOnce)
    }
  }

  /// `($1, $2), ($3, $4)` for so many rows of so many values.
  private static func places(_ rows: Int, of width: Int) -> String {
    (0..<rows).map { row in
      "(" + (1...width).map { "$\(row * width + $0)" }.joined(separator: ", ") + ")"
    }.joined(separator: ", ")
  }

  private static func values(_ letter: DeadLetter) -> [String?] {
    [letter.position.sequence, letter.id, letter.key, letter.reason, letter.json]
  }

  /// - Parameter isReading: whether a lost connection is one that may be tried again; letters that cannot be kept are an error.
  private func rows(
    _ sql: String, _ parameters: [String?] = [], isReading: Bool = false
  ) throws(Failure) -> [[String?]] {
    do {
      return try session.query(sql, parameters)
    } catch {
      if isReading, error.isRetryable { throw error }
      // What is wrong with the connection's settings has nothing to do with letters.
      if [.connectionString, .connectionSettings].contains(error.kind) { throw error }
      throw Failure(
        error.sqlState == "42P01" ? .lettersMissing : .letters, "dead letters: \(error.what)", sqlState: error.sqlState)
    }
  }
}
