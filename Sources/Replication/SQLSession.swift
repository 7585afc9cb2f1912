public import PostgresWire
import Synchronization

/// A plain connection for a few statements, opened when it is needed and again after it was lost.
///
/// Calls block their thread; several may use one session, one after another.
public final class SQLSession: Sendable {
  private let database: String
  private let connection = Mutex<Connected?>(nil)

  private final class Connected {
    let server: Libpq

    init(_ server: consuming Libpq) {
      self.server = server
    }
  }

  /// Makes a session for a connection string; empty leaves everything to libpq's environment variables.
  public init(database: String) {
    self.database = database
  }

  /// Runs a statement and returns its rows. A connection that was lost is tried once more.
  public func query(_ sql: String) throws(StreamError) -> [[String?]] {
    try connection.withLock { (connected) throws(StreamError) in
      if let open = connected {
        do throws(StreamError) {
          return try open.server.query(sql)
        } catch {
          guard error.isRetryable else { throw error }
          connected = nil
        }
      }
      let opened = Connected(try Libpq.connect(database, forReplication: false))
      connected = opened
      return try opened.server.query(sql)
    }
  }
}
