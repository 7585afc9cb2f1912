public import IntegrationEvents

/// Which tables and messages are outboxes, and how they map to events.
public struct OutboxConfiguration: Sendable {
  /// The outbox tables. Default: `public.outbox`.
  public var tables: [TableName] = [TableName(schema: "public", name: "outbox")]
  /// Columns that are not called what their role is called; an empty name takes the role away.
  public var columns: [ColumnRole: String] = [:]
  /// Columns that become extension attributes, by attribute.
  public var attributes: [(name: AttributeName, column: String)] = []
  /// Prefixes of transactional logical messages that are events too. Default: none.
  public var messagePrefixes: [String] = []
  /// The CloudEvents source. Default: `/database/schema.table`.
  public var source: EventSource?
  /// Whether a text payload is JSON. Default: no, it is a string.
  public var textPayloadIsJSON = false
  /// What to do about an UPDATE, DELETE or TRUNCATE of an outbox table. Default: warn.
  public var onChange = ChangePolicy.warn
  /// The database, for the default source.
  public var database = ""
  /// The cluster's identifier, from which ids of logical messages are made.
  public var systemIdentifier = "0"

  /// Makes a configuration with the defaults.
  public init() {}
}

/// What to do about a change of an outbox table that is not an insert.
public enum ChangePolicy: String, CaseIterable, Sendable {
  /// Nothing.
  case ignore
  /// Count it, and say so once.
  case warn
  /// Stop with an error.
  case fail
}

/// A table's name with its schema, unquoted.
public struct TableName: Hashable, Sendable {
  /// The schema.
  public let schema: String
  /// The table.
  public let name: String

  /// Makes a name from its parts.
  public init(schema: String, name: String) {
    self.schema = schema
    self.name = name
  }
}

extension TableName: LosslessStringConvertible {
  /// Reads `schema.table` or `table`, with double quotes where SQL needs them; `table` alone is in `public`.
  ///
  /// Unquoted parts are folded to lower case, as PostgreSQL does.
  public init?(_ description: String) {
    var parts: [String] = []
    var rest = Substring(description)
    while true {
      var part = ""
      if rest.first == "\"" {
        rest.removeFirst()
        while true {
          guard let end = rest.firstIndex(of: "\"") else { return nil }
          part += rest[..<end]
          rest = rest[rest.index(after: end)...]
          guard rest.first == "\"" else { break }
          part += "\""
          rest.removeFirst()
        }
      } else {
        let end = rest.firstIndex(of: ".") ?? rest.endIndex
        part = rest[..<end].lowercased()
        guard !part.contains(where: { $0 == "\"" || $0.isWhitespace }) else { return nil }
        rest = rest[end...]
      }
      guard !part.isEmpty, !part.contains("\0") else { return nil }
      parts.append(part)
      if rest.isEmpty { break }
      guard rest.removeFirst() == "." else { return nil }
    }
    switch parts.count {
    case 1: self.init(schema: "public", name: parts[0])
    case 2: self.init(schema: parts[0], name: parts[1])
    default: return nil
    }
  }

  /// `schema.table`, unquoted.
  public var description: String { "\(schema).\(name)" }
}
