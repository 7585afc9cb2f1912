// SPDX-License-Identifier: Apache-2.0

import PostgresClient
import PostgresWire
import Replication

/// Whether what a slot has to read next can be read through its publication, which must not be younger.
struct PublicationAge {
  /// What came of it.
  enum Finding: Hashable, Sendable {
    /// The publication is older than all that the slot still needs.
    case older
    /// What comes next was read by way of trial.
    case readable
    /// It is younger. The position behind its making, and how many rows of the outbox were written before, where both could be
    /// found.
    case younger(made: LSN?, rows: Int?)
    /// Reading by way of trial took too long.
    case slow
    /// A client has the slot.
    case inUse
  }

  let plan: Administration.Plan
  let slot: SlotFacts
  /// The transaction that has made the publication, or changed it last.
  let change: UInt32

  /// So many changes are read.
  private static let most = 10_000
  /// How long the server may look.
  private static let limit = "5s"
  /// The server says that it has not kept to that.
  private static let canceled = "57014"

  /// Reads as a stream would, from the slot itself, which stays where it is.
  func look(_ server: borrowing Connection) throws(Failure) -> Finding {
    // Transactions are counted in a circle.
    if let oldest = slot.catalogueXmin, Int32(bitPattern: change &- oldest) < 0 { return .older }
    guard !slot.isActive else { return .inUse }
    _ = try server.query("SET statement_timeout = '\(Self.limit)'")
    defer { _ = try? server.query("SET statement_timeout = 0") }
    _ = server.takeNotices()
    do throws(Failure) {
      _ = try server.query(
        "SELECT pg_catalog.count(*) FROM pg_catalog.pg_logical_slot_peek_binary_changes(\(SQLQuoting.literal(plan.slot)), NULL, "
          + "\(Self.most), 'proto_version', '1', 'publication_names', \(SQLQuoting.literal(SQLName.quoted(plan.publication))))"
      )
    } catch {
      switch error.sqlState {
      case "42704": return younger(server)
      case "55006": return .inUse
      case Self.canceled: return .slow
      default: throw error
      }
    }
    // Later versions only warn, and leave the rows out.
    return server.takeNotices().contains { $0.tellsOfSomethingMissing } ? younger(server) : .readable
  }

  /// Finds the making in the log, through a temporary copy of the slot that tells of every transaction.
  private func younger(_ server: borrowing Connection) -> Finding {
    let copy = SQLQuoting.literal("tailrace_doctor_\(server.backend)")
    do throws(Failure) {
      _ = try server.query(
        "SELECT pg_catalog.pg_copy_logical_replication_slot(\(SQLQuoting.literal(plan.slot)), \(copy), true, 'test_decoding')"
      )
    } catch {
      // There is no room for another slot, or no such decoder.
      return .younger(made: nil, rows: nil)
    }
    defer { _ = try? server.query("SELECT pg_catalog.pg_drop_replication_slot(\(copy))") }
    let tables = plan.tables.map { SQLQuoting.literal("table \(Self.decoded($0)): INSERT:") }
    let isRow = tables.map { "pg_catalog.starts_with(data, \($0))" }.joined(separator: " OR ")
    let rows = try? server.query(
      "SELECT pg_catalog.max(lsn) FILTER (WHERE data = 'COMMIT \(change)'), pg_catalog.count(*) FILTER (WHERE lsn < "
        + "(SELECT c.lsn FROM changes c WHERE c.data = 'COMMIT \(change)' LIMIT 1) AND (\(isRow.isEmpty ? "false" : isRow))) "
        + "FROM changes", with: copy)
    let row = rows?.first
    return .younger(made: row?[0].flatMap { LSN($0) }, rows: row?[1].flatMap { Int($0) })
  }

  /// A table's name as that decoder writes it.
  private static func decoded(_ table: TableName) -> String { table.description }
}

extension Connection {
  /// Asks about what a slot with a decoder for people has, under the name `changes`.
  fileprivate borrowing func query(_ sql: String, with slot: String) throws(Failure) -> [SQLRow] {
    try query(
      "WITH changes AS MATERIALIZED (SELECT lsn, data FROM pg_catalog.pg_logical_slot_peek_changes(\(slot), NULL, NULL, "
        + "'include-xids', '1', 'skip-empty-xacts', '0')) " + sql)
  }
}

extension PublicationAge {
  func check(_ finding: Finding) -> Check {
    let name = "publication \"\(plan.publication)\""
    switch finding {
    case .older:
      return Check(
        .publicationAge, .ok, "\(name) is older than all that the slot has to read",
        means: "what the slot has to read can be read through it")
    case .readable:
      return Check(
        .publicationAge, .ok, "what the slot has to read was read through \(name) by way of trial",
        means: "a stream can read on")
    case .slow:
      return Check(
        .publicationAge, .unknown, "reading by way of trial took longer than \(Self.limit)",
        means: "there is much in the log before the first row; whether that can be read is not known")
    case .inUse:
      return Check(
        .publicationAge, .ok, "a client reads the slot", means: "it would end with an error if it could not read on")
    case .younger(let made, let rows):
      let behind = made.map { "\($0)" } ?? "now"
      let count = rows.map { " (\($0) rows of the outbox)" } ?? ""
      let target = made.map { "'\($0)'" } ?? "pg_catalog.pg_current_wal_lsn()"
      return Check(
        .publicationAge, .failure,
        "\(name) was made, or made again, after what the slot has to read, from \(slot.confirmed ?? .zero) on",
        means:
          "rows from before it was made cannot be read through it; the statement moves the slot past that, and skips what was "
          + "committed after \(slot.confirmed ?? .zero) up to \(behind)\(count)",
        mend: [
          "SELECT pg_catalog.pg_replication_slot_advance(\(SQLQuoting.literal(plan.slot)), \(target));"
        ],
        todo: [
          "what lies before the gap can be delivered first: a stream ends with an error where it comes to it",
          PublicationChecking.skipped(since: slot.confirmed),
        ])
    }
  }
}
