// SPDX-License-Identifier: Apache-2.0

public import DomainEvents
import PostgresClient
import PostgresWire

/// A service's way to its database: a few connections that tasks share, each on a thread of its own.
///
/// The settings of role and database hold, `search_path` too: write names as the service is used to. What a statement sets for
/// the session stays for whoever has the connection next; use `SET LOCAL`.
public final class PostgresSession: TransactionSource {
  /// How it works.
  public let configuration: PostgresConfiguration
  private let pool: ConnectionPool

  /// Makes a session, which connects when it is first used.
  public init(_ configuration: PostgresConfiguration) {
    self.configuration = configuration
    pool = ConnectionPool(configuration)
  }

  /// Runs a statement in a transaction of its own. Gives how many rows it has inserted, changed or removed.
  ///
  /// A `Failure` without an SQLSTATE may mean that the answer was lost, and then nothing says whether the statement is done; where
  /// that matters, use ``transaction(_:)``.
  @discardableResult
  public func execute(_ statement: String, _ parameters: [String?] = []) async throws -> Int {
    try await alone(statement, parameters).affected
  }

  /// Runs a statement in a transaction of its own. Gives its rows, each with its columns as text; nil is NULL.
  public func query(_ statement: String, _ parameters: [String?] = []) async throws -> [[String?]] {
    try await alone(statement, parameters).rows
  }

  private func alone(_ statement: String, _ parameters: [String?]) async throws -> Connection.Answer {
    try OpenTransaction.check(statement, parameters)
    return try await withConnection { connection in
      // Of a statement that does its own commit, nobody knows what it has done when the connection is lost: it runs once.
      _ = try await connection.use(mayConnect: true) { _ = try $0.perform("SELECT") }
      return try await connection.use { server in
        defer { if server.standing == .open || server.standing == .failed { _ = try? server.perform("ROLLBACK") } }
        return try server.perform(statement, parameters)
      }
    }
  }

  /// Begins a transaction, lets `body` work in it and commits it. What `body` throws rolls back and is thrown on; so does the
  /// task's cancellation, up to the moment of the commit. Where the server has refused something because of others'
  /// transactions, that is thrown, whatever `body` has made of it.
  ///
  /// Throws `CommitUnknown` where the commit was sent and its answer never came; ask ``outcome(of:)`` then. Where that happens to a
  /// transaction without an id, which has written nothing but may have notified somebody, a `Failure` is thrown.
  public func transaction<Result>(
    _ body: (inout PostgresTransaction) async throws -> Result
  ) async throws -> Result {
    try await withConnection { connection in
      let begin = "BEGIN" + (configuration.isolation.map { " ISOLATION LEVEL \($0.rawValue)" } ?? "")
      try await connection.use(mayConnect: true) { _ = try $0.perform(begin) }
      let open = OpenTransaction(connection)
      let result: Result
      do {
        var transaction = PostgresTransaction(open: open)
        result = try await body(&transaction)
        try Task.checkCancellation()
        try open.end()
      } catch {
        open.giveUp()
        // Where this fails the connection is gone, and with it the transaction.
        _ = try? await connection.use(mayBeStopped: false) { _ = try $0.perform("ROLLBACK") }
        // That something may be committed counts more than what was made of it.
        if open.isEndedByStatement { throw PostgresSessionError.endedByStatement }
        if let refusal = open.refusal, mayBeRunAgain(after: refusal) { throw refusal }
        throw error
      }
      try await connection.use(mayBeStopped: false) { try open.commit($0) }
      return result
    }
  }

  private func withConnection<Result>(
    _ body: (PooledConnection) async throws -> Result
  ) async throws -> Result {
    let connection = try await pool.take()
    do {
      let result = try await body(connection)
      await pool.giveBack(connection)
      return result
    } catch {
      await pool.giveBack(connection)
      throw error
    }
  }

  /// Whether the server has refused something because of others' transactions, so that the same may succeed next time: SQLSTATE
  /// 40001 and 40P01.
  public func mayBeRunAgain(after error: any Error) -> Bool {
    ["40001", "40P01"].contains((error as? Failure)?.sqlState)
  }

  /// What has become of a commit whose answer was lost.
  public func outcome(of commit: CommitUnknown) async throws -> CommitOutcome {
    let rows = try await query(
      "SELECT pg_catalog.pg_xact_status($1::pg_catalog.text::pg_catalog.xid8)", [commit.transaction])
    guard let word = rows.first?.first ?? nil else { return .forgotten }
    guard let outcome = CommitOutcome(rawValue: word) else { throw PostgresSessionError.answer(word) }
    return outcome
  }

  /// Lets nobody begin anything any more, and ends the connections; those in use when their work is done.
  public func close() async { await pool.close() }
}
