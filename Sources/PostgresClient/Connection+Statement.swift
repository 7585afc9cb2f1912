// SPDX-License-Identifier: Apache-2.0

import CLibpq
package import PostgresWire

/// Statements of a service's own work, in its own transactions.
extension Connection {
  /// What a statement has answered.
  package struct Answer: Sendable {
    /// Its rows, each with its columns as text; nil is NULL.
    package let rows: [[String?]]
    /// How many rows it has inserted, changed, removed or selected.
    package let affected: Int
    /// What it was, such as `INSERT 0 1`. Source: PostgreSQL manual, "Message Formats", CommandComplete.
    package let tag: String
  }

  /// Where the session stands, as the server said with its last answer.
  package enum Standing: Sendable {
    /// No transaction is open.
    case idle
    /// One is.
    case open
    /// One is that can only be rolled back.
    case failed
    /// An answer has not come whole, or the connection is gone.
    case unclear
  }

  /// Runs a statement, `$1` and so on being its parameters. Without any, there may be several statements: then the last one's
  /// answer counts, unless it is to be a single one and the server refuses several.
  package func perform(
    _ sql: String, _ parameters: [String?] = [], isSingle: Bool = false
  ) throws(Failure) -> Answer {
    let result = try unsafe execute(sql, parameters, isSingle: isSingle, within: timeLimit)
    defer { unsafe PQclear(result) }
    let status = unsafe PQresultStatus(result)
    // Whoever has the connection can only end it.
    guard ![PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH].contains(status) else {
      throw Failure(.server, "COPY between the server and its client is not done here; the connection is ended")
    }
    guard status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY else {
      throw unsafe failure(result)
    }
    let columns = unsafe PQnfields(result)
    let rows: [[String?]] = unsafe (0..<PQntuples(result)).map { row in
      (0..<columns).map { column in
        unsafe PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
      }
    }
    return Answer(
      rows: rows, affected: unsafe PQcmdTuples(result).flatMap { unsafe Int(String(cString: $0)) } ?? 0,
      tag: unsafe PQcmdStatus(result).map { unsafe String(cString: $0) } ?? "")
  }

  /// Where the session stands.
  package var standing: Standing {
    guard unsafe PQstatus(connection) == CONNECTION_OK else { return .unclear }
    switch unsafe PQtransactionStatus(connection) {
    case PQTRANS_IDLE: return .idle
    case PQTRANS_INTRANS: return .open
    case PQTRANS_INERROR: return .failed
    default: return .unclear
    }
  }
}
