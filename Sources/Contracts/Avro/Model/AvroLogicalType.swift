// SPDX-License-Identifier: Apache-2.0

/// What a value means beyond its type. Source: Avro 1.12, "Logical Types".
enum AvroLogicalType: Hashable, Sendable {
  case decimal(precision: Int, scale: Int)
  case bigDecimal
  case uuid
  case date
  /// A time of day, as units of which a second has so many.
  case time(perSecond: Int)
  case timestamp(perSecond: Int)
  case localTimestamp(perSecond: Int)
  case duration

  /// Its name in a schema.
  var name: String {
    switch self {
    case .decimal: "decimal"
    case .bigDecimal: "big-decimal"
    case .uuid: "uuid"
    case .date: "date"
    case .time(let units): "time-" + Self.unit(units)
    case .timestamp(let units): "timestamp-" + Self.unit(units)
    case .localTimestamp(let units): "local-timestamp-" + Self.unit(units)
    case .duration: "duration"
    }
  }

  /// Its name, with precision and scale where it has them.
  var words: String {
    if case .decimal(let precision, let scale) = self { return "decimal(\(precision),\(scale))" }
    return name
  }

  private static func unit(_ perSecond: Int) -> String {
    perSecond == 1000 ? "millis" : perSecond == 1_000_000 ? "micros" : "nanos"
  }

  /// Why a logical type is ignored.
  struct Ignored: Error {
    var reason: String
  }

  /// What a type's attributes make of it; nil when they name no logical type.
  ///
  /// "If a logical type is invalid, for example a decimal with scale greater than its precision, then implementations should
  /// ignore the logical type and use the underlying Avro type."
  static func of(_ document: SchemaDocument, _ shape: AvroType.Shape) throws(Ignored) -> AvroLogicalType? {
    guard let written = document["logicalType"] else { return nil }
    guard case .string(let name) = written.value else { throw Ignored(reason: "logicalType is no string") }
    switch (name, shape) {
    case ("decimal", .bytes): return try decimal(document, greatest: nil)
    case ("decimal", .fixed(_, let size)): return try decimal(document, greatest: precision(size))
    case ("big-decimal", .bytes): return .bigDecimal
    case ("uuid", .string), ("uuid", .fixed(_, size: 16)): return .uuid
    case ("date", .int): return .date
    case ("time-millis", .int): return .time(perSecond: 1000)
    case ("time-micros", .long): return .time(perSecond: 1_000_000)
    case ("timestamp-millis", .long): return .timestamp(perSecond: 1000)
    case ("timestamp-micros", .long): return .timestamp(perSecond: 1_000_000)
    case ("timestamp-nanos", .long): return .timestamp(perSecond: 1_000_000_000)
    case ("local-timestamp-millis", .long): return .localTimestamp(perSecond: 1000)
    case ("local-timestamp-micros", .long): return .localTimestamp(perSecond: 1_000_000)
    case ("local-timestamp-nanos", .long): return .localTimestamp(perSecond: 1_000_000_000)
    case ("duration", .fixed(_, size: 12)): return .duration
    default:
      guard let base = bases[name] else { throw Ignored(reason: "Avro knows no such logical type") }
      throw Ignored(reason: "\(name) is for \(base)")
    }
  }

  private static let bases = [
    "decimal": "bytes or fixed", "big-decimal": "bytes", "uuid": "string or a fixed of 16", "date": "int",
    "time-millis": "int", "time-micros": "long", "timestamp-millis": "long", "timestamp-micros": "long",
    "timestamp-nanos": "long", "local-timestamp-millis": "long", "local-timestamp-micros": "long",
    "local-timestamp-nanos": "long", "duration": "a fixed of 12",
  ]

  private static func decimal(_ document: SchemaDocument, greatest: Int?) throws(Ignored) -> AvroLogicalType {
    guard let precision = document["precision"]?.integer, precision > 0 else {
      throw Ignored(reason: "decimal needs a precision above 0")
    }
    var scale = 0
    if let written = document["scale"] {
      guard let number = written.integer, number >= 0 else { throw Ignored(reason: "scale is no integer from 0") }
      scale = number
    }
    guard scale <= precision else { throw Ignored(reason: "its scale is greater than its precision") }
    if let greatest, precision > greatest {
      throw Ignored(reason: "a fixed of this size holds \(greatest) digits, and precision is \(precision)")
    }
    return .decimal(precision: precision, scale: scale)
  }

  /// How many decimal digits so many bytes hold: ⌊log₁₀(2^(8n − 1) − 1)⌋.
  private static func precision(_ size: Int) -> Int {
    // A power of two is none of ten, so the one that is taken off changes nothing but for the empty fixed.
    size == 0 ? 0 : Int((Double(size) * 8 - 1) * 0.301_029_995_663_981_2)
  }
}

extension SchemaDocument {
  /// The integer that it is, written with digits alone.
  package var integer: Int? {
    guard case .number(let digits) = value else { return nil }
    return Int(digits)
  }
}
