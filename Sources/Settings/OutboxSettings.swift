// SPDX-License-Identifier: Apache-2.0

public import IntegrationEvents
public import OutboxMapping
public import PostgresWire

/// Which tables and messages are outboxes, and how they become events.
public struct OutboxSettings: Hashable, Sendable {
  /// A column that becomes an extension attribute.
  public struct Attribute: Hashable, Sendable {
    /// The attribute's name.
    public var name: String
    /// The column's.
    public var column: String

    /// Maps a column.
    public init(name: String, column: String) {
      self.name = name
      self.column = column
    }
  }

  /// The outbox tables, as SQL writes them. Default: `public.outbox`, unless there are prefixes.
  public var tables: [String] = []
  /// Prefixes of logical messages that are events too if they belong to a transaction. Default: none.
  public var messagePrefixes: [String] = []
  /// Columns by the roles they have, where these are called otherwise; an empty name takes the role away.
  public var columns: [String: String] = [:]
  /// Further columns.
  public var attributes: [Attribute] = []
  /// The CloudEvents source, a URI reference. Default: `/database/schema.table`.
  public var source: String?
  /// What a line holds. Default: a CloudEvent.
  public var envelope = EnvelopeEncoder.Envelope.cloudevents
  /// Whether a payload of type text is JSON. Default: no.
  public var textPayloadIsJSON = false
  /// What to do about an UPDATE, DELETE or TRUNCATE of the outbox. Default: warn.
  public var onChange = ChangePolicy.warn
  /// What to do about a header that can be no attribute. Default: warn, and leave it out.
  public var onBadHeader = ChangePolicy.warn
  /// Keys of headers that become no attributes, as they are written. Default: none.
  public var ignoredHeaders: [String] = []
  /// Whether the publication may leave rows out by a filter. Default: no.
  public var acceptRowFilter = false

  /// Makes settings with the defaults.
  public init() {}

  /// The names of the outbox tables.
  public func tableNames() throws(Failure) -> [TableName] {
    if tables.isEmpty { return messagePrefixes.isEmpty ? [TableName(schema: "public", name: "outbox")] : [] }
    var names: [TableName] = []
    for text in tables {
      guard let name = TableName(text) else {
        throw .setting("outbox.tables", "'\(text)' is not a table name such as public.outbox")
      }
      if !names.contains(name) { names.append(name) }
    }
    return names
  }

  /// The mapper's configuration.
  public func configuration() throws(Failure) -> MappingConfiguration {
    var configuration = MappingConfiguration()
    configuration.tables = try tableNames()
    guard !messagePrefixes.contains("") else { throw .setting("outbox.message-prefixes", "the prefix is empty") }
    configuration.messagePrefixes = messagePrefixes
    for (name, column) in columns.sorted(by: { $0.key < $1.key }) {
      guard let role = ColumnRole(rawValue: name == "timestamp" ? "occurred_at" : name) else {
        let roles = ColumnRole.allCases.map(\.rawValue).joined(separator: ", ")
        throw .setting("outbox.columns", "'\(name)' is no role; there are \(roles)")
      }
      guard configuration.columns.updateValue(column, forKey: role) == nil else {
        throw .setting("outbox.columns", "\(role.rawValue) is given twice")
      }
    }
    if columns["headers"] == "", !ignoredHeaders.isEmpty {
      throw .setting("outbox.ignored-headers", "there are none where \(setting: "column", "headers=") says so")
    }
    for attribute in attributes { try add(attribute, to: &configuration) }
    if let source {
      guard let uri = EventSource(source) else {
        throw .setting("outbox.source", "'\(source)' is not a URI reference")
      }
      configuration.source = uri
    }
    configuration.textPayloadIsJSON = textPayloadIsJSON
    configuration.onChange = onChange
    configuration.onBadHeader = onBadHeader
    configuration.ignoredHeaders = Set(ignoredHeaders)
    configuration.acceptsRowFilter = acceptRowFilter
    return configuration
  }

  private func add(_ attribute: Attribute, to configuration: inout MappingConfiguration) throws(Failure) {
    let path = "outbox.attributes"
    guard let name = AttributeName(attribute.name), !["traceparent", "tracestate"].contains(attribute.name) else {
      throw .setting(
        path,
        "'\(attribute.name)' cannot be one; a name has lower-case letters and digits and is not the envelope's own")
    }
    guard !attribute.column.isEmpty else { throw .setting(path, "'\(attribute.name)' has no column") }
    guard !configuration.attributes.contains(where: { $0.name == name }) else {
      throw .setting(path, "'\(attribute.name)' is given twice")
    }
    configuration.attributes.append((name, attribute.column))
  }
}

extension OutboxSettings {
  /// The columns that may have the time of a row; the first that a table has counts.
  package var timeNames: [String] { names(of: .time) }

  /// The columns that may have a role; the first that a table has counts.
  package func names(of role: ColumnRole) -> [String] {
    let configured = columns[role.rawValue] ?? (role == .time ? columns["timestamp"] : nil)
    return configured.map { $0.isEmpty ? [] : [$0] } ?? role.usualNames
  }
}
