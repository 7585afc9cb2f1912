// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// Whether a pooler gives our statements to whatever server process is free, so that a session's locks are nobody's.
enum PooledConnection {
  /// Refuses such a connection: while another has a transaction open, its process would be ours too.
  static func refuse(_ server: borrowing Connection, _ request: PollRequest) throws(Failure) {
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
    let own = try process(server)
    let (others, again): (String, String)
    do throws(Failure) {
      _ = try other.query("BEGIN")
      (others, again) = (try process(other), try process(server))
      _ = try other.query("ROLLBACK")
    } catch {
      // One that gives each statement another session has no transactions, and closes the connection.
      throw "\(error.what)".contains("statement pooling mode") ? isShared : error
    }
    guard own != others, own == again else { throw isShared }
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
