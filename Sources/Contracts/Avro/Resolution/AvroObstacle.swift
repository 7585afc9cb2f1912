// SPDX-License-Identifier: Apache-2.0

/// What keeps a type from reading another, before it is known where that type is used.
struct AvroObstacle: Sendable {
  var rule: String
  var advice: String
  /// Where it stands; nil for where the type is used.
  var place: Int?
  var isProved = true

  static func kind(_ reader: AvroType, _ writer: AvroType) -> AvroObstacle {
    AvroObstacle(
      rule: "\(reader.words) does not read \(writer.words)",
      advice: "write a union that has \(writer.words) too, or a type that reads both")
  }

  /// A reader's union none of whose branches reads a type.
  static func branch(_ writer: AvroType) -> AvroObstacle {
    AvroObstacle(
      rule: "no branch of the reader's union reads \(writer.words)", advice: "add \(writer.words) to the union")
  }

  static func name(_ reader: AvroType, _ writer: AvroType) -> AvroObstacle {
    let (own, other) = (reader.name?.namespace ?? "", writer.name?.full ?? "")
    // Within a namespace no alias can name what has none.
    let hasAlias = own.isEmpty || writer.name?.namespace.isEmpty == false
    return AvroObstacle(
      rule: "\(reader.words) is another than the writer's \(writer.words)",
      advice: "name it \(other) again" + (hasAlias ? ", or add \"\(other)\" to its \"aliases\"" : ""),
      place: reader.place)
  }

  static func missing(_ field: AvroField) -> AvroObstacle {
    AvroObstacle(
      rule: "reader's field has no default: \(field.name), which the writer does not have",
      advice: "give it a \"default\", or the writer's name for it in its \"aliases\"", place: field.place)
  }

  /// The specification says only that a field is found by its name or an alias; implementations differ when two are.
  static func ambiguous(_ field: AvroField, _ names: [String]) -> AvroObstacle {
    AvroObstacle(
      rule: "the writer has more than one field for the reader's \(field.name): \(Self.list(names))",
      advice: "take the \"aliases\" away that are names of other fields", place: field.place, isProved: false)
  }

  /// To some implementations it is one field's alone then.
  static func shared(_ field: AvroField, _ name: String) -> AvroObstacle {
    AvroObstacle(
      rule: "the writer's field \(name) is the reader's \(field.name) and another of its fields too",
      advice: "take \(name) out of the \"aliases\" of one, and give that a \"default\"", place: field.place,
      isProved: false)
  }

  static func symbols(_ reader: AvroType, _ symbols: [String]) -> AvroObstacle {
    AvroObstacle(
      rule: "\(reader.words) has neither the writer's symbols \(Self.list(symbols)) nor a default",
      advice: "add the symbols, or a \"default\" to the enum", place: reader.place)
  }

  static func size(_ reader: AvroType, _ writersSize: Int) -> AvroObstacle {
    AvroObstacle(
      rule: "\(reader.words) has another size than the writer's \(writersSize)",
      advice: "write \(writersSize) again, and use a fixed of another name for the new size", place: reader.place)
  }

  /// Two logical types that do not mean the same.
  ///
  /// "For the purposes of schema resolution, two schemas that are decimal logical types match if their scales and precisions
  /// match." Of other logical types the specification says nothing.
  static func meaning(_ reader: AvroType, _ writer: AvroType) -> AvroObstacle? {
    guard let reading = reader.logical, let writing = writer.logical, reading != writing else { return nil }
    var isProved = false
    if case .decimal(let precision, let scale) = reading,
      case .decimal(let writersPrecision, let writersScale) = writing
    {
      isProved = scale != writersScale || precision < writersPrecision
    }
    return AvroObstacle(
      rule: "\(reading.words) is not the writer's \(writing.words)",
      advice: "write \(writing.words) again, and use another field for \(reading.words)", place: nil, isProved: isProved
    )
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(8).joined(separator: ", ") + (names.count > 8 ? " and \(names.count - 8) more" : "")
  }
}
