// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// How the server tells of new rows.
package enum PollNotification {
  /// What the trigger and its function are called.
  package static let name = "tailrace_notify"

  /// The channel on which the trigger tells of a table's new rows.
  static func channel(_ table: ObjectID) -> String { "tailrace_\(table)" }

  /// Listens, where the table has the trigger; tells whether it does.
  static func listen(_ server: borrowing Connection, _ shape: TableShape) throws(Failure) -> Bool {
    let found = try server.query(
      "SELECT FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid "
        + "WHERE t.tgrelid = $1::pg_catalog.oid AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND p.proname = $2",
      ["\(shape.id)", name])
    guard !found.isEmpty else { return false }
    _ = try server.query("LISTEN \(SQLName.quoted(channel(shape.id)))")
    return true
  }
}

extension PollDesk {
  /// Whether a connection has gone. What the server tells of new rows is taken meanwhile: it would gather.
  func isLost(_ server: borrowing Connection) -> Bool {
    do throws(Failure) {
      if try server.takeNotifications() { noteNews() }
      return false
    } catch {
      return true
    }
  }
}
