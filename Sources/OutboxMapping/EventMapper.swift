// SPDX-License-Identifier: Apache-2.0

public import IntegrationEvents
import Octets
public import PgOutput
public import PostgresWire

/// Turns decoded messages into events: finds the outbox tables, maps their columns, counts positions.
public struct EventMapper: Sendable {
  /// What came of a message.
  public enum Outcome: Hashable, Sendable {
    /// No event.
    case none
    /// `event` is set, with ranges into the message.
    case eventInMessage
    /// `event` is set, with ranges into `scratch`.
    case eventInScratch
  }

  /// The last event. Valid until the next call.
  public internal(set) var event: IntegrationEvent
  /// The bytes that the last event refers to when it could not refer to the message.
  package internal(set) var scratch: [UInt8] = []
  /// How many changes of outbox tables other than inserts were passed over, with `ChangePolicy.warn`.
  public private(set) var passedOverChanges = 0
  /// How many messages were passed over that have an outbox's prefix and belong to no transaction, with
  /// `ChangePolicy.warn`.
  public internal(set) var passedOverMessages = 0
  /// How many headers were left out that can be no attributes, with `ChangePolicy.warn`.
  public internal(set) var leftOutHeaders = 0
  /// The first of them.
  package internal(set) var leftOutHeader: String?

  let configuration: MappingConfiguration
  let headerMapping: HeaderMapping
  /// What a message's members mean, by their names.
  let memberUses: [[UInt8]: [TablePlan.Use]]
  /// Of which relation the event's source is.
  var sourceRelation: RelationVersion?
  /// Which of the configured tables the event's row is in, counted from 1; 0 for none.
  var outbox: UInt16 = 0
  /// One entry a relation version; nil for a table that is no outbox.
  private(set) var plans: [TablePlan?] = []
  /// The outboxes by OID: as the catalogue says, and those that were described under a configured name.
  private var outboxes: [ObjectID: TableName] = [:]
  /// Those of which rows have come.
  private var described: Set<TableName> = []

  /// Makes a mapper for the start of a stream.
  public init(_ configuration: MappingConfiguration) {
    self.configuration = configuration
    headerMapping = HeaderMapping(
      taken: Set(configuration.attributes.map(\.name.text)), ignored: configuration.ignoredHeaders,
      policy: configuration.onBadHeader)
    memberUses = Self.memberUses(configuration)
    event = IntegrationEvent(
      source: EventSource(path: [configuration.database]), time: .epoch)
    event.isRedelivery = configuration.isRedelivery
  }

  /// Sets where the rows that follow stand, and the time that events without one of their own take.
  ///
  /// Errors: a commit time that RFC 3339 cannot write counts as 1970.
  public mutating func beginTransaction(commitLSN: LSN, commitTime: PostgresTimestamp) {
    event.position = EventPosition(commitLSN: commitLSN.rawValue, ordinal: 0)
    self.commitTime = EventTime(unixMicroseconds: commitTime.unixMicroseconds) ?? .epoch
  }

  /// When the transaction at hand was committed.
  private var commitTime = EventTime.epoch

  /// Gives the event the transaction's time, until it finds one of its own.
  mutating func resetTime() {
    event.time = commitTime
    event.hasOwnTime = false
  }

  /// Forgets the tables' shapes, because a stream starts anew and will describe them again.
  public mutating func forgetRelations() {
    plans = []
    sourceRelation = nil
  }

  /// Goes on counting at an ordinal: rows of transactions in progress come in turns.
  package mutating func resume(ordinal: UInt64) { event.position.ordinal = ordinal }

  /// Maps an inserted row of a relation, against which it must have been checked.
  public mutating func insert(
    _ insert: Insert, of relation: RelationVersion, in relations: RelationCache, message: RawSpan, lsn: LSN
  ) throws(MappingError) -> Outcome {
    event.position.ordinal &+= 1
    describe(relation, in: relations)
    guard let plan = plans[relation] else { return .none }
    if let column = plan.missingColumn { throw error(.missing, plan, column, lsn) }
    event.clear()
    outbox = plan.outbox
    if sourceRelation != relation {
      event.source = plan.source
      sourceRelation = relation
    }
    resetTime()
    guard !insert.new.hasBinary else {
      try insertBinary(insert.new, plan, message, lsn)
      return .eventInScratch
    }
    do throws(FieldFailure) {
      try insert.new.forEachColumn(in: message) { (index, value) throws(FieldFailure) in
        try set(plan, index, value, message)
      }
    } catch {
      throw self.error(error.problem, plan, plan.names[error.index], lsn)
    }
    return .eventInMessage
  }

  /// Takes note of an update, delete or truncation of relations that have been described.
  ///
  /// - Parameters:
  ///   - what: `UPDATE`, `DELETE` or `TRUNCATE`.
  ///   - changed: the relations.
  ///   - relations: what the stream has described.
  ///   - lsn: where it stands in the log.
  ///   - isOwn: whether it is the relay's own clean-up, of which nobody is told.
  public mutating func change(
    _ what: String, of changed: [RelationVersion], in relations: RelationCache, lsn: LSN, isOwn: Bool = false
  ) throws(MappingError) {
    event.position.ordinal &+= 1
    guard configuration.onChange != .ignore, !isOwn else { return }
    for relation in changed {
      describe(relation, in: relations)
      guard let plan = plans[relation] else { continue }
      if configuration.onChange == .fail { throw error(.changed(what), plan, nil, lsn) }
      passedOverChanges += 1
    }
  }

