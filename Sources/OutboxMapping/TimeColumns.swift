import IntegrationEvents
import PgOutput
import PostgresWire

/// Which column types can hold an event's time.
enum TimeColumns {
  /// The time in a column of one of the supported types; nil when it is none.
  static func time(_ bytes: RawSpan, _ range: Range<Int>, type: ObjectID) -> EventTime? {
    switch type {
    case BuiltInType.int2, BuiltInType.int4, BuiltInType.int8: EventTime.parseEpoch(bytes, range)
    default: EventTime.parse(bytes, range)
    }
  }

  static func isSupported(_ type: ObjectID) -> Bool {
    switch type {
    case BuiltInType.timestamptz, BuiltInType.timestamp, BuiltInType.int2, BuiltInType.int4, BuiltInType.int8: true
    default: false
    }
  }
}
