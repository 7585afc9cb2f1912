// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// Why rows cannot be cleaned up, and how that is mended.
extension CleanUpStatements {
  private static let markTypes: Set = ["timestamp with time zone", "timestamp without time zone"]

  private var doing: String { mark == nil ? "deleted" : "marked" }

  /// What is wrong with a table, as far as that can be known before there is a row; nil for nothing.
  func fault(_ facts: CleanUpFacts) -> Failure? {
    let table = SQLName.inStatement(facts.name)
    if facts.isStandby {
      return Failure(
        .settings, "the server is a standby, where no row can be \(doing)",
        advice: "connect to the primary, or keep rows (\(setting: "after-delivery", "keep"))")
    }
    if let mark {
      let column = SQLName.inStatement(mark)
      guard let type = facts.markType else {
        return Failure(
          .settings, "\(facts.name) has no column \(mark) that could say when an event was delivered",
          advice: "\(sql: "ALTER TABLE \(table) ADD COLUMN \(column) pg_catalog.timestamptz;")")
      }
      guard Self.markTypes.contains(type) else {
        return Failure(
          .settings, "column \(mark) of \(facts.name) is of type \(type), which cannot say when an event was delivered",
          advice: "name one of type timestamptz with \(setting: "mark-column")")
      }
    } else if let key = facts.foreignKey {
      return Failure(
        .settings, "rows of \(facts.name) cannot be deleted while others refer to them: foreign key of \(key)",
        advice: "make it ON DELETE CASCADE or SET NULL, or take \(setting: "after-delivery", "mark")")
    }
    guard facts.mayRead, facts.mayWrite else {
      let column = SQLName.inStatement(id)
      let rights = mark.map { "SELECT (\(column), \(SQLName.inStatement($0))), UPDATE (\(SQLName.inStatement($0)))" }
      return Failure(
        .privilege, "rows of \(facts.name) cannot be \(doing): role \(facts.role) may not",
        advice:
          "\(sql: "GRANT \(rights ?? "SELECT (\(column)), DELETE") ON \(table) TO \(SQLName.inStatement(facts.role));")"
      )
    }
    if facts.hasPolicies {
      return Failure(
        .privilege, "policies of \(facts.name) (row security) may hide rows from role \(facts.role), which then stay",
        advice: "\(sql: "ALTER ROLE \(SQLName.inStatement(facts.role)) BYPASSRLS;")")
    }
    guard facts.isUnique else {
      return Failure(
        .settings, "column \(id) of \(facts.name) has no unique index, so rows cannot be \(doing) by it",
        advice: "\(sql: "ALTER TABLE \(table) ADD UNIQUE (\(SQLName.inStatement(id)));")")
    }
    return nil
  }

  func missing(_ place: Int) -> Failure {
    Failure(
      .settings, "\(tables[place]) is not there, or has no column \(id), so its rows cannot be \(doing)",
      advice: "put it back, or name the column with \(setting: "column", "id=…")")
  }

  /// The server has said that it is done, and nothing has happened.
  func unmoved(_ table: TableName) -> Failure {
    Failure(
      .settings, "rows of \(table) were to be \(doing) and are not: a trigger or a rule keeps them as they are",
      advice: "let the relay's role through, or keep rows (\(setting: "after-delivery", "keep"))")
  }

  /// What a statement was refused for, in words for whoever has the table.
  func located(_ error: Failure, _ table: TableName) -> Failure {
    let name = SQLName.inStatement(table)
    func failure(_ kind: FailureKind, _ what: Wording, _ advice: Wording) -> Failure {
      Failure(kind, what, advice: advice, sqlState: error.sqlState)
    }
    switch error.sqlState {
    case "42501":
      let rights = mark.map { "SELECT, UPDATE (\(SQLName.inStatement($0)))" } ?? "SELECT, DELETE"
      return failure(
        .privilege, "rows of \(table) cannot be \(doing): \(error.what)",
        Wording("GRANT \(rights) ON \(name) TO the relay's role"))
    case "55P03":
      return failure(
        .connection, "rows of \(table) cannot be \(doing) now: another transaction has locked them, or the table",
        "SELECT pid FROM pg_catalog.pg_locks WHERE granted AND relation = \(SQLName.shown(value: SQLName.quoted(table)))::pg_catalog.regclass; tells which"
      )
    case "23503":
      return failure(
        .settings, "rows of \(table) cannot be \(doing): \(error.what)",
        "make the foreign key ON DELETE CASCADE or SET NULL, or take \(setting: "after-delivery", "mark")")
    case "55000":
      return failure(
        .settings, "rows of \(table) cannot be \(doing): \(error.what)",
        "give the table a primary key or another REPLICA IDENTITY, or publish inserts only")
    case let state? where state.hasPrefix("P0") || state.hasPrefix("23") || state.hasPrefix("38"):
      // What a trigger says may hold values.
      return failure(
        .settings, "rows of \(table) cannot be \(doing): a trigger or a constraint of it forbids that",
        "let the relay's role through, or keep rows (\(setting: "after-delivery", "keep"))")
    case .some:
      return failure(
        error.kind == .server ? .settings : error.kind, "rows of \(table) cannot be \(doing): \(error.what)",
        error.advice ?? "look at the table, or keep rows (\(setting: "after-delivery", "keep"))")
    case nil: return error
    }
  }
}