  /// Encodes the event that an outcome speaks of, behind what the buffer holds, and notes further attributes beside it.
  public func write(
    _ outcome: Outcome, _ message: RawSpan, with encoder: EnvelopeEncoder, into buffer: inout [UInt8],
    _ attributes: inout [EncodedAttribute]
  ) throws(EnvelopeError) -> EncodedEvent {
    var encoded =
      outcome == .eventInMessage
      ? try encoder.encode(event, from: message, into: &buffer, &attributes)
      : unsafe try encoder.encode(event, from: scratch.span.bytes, into: &buffer, &attributes)
    encoded.outbox = outbox
    return encoded
  }

  /// The row that an outcome speaks of; nil where it is of a message.
  package func row(_ outcome: Outcome, _ message: RawSpan) -> DeliveredRow? {
    guard outbox > 0, outcome != .none else { return nil }
    let id = outcome == .eventInMessage ? message.text(event.id) : unsafe scratch.span.bytes.text(event.id)
    return DeliveredRow(outbox: Int(outbox), id: id)
  }

  /// Adds place and column to an envelope's error; without a relation, the event came from a logical message.
  public func located(_ error: EnvelopeError, relation: RelationVersion?, lsn: LSN) -> MappingError {
    let plan = relation.flatMap { plans[$0] }
    let column: String? =
      if case .attribute(let name) = error.field {
        configuration.attributes.first { $0.name.text == name }?.column ?? name
      } else {
        ColumnRole(error.field).map { plan?.columnNames[$0] ?? configuration.columns[$0] ?? $0.rawValue }
      }
    let place = plan.map { MappingError.Place.table($0.table) } ?? .someMessage
    return MappingError(problem: .envelope(error.problem), place: place, column: column, lsn: lsn)
  }

  /// Makes plans for the relations that have been described since the last call.
  private mutating func describe(_ version: RelationVersion, in relations: RelationCache) {
    while plans.count <= version {
      let relation = relations[plans.count]
      let outbox = outbox(relation)
      if let outbox { described.insert(outbox) }
      plans.append(outbox.map { TablePlan(relation, of: $0, configuration) })
    }
  }

  /// The configured name of the outbox that a relation is. One that is described under a configured name is remembered, so
  /// that it stays an outbox when it gets another.
  private mutating func outbox(_ relation: Relation) -> TableName? {
    if let name = outboxes[relation.id] { return name }
    guard isNamed(relation) else { return nil }
    outboxes[relation.id] = relation.tableName
    return relation.tableName
  }

  /// Takes what the catalogue says of outboxes by OID.
  package mutating func take(_ names: [ObjectID: TableName]) {
    guard names.contains(where: { outboxes[$0.key] != $0.value }) else { return }
    outboxes.merge(names) { _, new in new }
    forgetRelations()
  }

  /// Takes what a recording says of outboxes by OID, as far as they are configured.
  package mutating func take(_ tables: OutboxTables) {
    let outboxes = configuration.tables.compactMap { tables[$0] }
    take(
      Dictionary(
        outboxes.flatMap { outbox in outbox.members.map { ($0, outbox.name) } }, uniquingKeysWith: { first, _ in first }
      ))
  }

  /// Whether a relation is known to be an outbox by its OID.
  package func knows(_ relation: Relation) -> Bool { outboxes[relation.id] != nil }

  /// Whether a relation has a configured name.
  package func isNamed(_ relation: Relation) -> Bool {
    configuration.tables.contains { $0.isStored(as: relation.tableName) }
  }

  /// The configured tables of which no row has come.
  package var absentTables: [TableName] {
    configuration.tables.filter { table in !described.contains { table.isStored(as: $0) } }
  }

  /// Whether a relation has the columns that an outbox needs.
  package func fits(_ relation: Relation) -> Bool {
    TablePlan(relation, of: relation.tableName, configuration).missingColumn == nil
  }

  private func error(
    _ problem: MappingError.Problem, _ plan: TablePlan, _ column: String?, _ lsn: LSN
  ) -> MappingError {
    MappingError(problem: problem, place: .table(plan.table), column: column, lsn: lsn)
  }

  private mutating func insertBinary(
    _ tuple: Tuple, _ plan: TablePlan, _ message: RawSpan, _ lsn: LSN
  ) throws(MappingError) {
    var text: [UInt8] = []
    var values: [Tuple.Value] = []
    var failure: Int?
    tuple.forEachColumn(in: message) { (index, value) in
      switch value {
      case .null, .unchanged: values.append(value)
      case .text(let range), .binary(let range):
        let start = text.count
        if case .text = value {
          text.append(message, range)
        } else if plan.uses[index] != .unused,
          !BinaryColumns.appendText(of: message, range, type: plan.types[index], to: &text)
        {
          failure = failure ?? index
        }
        values.append(.text(start..<text.count))
      }
    }
    if let failure {
      throw error(.invalidBinary, plan, plan.names[failure], lsn)
    }
    scratch = text
    event.clear()
    do throws(FieldFailure) {
      for (index, value) in values.enumerated() {
        unsafe try set(plan, index, value, text.span.bytes)
      }
    } catch {
      throw self.error(error.problem, plan, plan.names[error.index], lsn)
    }
  }
}
