import IntegrationEvents
import PgOutput
import PostgresWire

/// Which column types can hold an event's time.
enum TimeColumns {
  /// How a type writes a time: found once for a column, not for each row.
  enum Form: Hashable, Sendable {
    case text
    case epoch
  }

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
