// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// Whether a pooler gives our statements to whatever server process is free, so that a session's locks are nobody's.
enum PooledConnection {
  /// How often the processes are compared: a pooler that goes round may give each of us the same one for a while.
  private static let rounds = 8

  /// Refuses such a connection: its statements have more than one process, or while another has a transaction open, its process
  /// would be ours too.
  static func refuse(_ server: borrowing Connection, _ request: PollRequest) throws(Failure) {
    let own = try process(server)
    for _ in 0..<rounds { try require(server, own) }
    let other: Connection
    do throws(Failure) {
      other = try Connection.connect(
        request.database, for: .statements(within: nil), isCancelled: request.isCancelled)
    } catch {
      var failure = error
      failure.advice =
        "a poller needs three connections at once; let the role, and a pool before the server, have so many"
      throw failure
    }
    do throws(Failure) {
      for round in 0..<rounds {
        _ = try other.query("BEGIN")
        // Whoever has ours now leaves none for us, for which we would wait.
        guard try process(other) != own else { throw isShared }
        try require(server, own)
        _ = try other.query("ROLLBACK")
        // Not always in the same turn.
        if round % 2 == 1, try process(other) == own { throw isShared }
      }
    } catch {
      // One that gives each statement another session has no transactions, and closes the connection.
      throw "\(error.what)".contains("statement pooling mode") ? isShared : error
    }
    try require(server, own)
  }

  /// Refuses a connection that another process serves than before.
  private static func require(_ server: borrowing Connection, _ process: String) throws(Failure) {
    guard try self.process(server) == process else { throw isShared }
  }

  /// The process that serves a connection now.
  static func process(_ server: borrowing Connection) throws(Failure) -> String {
    try server.query("SELECT pg_catalog.pg_backend_pid()").first?[0] ?? ""
  }

  static let isShared = Failure(
    .settings,
    "the connection goes through a pooler that gives each transaction another session, in which no lock of ours would last",
    advice: "connect to the server itself, or to a pool of sessions (pool_mode = session)")
}
