// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets
import PgOutput
import PostgresWire

/// What a column of an outbox table means. The raw value is the column's usual name; the first five are Debezium's.
public enum ColumnRole: String, CaseIterable, Hashable, Sendable {
  case id
  case aggregateType = "aggregatetype"
  case aggregateID = "aggregateid"
  case type
  case payload
  case version
  case time = "occurred_at"
  case headers
  case traceParent = "traceparent"
  case traceState = "tracestate"
  case dataSchema = "dataschema"

  /// Whether a table without it is no outbox.
  var isRequired: Bool {
    switch self {
    case .id, .aggregateType, .aggregateID, .type, .payload: true
    default: false
    }
  }

  /// Whether NULL in it is an error.
  var isNeverNull: Bool { isRequired && self != .payload }

  /// The names under which it is looked for when none is configured.
  package var usualNames: [String] { self == .time ? [rawValue, "timestamp"] : [rawValue] }

  /// The role of an envelope's field, so that an error can name its column.
  init?(_ field: EventField) {
    switch field {
    case .id: self = .id
    case .type: self = .type
    case .aggregateType: self = .aggregateType
    case .aggregateID: self = .aggregateID
    case .payload: self = .payload
    case .dataVersion: self = .version
    case .time: self = .time
    case .headers: self = .headers
    case .traceParent: self = .traceParent
    case .traceState: self = .traceState
    case .dataSchema: self = .dataSchema
    case .attribute: return nil
    }
  }
}

/// How the rows of one relation, as it is now, become events.
final class TablePlan: Sendable {
  /// What a column is used for.
  enum Use: Hashable, Sendable {
    case unused
    case role(ColumnRole)
    case attribute(Int)
    /// More than one of these, by its place in `several`.
    case several(Int)
  }

  /// The table's name, with its schema.
  let table: String
  let source: EventSource
  /// Which of the configured tables it is, counted from 1.
  let outbox: UInt16
  /// One entry a column, in the relation's order.
  let uses: [Use]
  /// What columns are used for that have more than one use.
  let several: [[Use]]
  /// Each column's name.
  let names: [String]
  /// Each column's type, of a domain its base type.
  let types: [ObjectID]
  /// How each column writes a time; nil for one that cannot.
  let timeForms: [TimeColumns.Form?]
  /// How a payload is to be read, by its column's type.
  let payloadForm: PayloadForm
  /// A column that is needed and missing: rows cannot be used.
  let missingColumn: String?
  let columnNames: [ColumnRole: String]

  enum PayloadForm: Sendable {
    case json, uncheckedJSON, text, hexadecimal
  }

  /// - Parameter outbox: the configured name, which stays the source when the table gets another.
  init(_ relation: Relation, of outbox: TableName, _ configuration: MappingConfiguration) {
    table = relation.qualifiedName
    self.outbox = UInt16(clamping: 1 + (configuration.tables.firstIndex { $0.isStored(as: outbox) } ?? -1))
    source =
      configuration.source ?? EventSource(path: [configuration.database, outbox.inSource])
    // By their bytes, as the server tells them apart: two names can be the same text in different forms.
    let indices = Dictionary(
      relation.columns.enumerated().map { (Array($1.name.utf8), $0) }, uniquingKeysWith: { first, _ in first })
    var uses = [[Use]](repeating: [], count: relation.columns.count)
    var missing: String?
    var names: [ColumnRole: String] = [:]
    var payloadForm = PayloadForm.text
    for role in ColumnRole.allCases {
      let configured = configuration.columns[role]
      if configured?.isEmpty == true { continue }
      let candidates = configured.map { [$0] } ?? role.usualNames
      guard
        let (name, index) = candidates.lazy.compactMap({ name in indices[Array(name.utf8)].map { (name, $0) } }).first
      else {
        if role.isRequired || configured != nil { missing = missing ?? candidates[0] }
        continue
      }
      uses[index].append(.role(role))
      names[role] = name
      if role == .payload {
        payloadForm = Self.payloadForm(relation.columns[index].baseTypeID, configuration)
      }
    }
    for (number, attribute) in configuration.attributes.enumerated() {
      guard let index = indices[Array(attribute.column.utf8)] else {
        missing = missing ?? attribute.column
        continue
      }
      uses[index].append(.attribute(number))
    }
    var several: [[Use]] = []
    self.uses = uses.map { uses in
      guard uses.count > 1 else { return uses.first ?? .unused }
      several.append(uses)
      return .several(several.count - 1)
    }
    self.several = several
    self.payloadForm = payloadForm
    self.names = relation.columns.map(\.name)
    types = relation.columns.map(\.baseTypeID)
    timeForms = types.map(TimeColumns.form)
    missingColumn = missing
    columnNames = names
  }

