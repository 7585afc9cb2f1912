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
  private let connection = Mutex<Connected?>(nil)

  private final class Connected {
    let server: Connection

    init(_ server: consuming Connection) {
      self.server = server
    }
  }

  /// Makes a session for a connection string; empty leaves everything to libpq's environment variables.
  ///
  /// - Parameters:
  ///   - timeLimit: how long an answer may take; nil for as long as it takes.
  ///   - lockLimit: how long a statement may wait for another's lock; nil for as long as it takes.
  ///   - isCancelled: asked about every fifth of a second while waiting: true gives up.
  package convenience init(
    database: String, timeLimit: Duration? = nil, lockLimit: Duration? = nil,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.init(database: database, for: .statements(within: timeLimit), lockLimit: lockLimit, isCancelled: isCancelled)
  }

  /// The same over a connection of any kind.
  package init(
    database: String, for purpose: Connection.Purpose, lockLimit: Duration? = nil,
    isCancelled: @escaping @Sendable () -> Bool
  ) {
    self.database = database
    self.lockLimit = lockLimit
    self.purpose = purpose
    self.isCancelled = isCancelled
  }

  /// How statements travel; nil before the first.
  package var transport: Transport? { connection.withLock { $0?.server.transport } }

  /// Runs a statement with its parameters, `$1` and so on, and returns its rows. A connection that was lost is tried once
  /// more.
  package func query(_ sql: String, _ parameters: [String?] = []) throws(Failure) -> [SQLRow] {
    try connection.withLock { (connected) throws(Failure) in
      if let open = connected {
        do throws(Failure) {
          return try open.server.query(sql, parameters)
        } catch {
          guard error.isRetryable else { throw error }
          connected = nil
        }
      }
      let opened = Connected(
        try Connection.connect(database, for: purpose, isCancelled: isCancelled))
      if let lockLimit {
        _ = try opened.server.query(
          "SELECT pg_catalog.set_config('lock_timeout', $1, false)", ["\(lockLimit.components.seconds)s"])
      }
      connected = opened
      return try opened.server.query(sql, parameters)
    }
  }
}
