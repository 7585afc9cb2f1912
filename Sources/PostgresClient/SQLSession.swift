// SPDX-License-Identifier: Apache-2.0

package import PostgresWire
import Synchronization

/// A plain connection for a few statements, opened when it is needed and again after it was lost.
///
/// Calls block their thread; several may use one session, one after another.
package final class SQLSession: Sendable {
  private let database: String
  private let purpose: Connection.Purpose
  private let isCancelled: @Sendable () -> Bool
  private let lockLimit: Duration?
  private let preparation: String
  private let connection = Mutex<Connected?>(nil)

  fileprivate final class Connected {
    fileprivate let server: Connection
    /// Whether whoever connected is superuser, whatever role is set; nil before anybody had to know.
    private var isSuperuser: Bool?
    /// It has a transaction that cannot be ended.
    fileprivate(set) var isBroken = false

    init(_ server: consuming Connection) {
      self.server = server
    }

    fileprivate func looksForSuperuser() throws(Failure) -> Bool {
      if let isSuperuser { return isSuperuser }
      // A member of the role that made the cluster may become one. The views of roles may be closed to us.
      let found = try server.query("SELECT pg_catalog.pg_has_role(session_user, 10::pg_catalog.oid, 'MEMBER')")
      let isOne = found.first?[0] == "t"
      isSuperuser = isOne
      return isOne
    }

    /// Runs a superuser's statement in one transaction with what it depends on, for that may be another thing in the next.
    func query(_ sql: String, _ parameters: [String?], under guardian: Guardian?) throws(Failure) -> [SQLRow] {
      guard let guardian, try looksForSuperuser() else { return try server.query(sql, parameters) }
      do throws(Failure) {
        // What is looked at must not be older than the locks, whatever the database has for its default.
        let begin = "BEGIN ISOLATION LEVEL READ COMMITTED; \(server.isHotStandby ? "" : guardian.rowLocks)"
        try guardian.check(server.query(begin + guardian.look))
        let rows = try server.query(sql, parameters)
        _ = try server.query("COMMIT")
        return rows
      } catch {
        isBroken = (try? server.query("ROLLBACK")) == nil
        throw error
      }
    }
  }

  /// What must hold where a superuser's statement runs, for it would run what others have put there.
  package struct Guardian: Sendable {
    /// Statements that lock rows, which a standby cannot.
    let rowLocks: String
    /// Statements that lock tables and then look.
    let look: String
    /// Throws where what was found must not be used.
    let check: @Sendable ([SQLRow]) throws(Failure) -> Void

    package init(
      rowLocks: String, look: String, check: @escaping @Sendable ([SQLRow]) throws(Failure) -> Void
    ) {
      (self.rowLocks, self.look, self.check) = (rowLocks, look, check)
    }
  }

  /// Makes a session for a connection string; empty leaves everything to libpq's environment variables.
  ///
  /// - Parameters:
  ///   - timeLimit: how long an answer may take; nil for as long as it takes.
  ///   - lockLimit: how long a statement may wait for another's lock; nil for as long as it takes.
  ///   - preparation: statements with which each connection begins.
  ///   - isCancelled: asked about every fifth of a second while waiting: true gives up.
  package convenience init(
    database: String, timeLimit: Duration? = nil, lockLimit: Duration? = nil, preparation: String = "",
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.init(
      database: database, for: .statements(within: timeLimit), lockLimit: lockLimit, preparation: preparation,
      isCancelled: isCancelled)
  }

  /// The same over a connection of any kind.
  package init(
    database: String, for purpose: Connection.Purpose, lockLimit: Duration? = nil, preparation: String = "",
    isCancelled: @escaping @Sendable () -> Bool
  ) {
    self.database = database
    self.lockLimit = lockLimit
    self.preparation = preparation
    self.purpose = purpose
    self.isCancelled = isCancelled
  }

  /// How statements travel; nil before the first.
  package var transport: Transport? { connection.withLock { $0?.server.transport } }

  /// Runs a statement with its parameters, `$1` and so on, and returns its rows. A connection that was lost is tried once
  /// more.
  package func query(
    _ sql: String, _ parameters: [String?] = [], under guardian: Guardian? = nil
  ) throws(Failure) -> [SQLRow] {
    try perform { (open) throws(Failure) in try open.query(sql, parameters, under: guardian) }
  }

  /// One transaction of a session, while it is open.
  package struct Transaction {
    fileprivate let open: Connected

    /// Whether whoever connected is superuser, or may become one.
    package func isSuperuser() throws(Failure) -> Bool { try open.looksForSuperuser() }

    /// Runs a statement in it.
    package func query(_ sql: String, _ parameters: [String?] = []) throws(Failure) -> [SQLRow] {
      try open.server.query(sql, parameters)
    }
  }

  /// Runs statements in one transaction, which is committed when it returns. A connection that was lost is tried once more, also
  /// where it is not known whether that has committed.
  ///
  /// - Parameters:
  ///   - isolated: whether all of it sees one state of the database, and fails where a row that it changes is another by then.
  ///   - body: the statements.
  package func transaction<Answer: Sendable>(
    isolated: Bool = false, _ body: @Sendable (Transaction) throws(Failure) -> Answer
  ) throws(Failure) -> Answer {
    try perform { (open) throws(Failure) in
      do throws(Failure) {
        _ = try open.server.query("BEGIN ISOLATION LEVEL \(isolated ? "REPEATABLE READ" : "READ COMMITTED")")
        let answer = try body(Transaction(open: open))
        _ = try open.server.query("COMMIT")
        return answer
      } catch {
        open.isBroken = (try? open.server.query("ROLLBACK")) == nil
        throw error
      }
    }
  }

  private func perform<Answer: Sendable>(
    _ body: @Sendable (Connected) throws(Failure) -> Answer
  ) throws(Failure) -> Answer {
    try connection.withLock { (connected) throws(Failure) in
      if let open = connected, !open.isBroken {
        do throws(Failure) {
          return try body(open)
        } catch {
          guard error.isRetryable else { throw error }
          connected = nil
        }
      }
      let opened = Connected(try Connection.connect(database, for: purpose, isCancelled: isCancelled))
      do throws(Failure) {
        if let lockLimit {
          _ = try opened.server.query(
            "SELECT pg_catalog.set_config('lock_timeout', $1, false)", ["\(lockLimit.components.seconds)s"])
        }
        if !preparation.isEmpty { _ = try opened.server.query(preparation) }
        connected = opened
        return try body(opened)
      } catch {
        throw opened.server.transport.warned(error)
      }
    }
  }
}
