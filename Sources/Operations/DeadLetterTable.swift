// SPDX-License-Identifier: Apache-2.0

public import Delivery
import IntegrationEvents
import PostgresClient
public import PostgresWire
import Synchronization

/// Dead letters in a table of the same database, over a plain connection.
public final class DeadLetterTable: DeadLetterStore {
  /// How long a statement may take before it is given up and tried again.
  private static let timeLimit: Duration = .seconds(25)

  /// How long it may wait for another's lock before that is told and it is tried again.
  private static let lockLimit: Duration = .seconds(2)

  let session: SQLSession
  let table: TableName
  let name: String
  let isChecked = Atomic(false)

  /// Uses a table; the server is asked when there is something to do.
  ///
  /// - Parameters:
  ///   - table: the table's name.
  ///   - database: a connection string of libpq's.
  ///   - retries: whether what fails and may heal is tried again, so that a lock is waited for only a moment each time.
  ///   - isCancelled: asked about every fifth of a second while waiting for the server: true gives up.
  public init(
    _ table: TableName, database: String, retries: Bool = false,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    session = SQLSession(
      database: database, timeLimit: Self.timeLimit, lockLimit: retries ? Self.lockLimit : nil,
      isCancelled: isCancelled)
    self.table = table
    name = SQLName.inStatement(table)
  }

  /// Whether the table is there, with all its columns, and can be written to.
  public func check() throws(Failure) {
    _ = try rows("INSERT INTO \(name) (\(LetterRow.columns)) SELECT \(LetterRow.columns) FROM \(name) WHERE false")
  }

  /// Asks the server by removing none.
  public func checkRemoval() throws(Failure) { _ = try rows("DELETE FROM \(name) WHERE false") }

  /// What an operator should know about the connection; nil where there is nothing to say.
  public var warning: Wording? { session.transport?.warning }

  /// The server cannot turn a letter of a text into the database's encoding, or from it.
  static let untranslatable = "22P05"

  /// Letters with what the database's encoding lacks in another form.
  func escaped(_ letters: [DeadLetter]) throws(Failure) -> [LetterRow] {
    var rows: [LetterRow] = []
    for letter in letters { rows.append(try LetterRow(escaping: letter, form)) }
    return rows
  }

