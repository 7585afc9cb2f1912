// SPDX-License-Identifier: Apache-2.0

import DomainEvents
import PostgresClient
import PostgresWire

/// What the server says of a transaction whose commit it was sent. Source: PostgreSQL manual, "Transaction ID and Snapshot
/// Information Functions", `pg_xact_status`.
public enum CommitOutcome: String, Sendable {
  /// It is committed.
  case committed
  /// It is not, and never will be.
  case rolledBack = "aborted"
  /// The server is still at it: ask again.
  case inProgress = "in progress"
  /// It was so long ago that the server has forgotten it.
  case forgotten
}

/// Ends a transaction so that what is not known is said.
enum Commit {
  static func perform(_ server: borrowing Connection) throws {
    guard server.standing != .idle else { throw PostgresSessionError.endedByStatement }
    // Without this id nobody could ask. A transaction without one has written nothing, though it may have notified somebody.
    let id = try server.perform("SELECT pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text").rows.first?.first
    let tag: String
    do throws(Failure) {
      tag = try server.perform("COMMIT").tag
    } catch {
      guard let id = id ?? nil, isUnanswered(error) else { throw error }
      throw CommitUnknown(transaction: id, cause: error)
    }
    // A transaction that has failed is rolled back, and that is no error to the server.
    guard tag == "COMMIT" else { throw PostgresSessionError.answer("\(tag) to a COMMIT") }
  }

  /// Whether the server has said nothing of the commit: it, the network or our patience has ended before.
  static func isUnanswered(_ failure: Failure) -> Bool {
    guard let state = failure.sqlState else { return true }
    // 57014, a statement that was cancelled, is an answer.
    return state.hasPrefix("57P") || ["08", "58", "XX"].contains(String(state.prefix(2)))
  }
}
