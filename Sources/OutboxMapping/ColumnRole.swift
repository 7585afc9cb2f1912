import IntegrationEvents

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
  var usualNames: [String] { self == .time ? [rawValue, "timestamp"] : [rawValue] }

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
