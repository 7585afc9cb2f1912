// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// Who we are to the server, and by which way we came.
struct RoleFacts: Hashable, Sendable {
  var name = ""
  var isSuperuser = false
  /// Nil where it may not be seen.
  var mayReplicate: Bool? = false
  /// Whether that right comes with membership of a role, as on a managed server.
  var isManaged = false
  var database = ""
  /// The server's process, by its own word and by that of whoever let us in.
  var process = ""
  var greeted = ""
  /// How many seconds its clock is ahead of ours.
  var clockAhead = 0.0

  init() {}

  static func look(_ server: borrowing Connection) throws(Failure) -> RoleFacts {
    let before = PostgresTimestamp.now.unixMicroseconds
    let rows = try server.query(
      "SELECT current_user, pg_catalog.current_setting('is_superuser'), pg_catalog.current_database(), "
        + "pg_catalog.pg_backend_pid(), (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::int8")
    let after = PostgresTimestamp.now.unixMicroseconds
    var facts = RoleFacts()
    guard let row = rows.first else { throw Failure(.internal, "the server does not know our role") }
    (facts.name, facts.isSuperuser, facts.database) = (row[0] ?? "", row[1] == "on", row[2] ?? "")
    (facts.process, facts.greeted) = (row[3] ?? "", "\(server.backend)")
    do throws(Failure) {
      let right = try server.query(
        "SELECT \(StreamingRight.isGiven(to: "r")), \(StreamingRight.isManaged) FROM pg_catalog.pg_roles r "
          + "WHERE r.rolname = current_user"
      ).first
      (facts.mayReplicate, facts.isManaged) = (right?[0] == "t", right?[1] == "t")
    } catch {
      guard error.kind == .privilege else { throw error }
      facts.mayReplicate = nil
    }
    let clock = row[4].flatMap { Int64($0) } ?? before
    // As far as the time that the question took leaves it open.
    facts.clockAhead = Double(clock < before ? clock - before : clock > after ? clock - after : 0) / 1_000_000
    return facts
  }
}

extension RoleFacts {
  var roleCheck: Check {
    let name = SQLName.inStatement(self.name)
    guard let mayReplicate = isSuperuser ? true : mayReplicate else {
      return Unseen(
        found: "role \(name) may not read pg_roles, where it stands whether it has REPLICATION",
        mend: ["GRANT SELECT ON pg_catalog.pg_roles TO \(name);"]
      ).check(.role)
    }
    guard mayReplicate else {
      return Check(
        .role, .failure, "role \(name) has no REPLICATION", means: "it may not open a stream, nor make or read a slot",
        mend: [StreamingRight.statement(for: name, isManaged: isManaged)])
    }
    return Check(
      .role, .ok, isSuperuser ? "role \(name) is a superuser" : "role \(name) has LOGIN and the right to stream",
      means: isSuperuser
        ? "it may do all, which is more than a stream needs: LOGIN and REPLICATION"
        : "it may open a stream; it needs no SELECT for that")
  }

  var poolerCheck: Check {
    guard greeted != process else {
      return Check(.pooler, .ok, "the server itself answers", means: "a stream can be opened through this address")
    }
    return Check(
      .pooler, .failure, "PID \(greeted) was announced, and PID \(process) answers: a pooler is in between",
      means: "a stream needs a connection of its own to the server, which a pooler does not give",
      todo: ["give host and port of the server itself with \(setting: "database")"])
  }

  var clockCheck: Check {
    let off = abs(clockAhead)
    let found: Wording =
      off < 1
      ? "the server's clock and ours agree"
      : "the server's clock is \(Amounts.time(off)) \(clockAhead > 0 ? "ahead of" : "behind") ours"
    guard off >= 5 else {
      return Check(.clock, .ok, found, means: "how late events are can be told; their order does not depend on clocks")
    }
    return Check(
      .clock, .warning, found,
      means:
        "how late events are is told wrongly, and certificates may seem not to be valid; order and positions do not "
        + "depend on clocks",
      todo: ["set the clocks of both machines by NTP"])
  }
}

/// The ways to the server.
extension Check {
  static func tls(_ transport: Transport, leavesMachine: Bool) -> Check {
    switch transport {
    case .encrypted:
      return Check(.tls, .ok, "\(transport)", means: "nobody in between reads the events or the password")
    case .plain where !leavesMachine:
      return Check(.tls, .ok, "plain, within this machine", means: "nobody is in between")
    case .plain:
      return Check(
        .tls, .warning, "plain, to another machine",
        means: "whoever is in between reads the events, may change them, and may learn the password",
        todo: ["put sslmode=verify-full into the connection string"])
    }
  }

  /// - Parameter refusal: why a plain connection cannot be opened, where only one that replicates can.
  static func connection(besides refusal: Failure?) -> Check {
    guard let refusal else {
      return Check(.connection, .ok, "the server lets us in", means: "address, role and password are right")
    }
    return Check(
      .connection, .warning, "only a replication connection can be opened: \(refusal.what)",
      means: "a stream gets through; set-up, and dead letters in a table, do not",
      todo: [refusal.advice ?? "see what the role, the database or the server sets for each session"])
  }

  static func connection(_ failure: Failure) -> Check {
    Check(.connection, failure, means: "nothing can be seen of the server, and no stream can be opened")
  }
}
