// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

extension SQLSession.Transaction {
  /// A table's triggers run with our rights, and so does what a view calls: a superuser looks whose they are, behind a lock beside
  /// which nobody makes others. See `DeadLetterTable.guardian`.
  ///
  /// - Parameters:
  ///   - table: the table.
  ///   - condition: which one that is, for a WHERE, where it is not its name.
  ///   - isWritten: whether it is to be changed, for which a role needs the right.
  func trust(_ table: TableName, where condition: String? = nil, isWritten: Bool = true) throws(Failure) {
    guard try isSuperuser() else { return }
    let isMeant =
      condition
      ?? "n.nspname = \(SQLQuoting.literal(table.schema)) AND c.relname = \(SQLQuoting.literal(table.name))"
    let kind = try query(
      "SELECT c.relkind FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE \(isMeant)"
    ).first?[0]
    if let kind, !["r", "p"].contains(kind) {
      throw Failure(
        .privilege, "\(table) is no table, and what it calls would run as superuser",
        advice: "connect as a role that is no superuser")
    }
    _ = try query("LOCK TABLE \(SQLName.quoted(table)) IN \(isWritten ? "ROW EXCLUSIVE" : "ACCESS SHARE") MODE")
    guard let found = try query(DeadLetterTable.look(where: isMeant)).first, found.count == 3, found[1] == "true",
      let owner = found[0]
    else { return }
    throw Failure(
      .privilege,
      "\(table), a part of it, or the function of a trigger on it belongs to role \(owner), whose triggers would run as superuser when its rows are cleaned up",
      advice: "connect as a role that is no superuser, such as the table's owner")
  }
}