  /// A text as a column has it, the same each time, since texts are looked for.
  private func form(_ text: String) throws(Failure) -> String {
    guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return text }
    do throws(Failure) {
      _ = try session.query("SELECT $1::pg_catalog.text", [text])
      return text
    } catch {
      guard error.sqlState == Self.untranslatable else { throw error }
      return JSONText.ascii(text)
    }
  }

  private func wanted(_ text: String?) throws(Failure) -> String? {
    guard let text else { return nil }
    return try form(LetterRow.bounded(text))
  }

  /// Reads by position, then by the table's own number; as many at once as fit into memory.
  public func letters(
    matching query: LetterQuery, after mark: LetterMark?, limit: Int
  ) throws(Failure) -> LetterPage {
    let places = try rows(
      "SELECT number, position, octet_length(letter::pg_catalog.text) FROM \(name) WHERE "
        + "(position COLLATE pg_catalog.\"C\", number) > ($1::pg_catalog.text, $2::bigint) "
        + "AND coalesce(key = $3::pg_catalog.text, true) AND coalesce(id = $4::pg_catalog.text, true) "
        + "ORDER BY position COLLATE pg_catalog.\"C\", number LIMIT $5::bigint",
      [
        mark?.position.sequence ?? "", String(mark?.number ?? 0), try wanted(query.key), try wanted(query.id),
        String(limit),
      ])
    var bytes = 0
    let chosen = places.prefix { row in
      defer { bytes += row[2].flatMap { Int($0) } ?? 0 }
      return bytes == 0 || bytes < Self.pageSize.bytes
    }
    let numbers = chosen.compactMap { $0[0] }
    var found: [Int64: DeadLetter] = [:]
    let answer =
      numbers.isEmpty
      ? [] : try rows("SELECT number, letter FROM \(name) WHERE number = ANY ($1::bigint[])", [Self.array(numbers)])
    for row in answer {
      guard let number = row[0].flatMap({ Int64($0) }),
        var letter = row[1].flatMap({ DeadLetter(json: Array($0.utf8)) })
      else {
        throw Failure(.letters, "dead letters: \(name) has a row that is no dead letter, number \(row[0] ?? "?")")
      }
      letter.mark = LetterMark(letter.position, number)
      if query.matches(letter) { found[number] = letter }
    }
    var page = LetterPage(letters: numbers.compactMap { Int64($0).flatMap { found[$0] } }, next: nil)
    if chosen.count < places.count || places.count == limit, let last = chosen.last,
      let position = last[1].flatMap({ EventPosition(sequence: $0) }), let number = last[0].flatMap({ Int64($0) })
    {
      page.next = LetterMark(position, number)
    }
    return page
  }

  /// Removes letters by the table's own numbers.
  public func remove(_ letters: [DeadLetter]) throws(Failure) {
    let numbers = letters.compactMap { $0.mark.map { String($0.number) } }
    _ = try rows("DELETE FROM \(name) WHERE number = ANY ($1::bigint[])", [Self.array(numbers)])
  }

  /// A statement that adds a letter may have seen others that are removed since: it ends before a lock that it stands in the way of.
  public func awaitParking() throws(Failure) {
    try explained { () throws(Failure) in
      try session.transaction { (transaction) throws(Failure) in
        _ = try transaction.query("LOCK TABLE \(name) IN SHARE MODE")
      }
    }
  }

  private static let foreignKinds: Set<FailureKind> = [
    .connectionString, .connectionSettings, .authentication, .certificate, .database, .privilege, .lettersMissing,
  ]

  /// The server says only that something may not be done.
  private func lackingRights(_ error: Failure) -> Failure {
    var failure = error
    failure.what = "dead letters: \(error.what)"
    if let role = try? session.query("SELECT current_user").first?.first.flatMap({ $0 }) {
      failure.advice = Administration.letterGrants(table, to: role).reduce("as the table's owner or a superuser,") {
        $0 + " \(sql: $1)"
      }
    }
    return failure
  }

  private static func array(_ numbers: [String]) -> String { "{\(numbers.joined(separator: ","))}" }

  func rows(_ sql: String, _ parameters: [String?] = []) throws(Failure) -> [SQLRow] {
    try explained { () throws(Failure) in
      try checkOnce()
      return try session.query(sql, parameters, under: guardian)
    }
  }

  /// What goes wrong with the table, in an operator's words.
  private func explained<Answer>(_ body: () throws(Failure) -> Answer) throws(Failure) -> Answer {
    do throws(Failure) {
      return try body()
    } catch {
      if error.kind == .privilege, error.advice == FailureKind.privilege.advice { throw lackingRights(error) }
      // What is wrong with the connection's settings has nothing to do with letters.
      if Self.foreignKinds.contains(error.kind) { throw error }
      let what: Wording = "dead letters: \(error.what)"
      let setup: Wording = "\(command: "setup", [.init("dead-letter-table", "\(table)")])"
      switch error.sqlState {
      case "25006": throw Failure(.server, what, advice: error.advice, sqlState: error.sqlState)
      case "55P03":
        throw Failure(
          .connection, "dead letters: another transaction has locked \(table)",
          advice: "SELECT pid FROM pg_catalog.pg_locks WHERE granted AND relation = "
            + "\(SQLName.shown(value: SQLName.quoted(table)))::pg_catalog.regclass; tells which",
          sqlState: error.sqlState)
      case "42P01":
        throw Failure(.lettersMissing, what, advice: "make the table with " + setup, sqlState: error.sqlState)
      case "42703":
        throw Failure(
          .lettersMissing, what,
          advice: "it is of an earlier version; add what it lacks with " + setup,
          sqlState: error.sqlState)
      default:
        throw Failure(
          error.isRetryable ? error.kind : .letters, what, advice: error.advice, sqlState: error.sqlState)
      }
    }
  }
}
