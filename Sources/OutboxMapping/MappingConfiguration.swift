// SPDX-License-Identifier: Apache-2.0

public import IntegrationEvents
public import PostgresWire

/// Which tables and messages are outboxes, and how they map to events.
public struct MappingConfiguration: Sendable {
  /// How many members an object of headers may have, and how many a message: a row with more is a bad one.
  public static let mostMembers = 1000

  /// The outbox tables. Default: `public.outbox`.
  public var tables: [TableName] = [TableName(schema: "public", name: "outbox")]
  /// Columns that are not called what their role is called; an empty name takes the role away.
  public var columns: [ColumnRole: String] = [:]
  /// Columns that become extension attributes, by attribute.
  public var attributes: [(name: AttributeName, column: String)] = []
  /// Prefixes of logical messages that are events too if they belong to a transaction. Default: none.
  public var messagePrefixes: [String] = []
  /// The CloudEvents source. Default: `/database/schema.table`.
  public var source: EventSource?
  /// Whether a text payload is JSON. Default: no, it is a string.
  public var textPayloadIsJSON = false
  /// Whether JSON of the types `json` and `jsonb` is checked too, because it comes from no server. Default: no.
  public var checksJSON = false
  /// Whether a publication may leave rows out by a filter. Default: no.
  public var acceptsRowFilter = false
  /// What to do about an UPDATE, DELETE or TRUNCATE of an outbox table. Default: warn.
  public var onChange = ChangePolicy.warn
  /// What to do about a header that can be no attribute: its name is the envelope's own, another's, or has other characters
  /// than letters and digits. It is left out, or its row refused. Default: warn.
  public var onBadHeader = ChangePolicy.warn
  /// Keys of headers that become no attributes. Default: none.
  public var ignoredHeaders: Set<String> = []
  /// Whether the rows come out of their table to be sent again: their positions mean nothing, and the events say so.
  /// Default: no.
  public var isRedelivery = false
  /// The database, for the default source.
  public var database = ""
  /// The cluster's identifier, from which ids of logical messages are made.
  public var systemIdentifier = "0"
  /// The database's encoding, in which the content of logical messages comes as it is. Default: UTF8.
  public var encoding = "UTF8"
  /// On which timelines the log was written, which is part of these ids where it is not the first.
  public var timelines = TimelineHistory()

  /// Makes a configuration with the defaults.
  public init() {}
}

/// What to do about what is passed over: a change of an outbox table that is not an insert, a message that belongs to no
/// transaction, a header that can be no attribute.
public enum ChangePolicy: String, CaseIterable, Sendable {
  /// Nothing.
  case ignore
  /// Count it, and say so once.
  case warn
  /// Stop with an error.
  case fail
}