  private static func payloadForm(_ type: ObjectID, _ configuration: MappingConfiguration) -> PayloadForm {
    switch type {
    case BuiltInType.json, BuiltInType.jsonb: configuration.checksJSON ? .uncheckedJSON : .json
    case BuiltInType.bytea: .hexadecimal
    default: configuration.textPayloadIsJSON ? .uncheckedJSON : .text
    }
  }
}

/// Putting a row's values into its event.
extension EventMapper {
  /// Puts one column's value where its roles say.
  @inline(__always)
  mutating func set(_ plan: TablePlan, _ index: Int, _ value: Tuple.Value, _ bytes: RawSpan) throws(FieldFailure) {
    let use = plan.uses[index]
    if case .unused = use { return }
    try set(plan, index, use, value, bytes)
  }

  /// Few columns have more than one use.
  @inline(never)
  private mutating func setSeveral(
    _ plan: TablePlan, _ index: Int, _ number: Int, _ value: Tuple.Value, _ bytes: RawSpan
  ) throws(FieldFailure) {
    for use in plan.several[number] { try set(plan, index, use, value, bytes) }
  }

  @inline(__always)
  private mutating func set(
    _ plan: TablePlan, _ index: Int, _ use: TablePlan.Use, _ value: Tuple.Value, _ bytes: RawSpan
  ) throws(FieldFailure) {
    guard case .text(let range) = value else {
      if case .role(let role) = use, role.isNeverNull { throw FieldFailure(index: index, problem: .null) }
      if case .several(let number) = use { try setSeveral(plan, index, number, value, bytes) }
      return
    }
    switch use {
    case .unused: break
    case .several(let number): try setSeveral(plan, index, number, value, bytes)
    case .attribute(let number):
      event.attributes.append(.init(name: configuration.attributes[number].name, value: range))
    case .role(.id): event.id = range
    case .role(.aggregateType): event.aggregateType = range
    case .role(.aggregateID): event.aggregateID = range
    case .role(.type): event.type = range
    case .role(.version): event.dataVersion = range
    case .role(.traceParent): event.traceParent = range
    case .role(.traceState): event.traceState = range
    case .role(.dataSchema): event.dataSchema = range
    case .role(.payload):
      switch plan.payloadForm {
      case .json: event.payload = .json(range)
      case .uncheckedJSON: event.payload = .uncheckedJSON(range)
      case .text: event.payload = .text(range)
      case .hexadecimal: event.payload = .hexadecimal(range)
      }
    case .role(.time):
      guard let form = plan.timeForms[index] else {
        throw FieldFailure(index: index, problem: .unsupportedType(plan.types[index]))
      }
      guard let time = TimeColumns.time(bytes, range, form) else {
        throw FieldFailure(index: index, problem: .invalidTime)
      }
      event.time = time
      event.hasOwnTime = true
    case .role(.headers):
      do {
        try mapHeaders(bytes, range)
      } catch {
        throw FieldFailure(index: index, problem: error)
      }
    }
  }

  /// Makes headers attributes, as far as they can be.
  mutating func mapHeaders(_ bytes: RawSpan, _ range: Range<Int>) throws(MappingError.Problem) {
    let outcome = try headerMapping.map(bytes, range, into: &event)
    guard configuration.onBadHeader == .warn, let name = outcome.name else { return }
    leftOutHeaders += outcome.unusable
    if leftOutHeader == nil { leftOutHeader = name }
  }
}

/// What is wrong with which column, by its number.
struct FieldFailure: Error {
  let index: Int
  let problem: MappingError.Problem
}

/// Which column types can hold an event's time.
enum TimeColumns {
  /// How a type writes a time: found once for a column, not for each row.
  enum Form: Hashable, Sendable {
    case text
    case epoch
  }

  /// Those that are supported.
  static let types = Set(
    [BuiltInType.timestamptz, BuiltInType.timestamp, BuiltInType.int2, BuiltInType.int4, BuiltInType.int8])

  /// The form of a type; nil for one that is not supported.
  static func form(of type: ObjectID) -> Form? {
    switch type {
    case BuiltInType.timestamptz, BuiltInType.timestamp: .text
    case BuiltInType.int2, BuiltInType.int4, BuiltInType.int8: .epoch
    default: nil
    }
  }

  /// The time in a column; nil when it is none.
  static func time(_ bytes: RawSpan, _ range: Range<Int>, _ form: Form) -> EventTime? {
    switch form {
    case .epoch: EventTime.parseEpoch(bytes, range)
    case .text: EventTime.parse(bytes, range)
    }
  }
}
