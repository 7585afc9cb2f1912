// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire

/// How the server tells of new rows.
package enum PollNotification {
  /// What the trigger and its function are called.
  package static let name = "tailrace_notify"

  /// What the function does.
  package static let body =
    "BEGIN PERFORM pg_catalog.pg_notify(pg_catalog.concat('tailrace_', TG_RELID), ''); RETURN NULL; END"

  /// The condition for a function `p` of `pg_proc` that does that, and nothing else.
  package static let isMade =
    "(p.pronargs = 0 AND p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype AND NOT p.prosecdef "
    + "AND p.proconfig IS NULL AND p.prosrc = \(SQLQuoting.literal(body)) "
    + "AND p.prolang = (SELECT y.oid FROM pg_catalog.pg_language y WHERE y.lanname = 'plpgsql'))"

  /// The channel on which the trigger tells of a table's new rows.
  static func channel(_ table: ObjectID) -> String { "tailrace_\(table)" }

  /// Listens, where the table has the trigger with the function that set-up makes; tells whether it does.
  static func listen(_ server: borrowing Connection, _ shape: TableShape) throws(Failure) -> Bool {
    let found = try server.query(
      "SELECT FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid "
        + "WHERE t.tgrelid = $1::pg_catalog.oid AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND p.proname = $2 AND \(isMade)",
      ["\(shape.id)", name])
    guard !found.isEmpty else { return false }
    _ = try server.query("LISTEN \(SQLName.quoted(channel(shape.id)))")
    return true
  }
}

/// Whether the sequence of an identity column counts up as rows are written.
package enum PollSequence {
  /// The condition for a column `a` of `pg_attribute` whose sequence does not: its sessions take several numbers at once, it counts down,
  /// or it begins anew.
  package static func isUnordered(_ a: String) -> String {
    "EXISTS (SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_sequence q ON q.seqrelid = d.objid "
      + "WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'i' "
      + "AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = \(a).attrelid "
      + "AND d.refobjsubid = \(a).attnum AND (q.seqcache > 1 OR q.seqincrement < 0 OR q.seqcycle))"
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
