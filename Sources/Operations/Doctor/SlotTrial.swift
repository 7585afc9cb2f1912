// SPDX-License-Identifier: Apache-2.0

import Octets
import PgOutput
import PostgresClient
import PostgresWire

/// Reads by way of trial what a slot has to give, as a stream would; the slot stays where it is.
struct SlotTrial {
  /// How it is with all of it.
  enum Whole: Hashable, Sendable {
    case readable, unreadable, slow, inUse
  }

  /// What comes first of the outboxes.
  enum Next: Hashable, Sendable {
    /// Nothing is left.
    case nothing
    /// A row or message that can be an event.
    case event
    /// A row that was published without columns that are needed.
    case lacking([String])
    /// Something that cannot be read, because there was no such publication then.
    case unreadable
    /// It was not found out: much else comes before it, or a client has the slot.
    case unclear

    /// Whether something can be delivered yet, as far as is known.
    var mayBeDelivered: Bool { self == .event || self == .unclear }
  }

  let plan: Administration.Plan
  /// Which logical messages are events, by the beginning of their prefix.
  let prefixes: [String]
  /// The tables that are outboxes, or below one.
  private let tables: [ObjectID]

  init(_ plan: Administration.Plan, _ findings: TableFindings, prefixes: [String]) {
    (self.plan, self.prefixes) = (plan, prefixes)
    tables = findings.tables.map(\.id)
  }

  /// How long the server may look.
  static let limit = "5s"
  /// So many changes are read.
  private static let most = 10_000
  /// The server says that it has not kept to the time.
  private static let canceled = "57014"

  /// Whether all of it can be read, as far as that is tried.
  func whole(_ server: borrowing Connection) throws(Failure) -> Whole {
    switch try read(server, changes: Self.most, "SELECT pg_catalog.count(*) FROM changes").end {
    case .done: .readable
    case .missing: .unreadable
    case .slow: .slow
    case .inUse: .inUse
    }
  }

  /// What it gives first.
  func next(_ server: borrowing Connection) throws(Failure) -> Next {
    let (insert, relation, message) = (0x49, 0x52, 0x4D)
    let ids = tables.map { "pg_catalog.decode('\(Self.hexadecimal($0))', 'hex')" }.joined(separator: ", ")
    let isRow = ids.isEmpty ? "false" : "kind IN (\(insert), \(relation)) AND pg_catalog.substr(data, 2, 4) IN (\(ids))"
    // Of a row its table is enough, of a message its prefix.
    let question = """
      , ours AS (SELECT place, CASE kind WHEN \(relation) THEN data ELSE pg_catalog.substr(data, 1, 512) END AS data
        FROM (SELECT *, pg_catalog.get_byte(data, 0) AS kind FROM changes) AS k
        WHERE \(isRow) OR kind = \(message) ORDER BY place LIMIT 100)
      SELECT (SELECT pg_catalog.count(*) FROM changes), pg_catalog.encode(ours.data, 'hex')
        FROM (SELECT 1) AS one LEFT JOIN ours ON true ORDER BY ours.place
      """
    var changes = 1
    while changes <= Self.most {
      let (rows, end) = try read(server, changes: changes, question)
      // Later versions only warn, and leave out what was before.
      if end == .missing { return changes == 1 ? .unreadable : .unclear }
      guard end == .done, let count = rows.first?[0].flatMap({ Int($0) }) else { return .unclear }
      if let next = first(of: rows.compactMap { $0[1] }) { return next }
      if count < changes { return .nothing }
      changes *= 100
    }
    return .unclear
  }

  private enum End { case done, missing, slow, inUse }

  /// Asks about what the slot has, under the name `changes`.
  private func read(
    _ server: borrowing Connection, changes: Int, _ question: String
  ) throws(Failure) -> (rows: [SQLRow], end: End) {
    _ = try server.query("SET statement_timeout = '\(Self.limit)'")
    defer { _ = try? server.query("SET statement_timeout = 0") }
    _ = server.takeNotices()
    let name = SQLQuoting.literal(SQLName.quoted(plan.publication))
    let messages = prefixes.isEmpty || server.serverVersion < 140_000 ? "" : ", 'messages', 'true'"
    do throws(Failure) {
      let rows = try server.query(
        "WITH changes AS MATERIALIZED (SELECT data, place FROM pg_catalog.pg_logical_slot_peek_binary_changes("
          + "\(SQLQuoting.literal(plan.slot)), NULL, \(changes), 'proto_version', '1', 'publication_names', "
          + "\(name)\(messages)) WITH ORDINALITY AS c (lsn, xid, data, place)) \(question)")
      return (rows, server.takeNotices().contains { $0.tellsOfSomethingMissing } ? .missing : .done)
    } catch {
      switch error.sqlState {
      case "42704": return ([], .missing)
      case "55006": return ([], .inUse)
      case Self.canceled: return ([], .slow)
      default: throw error
      }
    }
  }

  /// The first row or message that is meant to be an event.
  private func first(of messages: [String]) -> Next? {
    var decoder = Decoder()
    var columns: [ObjectID: [String]] = [:]
    for text in messages {
      guard let bytes = Hexadecimal.decode(text.utf8), let tag = bytes.first else { continue }
      switch tag {
      case UInt8(ascii: "R"):
        guard case .relation(let relation) = try? unsafe decoder.decode(bytes.span.bytes) else { continue }
        columns[relation.id] = relation.columns.map(\.name)
      case UInt8(ascii: "I"):
        let id = bytes.dropFirst().prefix(4).reduce(ObjectID(0)) { $0 << 8 | ObjectID($1) }
        guard let columns = columns[id] else { continue }
        let missing = plan.needs.columns.filter { name in !columns.contains { $0.utf8.elementsEqual(name.utf8) } }
        return missing.isEmpty ? .event : .lacking(missing.sorted())
      case UInt8(ascii: "M"):
        // Behind the flags and the position.
        let isTransactional = bytes.count > 10 && bytes[1] & 1 != 0
        if isTransactional, prefixes.contains(where: { bytes.dropFirst(10).starts(with: $0.utf8) }) { return .event }
      default: continue
      }
    }
    return nil
  }

  private static func hexadecimal(_ id: ObjectID) -> String {
    let digits = String(id, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
