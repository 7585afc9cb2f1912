// SPDX-License-Identifier: Apache-2.0

public import IntegrationEvents
public import SQLTransactions

/// Where a service's integration events are written, in the transaction that makes them true.
public struct Outbox: Sendable {
  /// What holds the events until a relay has them.
  public enum Place: Hashable, Sendable {
    /// A table.
    case table(schema: String, name: String)
    /// The log alone: logical messages with a prefix, which need no table and leave nothing behind.
    case messages(prefix: String)
  }

  /// What is written of an event. The raw value is its column's, or its message's member's, usual name.
  public enum Field: String, CaseIterable, Hashable, Sendable {
    case id
    case aggregateType = "aggregatetype"
    case aggregateID = "aggregateid"
    case type
    case payload
    case version
    case time = "occurred_at"
    case headers
    case traceParent = "traceparent"
  }

  /// Where they are written. Default: the table `public.outbox`.
  public var place = Place.table(schema: "public", name: "outbox")
  /// Fields whose columns, or members, are called something else; one with an empty name is not written. Their types must take
  /// text: the time's ISO 8601, the payload's and the headers' JSON.
  public var columns: [Field: String] = [:]
  /// What kind of aggregate the events are of, unless they say otherwise when they are published.
  public var aggregateType: String
  /// The W3C trace context of the task that publishes, if there is one. Default: none.
  public var traceParent: @Sendable () -> String? = { nil }
  /// What else an event says of where it comes from; it becomes extension attributes. Default: nothing.
  public var headers: @Sendable () -> [String: String] = { [:] }

  /// Makes an outbox in the table `public.outbox`, with the columns that `tailrace setup` gives it.
  public init(aggregateType: String) { self.aggregateType = aggregateType }

  /// Writes events in one statement, in their order.
  ///
  /// - Parameters:
  ///   - events: what is to be published.
  ///   - aggregateType: what kind of aggregate they are of, if not the outbox's.
  ///   - transaction: the open transaction.
  public func write(
    _ events: [any VersionedEvent], of aggregateType: String? = nil, in transaction: inout some SQLTransaction
  ) async throws {
    try await write(try events.map { try OutboxEntry($0, of: aggregateType, self) }, in: &transaction)
  }

  func write(_ entries: [OutboxEntry], in transaction: inout some SQLTransaction) async throws {
    guard !entries.isEmpty else { return }
    let objects = "[" + entries.map { $0.object(columns) }.joined(separator: ",") + "]"
    let written: Int
    switch place {
    case .table(let schema, let name):
      let table = "\(Self.quoted(schema)).\(Self.quoted(name))"
      let names = Field.allCases.map { columns[$0] ?? $0.rawValue }.filter { !$0.isEmpty }.map(Self.quoted)
      let list = names.joined(separator: ", ")
      // However many events there are, it is one statement; what types the columns have, the server knows.
      written = try await transaction.execute(
        "INSERT INTO \(table) (\(list)) SELECT \(list) FROM "
          + "pg_catalog.json_populate_recordset(NULL::\(table), $1::pg_catalog.text::pg_catalog.json)", [objects])
    case .messages(let prefix):
      let rows = try await transaction.query(
        "SELECT pg_catalog.pg_logical_emit_message(true, $2::pg_catalog.text, value::pg_catalog.text) "
          + "FROM pg_catalog.json_array_elements($1::pg_catalog.text::pg_catalog.json)", [objects, prefix])
      written = rows.count
    }
    guard written == entries.count else { throw OutboxError.notWritten(of: entries.count, written: written) }
  }

  /// A name in double quotes.
  private static func quoted(_ name: String) -> String {
    var quoted = String.UnicodeScalarView()
    for scalar in name.unicodeScalars {
      if scalar == "\"" { quoted.append(scalar) }
      quoted.append(scalar)
    }
    return "\"\(String(quoted))\""
  }
}

/// Why an event is not in the outbox, beside what the server says.
public enum OutboxError: Error, Hashable, CustomStringConvertible {
  /// Something between, such as a trigger or a rule, has kept rows out.
  case notWritten(of: Int, written: Int)
  /// An event's key is empty: nothing says what its order is kept within.
  case noKey(type: String)
  /// The handlers were given more than one outbox: each event would be written as often.
  case secondOutbox

  /// One line.
  public var description: String {
    switch self {
    case .notWritten(let all, let written):
      "of \(all) events the outbox took \(written): look at its triggers and rules"
    case .noKey(let type): "an event \(type) has an empty key"
    case .secondOutbox: "the handlers were given more than one outbox, and each would take every event"
    }
  }
}
