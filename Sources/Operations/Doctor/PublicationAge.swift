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
    /// It is younger, or was changed since.
    case younger(Gap)
    /// Reading by way of trial took too long.
    case slow
    /// A client has the slot.
    case inUse
  }

  /// What cannot be read.
  struct Gap: Hashable, Sendable {
    /// What comes first.
    var next: SlotTrial.Next
    /// The position behind the publication's making; nil where it was not found.
    var made: LSN?
    /// How much was written before, as far as it can be counted.
    var count: Count?
  }

  /// Rows and messages, by the names that the outboxes have now.
  struct Count: Hashable, Sendable {
    var rows: Int
    var messages: Int
  }

  let plan: Administration.Plan
  let slot: SlotFacts
  /// The transaction that has made the publication, or changed it last.
  let made: UInt32
  /// Those that have put outboxes into it, as they are in it now.
  let added: [UInt32]
  let trial: SlotTrial
  /// The outboxes and what is below them, by name.
  let tables: [TableName]

  /// Reads as a stream would.
  func look(_ server: borrowing Connection) throws(Failure) -> Finding {
    // Transactions are counted in a circle.
    if let oldest = slot.catalogueXmin, ([made] + added).allSatisfy({ Int32(bitPattern: $0 &- oldest) < 0 }) {
      return .older
    }
    guard !slot.isActive else { return .inUse }
    let next = try trial.next(server)
    if case .lacking = next { return .younger(gap(next, server)) }
    if next == .unreadable { return .younger(gap(next, server)) }
    switch try trial.whole(server) {
    case .readable: return .readable
    case .unreadable: return .younger(gap(next, server))
    case .slow: return .slow
    case .inUse: return .inUse
    }
  }

  /// Finds the making in the log, through a temporary copy of the slot that tells of every transaction.
  private func gap(_ next: SlotTrial.Next, _ server: borrowing Connection) -> Gap {
    let copy = SQLQuoting.literal("tailrace_doctor_\(server.backend)")
    let source = SQLQuoting.literal(plan.slot)
    do throws(Failure) {
      _ = try server.query(
        "SELECT pg_catalog.pg_copy_logical_replication_slot(\(source), \(copy), true, 'test_decoding')")
    } catch {
      // There is no room for another slot, or no such decoder.
      return Gap(next: next)
    }
    defer { _ = try? server.query("SELECT pg_catalog.pg_drop_replication_slot(\(copy))") }
    _ = try? server.query("SET statement_timeout = '\(SlotTrial.limit)'")
    defer { _ = try? server.query("SET statement_timeout = 0") }
    // Whatever was changed later, it could be read from its making on; its columns come since they were put in so.
    let (first, later) = if case .lacking = next { (added, [made]) } else { ([made] + added, []) }
    let order = if case .lacking = next { "DESC" } else { "" }
    // As that decoder writes names.
    let rows = Self.any(
      tables.map { table in
        "pg_catalog.format('table %I.%I: INSERT:', \(SQLQuoting.literal(table.schema)), \(SQLQuoting.literal(table.name)))"
      })
    let messages = Self.any(
      trial.prefixes.map { SQLQuoting.literal("message: transactional: 1 prefix: \($0)") })
    let row = try? server.query(
      """
      WITH changes AS MATERIALIZED (SELECT lsn, data, place FROM pg_catalog.pg_logical_slot_peek_changes(\(copy), NULL, \
      NULL, 'include-xids', '1', 'skip-empty-xacts', '0') WITH ORDINALITY AS c (lsn, xid, data, place)),
      made AS (SELECT lsn, place FROM changes WHERE data IN (\(Self.commits(first + later)))
        ORDER BY data IN (\(Self.commits(first))) DESC, place \(order) LIMIT 1)
      SELECT (SELECT lsn FROM made), pg_catalog.count(*) FILTER (WHERE \(rows)),
        pg_catalog.count(*) FILTER (WHERE \(messages))
        FROM changes WHERE place < (SELECT place FROM made)
      """
    ).first
    guard let made = row?[0].flatMap({ LSN($0) }) else { return Gap(next: next) }
    var gap = Gap(next: next, made: made)
    if let rows = row?[1].flatMap({ Int($0) }), let messages = row?[2].flatMap({ Int($0) }) {
      gap.count = Count(rows: rows, messages: messages)
    }
    return gap
  }

  private static func commits(_ transactions: [UInt32]) -> String {
    transactions.isEmpty ? "''" : transactions.map { "'COMMIT \($0)'" }.joined(separator: ", ")
  }

  private static func any(_ beginnings: [String]) -> String {
    guard !beginnings.isEmpty else { return "false" }
    let list = beginnings.joined(separator: ", ")
    return
      "EXISTS (SELECT FROM pg_catalog.unnest(ARRAY[\(list)]) AS b (text) WHERE pg_catalog.starts_with(data, b.text))"
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
        .publicationAge, .unknown, "reading by way of trial took longer than \(SlotTrial.limit)",
        means: "there is much in the log before the first row; whether that can be read is not known")
    case .inUse:
      return Check(
        .publicationAge, .ok, "a client reads the slot", means: "it would end with an error if it could not read on")
    case .younger(let gap): return check(gap, name)
    }
  }

  private func check(_ gap: Gap, _ name: String) -> Check {
    let from = slot.confirmed ?? .zero
    var (found, why): (Wording, Wording) = (
      "\(name) was made, or made again, after what the slot has to read, from \(from) on",
      "rows from before it was made cannot be read through it"
    )
    if case .lacking(let columns) = gap.next {
      found =
        "the next row that the slot has to read, from \(from) on, came without column \(columns.joined(separator: ", "))"
      why = "rows that were published so can be no events: a stream ends there, or makes dead letters of them"
    }
    guard let made = gap.made else {
      return Check(
        .publicationAge, .failure, found,
        means: why + "; where that ends was not found, and how many rows it is cannot be counted",
        todo: Self.first(gap.next) + [
          "make room for a copy of the slot (max_replication_slots) on a server that has test_decoding, so that "
            + "\(command: "doctor") finds the end; or, if all that was committed until now may be skipped, "
            + "\(sql: ServerChecks.advance(plan.slot))",
          PublicationChecking.skipped(since: slot.confirmed),
        ])
    }
    let advance = "SELECT pg_catalog.pg_replication_slot_advance(\(SQLQuoting.literal(plan.slot)), '\(made)');"
    let skips: Wording =
      why + "; the statement moves the slot past that, and skips what was committed after \(from) up to \(made)"
      + Wording(counted(gap))
    guard gap.next.mayBeDelivered else {
      return Check(
        .publicationAge, .failure, found, means: skips, mend: [advance],
        todo: [PublicationChecking.skipped(since: slot.confirmed)])
    }
    return Check(
      .publicationAge, .failure, found, means: skips,
      todo: Self.first(gap.next) + [
        "then \(sql: advance)", PublicationChecking.skipped(since: slot.confirmed),
      ])
  }

  /// What is to be done before anything is skipped.
  static func first(_ next: SlotTrial.Next) -> [Wording] {
    guard next.mayBeDelivered else { return [] }
    return [
      "start the stream once before, unless that was done just now: it delivers what \(next == .event ? "can" : "may") still "
        + "be delivered, and ends with an error where it comes to what cannot"
    ]
  }

  private func counted(_ gap: Gap) -> String {
    guard let count = gap.count else { return " (how many rows that is cannot be counted)" }
    let rows =
      count.rows == 0
      ? "no row of the outbox, by the names that its tables have now"
      : "\(count.rows) \(count.rows == 1 ? "row" : "rows") of the outbox"
    if tables.isEmpty { return " (\(count.messages) messages)" }
    let messages = count.messages == 0 ? "" : " and \(count.messages) message\(count.messages == 1 ? "" : "s")"
    return " (\(rows)\(messages))"
  }
}
