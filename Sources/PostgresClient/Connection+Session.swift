// SPDX-License-Identifier: Apache-2.0

import CLibpq
import PostgresWire

/// What a session is like, whatever the database and its owner say that it is like.
extension Connection {
  /// Before any other statement: whoever owns the database decides where names are looked for, and an operator or a function
  /// of his own would run with our rights. With no schema named, only the system's are searched. Time limits are for the role's
  /// other work: how long we wait is ours to say; and so is how transactions begin, for those that only read make nothing and
  /// keep no letters, and serializable ones are not for a standby. What the server says that it has, it has. Its warnings must
  /// come, for some stop the stream.
  func pinSettings() throws(Failure) {
    let pins =
      "SET search_path = ''; SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET client_min_messages = warning; "
      + "SET default_transaction_isolation = 'read committed'; SET default_transaction_deferrable = off; "
      + (chooses("default_transaction_read_only") ? "" : "SET default_transaction_read_only = off; ")
      + (chooses("role") ? "" : Self.ownRole)
      + " SELECT pg_catalog.set_config(name, CASE name WHEN 'synchronous_commit' THEN 'local' ELSE '0' END, false) "
      + "FROM pg_catalog.unnest(ARRAY['statement_timeout', 'lock_timeout', 'transaction_timeout', "
      + "'idle_in_transaction_session_timeout', 'idle_session_timeout', 'synchronous_commit']) AS s (name) "
      + "WHERE CASE name WHEN 'synchronous_commit' THEN pg_catalog.current_setting(name) = 'off' "
      + "ELSE pg_catalog.current_setting(name, true) IS NOT NULL END"
    let result = try unsafe execute(pins, [], within: .seconds(unsafe Self.connectTimeout(connection)))
    defer { unsafe PQclear(result) }
    let status = unsafe PQresultStatus(result)
    guard status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK else { throw unsafe failure(result) }
  }

  /// What to connect with where the database's time limits end a session before it can say anything: given at the start, ours
  /// count more than those. Not at once, for poolers refuse options, and servers those that they do not know. What whoever runs
  /// us has chosen stands behind them, and counts.
  ///
  /// Source: PostgreSQL manual, "Client Connection Defaults".
  var withoutLimits: [(String, String)] {
    let since = [
      ("statement_timeout", 0), ("lock_timeout", 0), ("idle_in_transaction_session_timeout", 0),
      ("idle_session_timeout", 140_000), ("transaction_timeout", 170_000),
    ]
    let ours = since.filter { serverVersion >= $0.1 }.map { "-c \($0.0)=0" }
    let chosen = unsafe Self.option("options", of: connection) ?? ""
    return [("options", (ours + [chosen]).joined(separator: " "))]
  }

  /// Gives up a role that the database says we have: its owner may name himself, and what then looks like a session of his is
  /// one that may become ours again. What is set for our own role, nobody but an administrator of it has set. Asked by functions,
  /// for the views of roles may be closed to us.
  private static let ownRole =
    "SELECT pg_catalog.set_config('role', coalesce((SELECT pg_catalog.substr(c.line, 6) "
    + "FROM pg_catalog.pg_db_role_setting s CROSS JOIN pg_catalog.unnest(s.setconfig) AS c (line) "
    + "WHERE s.setrole <> 0 AND pg_catalog.pg_get_userbyid(s.setrole) = session_user "
    + "AND pg_catalog.starts_with(c.line, 'role=') "
    + "AND pg_catalog.to_regrole(pg_catalog.quote_ident(pg_catalog.substr(c.line, 6))) IS NOT NULL "
    + "AND s.setdatabase IN (0, "
    + "(SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())) "
    + "ORDER BY s.setdatabase = 0 LIMIT 1), 'none'), false);"

  /// Whether whoever runs us has chosen a setting in the connection string or in `PGOPTIONS`, which counts more than the
  /// database's.
  private func chooses(_ name: String) -> Bool {
    unsafe Self.option("options", of: connection).map { Self.chooses(name, $0) } ?? false
  }

  /// Finds `-c role=…`, `-crole=…` or `--role=…`. Source: PostgreSQL manual, "Database Connection Control Functions", `options`.
  static func chooses(_ name: String, _ options: String) -> Bool {
    var isValue = false
    for word in options.split(whereSeparator: \.isWhitespace) {
      var setting = word
      if isValue {
        isValue = false
      } else if word == "-c" || word == "--" {
        isValue = word == "-c"
        continue
      } else if word.hasPrefix("--") || word.hasPrefix("-c") {
        setting = word.dropFirst(2)
      } else {
        continue
      }
      // In the long form hyphens stand for underscores.
      if setting.lowercased().replacing("-", with: "_").hasPrefix("\(name)=") { return true }
    }
    return false
  }
}
