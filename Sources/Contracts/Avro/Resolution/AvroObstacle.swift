// SPDX-License-Identifier: Apache-2.0

/// What keeps a type from reading another, before it is known where that type is used.
struct AvroObstacle: Sendable {
  var code: ObstacleCode
  var rule: String
  /// What to change in the reader's schema.
  var advice: String
  /// What to change in the writer's, where the reader's cannot be.
  var writersAdvice: String
  /// Where it stands; nil for where the type is used.
  var place: Int?
  var isProved = true

  static func kind(_ reader: AvroType, _ writer: AvroType) -> AvroObstacle {
    AvroObstacle(
      code: .type, rule: "\(reader.words) does not read \(writer.words)",
      advice: "write a union that has \(writer.words) too, or a type that reads both",
      writersAdvice: "keep \(reader.words)")
  }

  /// A reader's union none of whose branches reads a type.
  static func branch(_ writer: AvroType) -> AvroObstacle {
    AvroObstacle(
      code: .type, rule: "no branch of the reader's union reads \(writer.words)",
      advice: "add \(writer.words) to the union", writersAdvice: "leave \(writer.words) out")
  }

  /// A reader's union of which one branch takes some forms of a type in JSON, and another the others.
  static func forms(_ writer: AvroType) -> AvroObstacle {
    AvroObstacle(
      code: .logicalType,
      rule: "no branch of the reader's union alone takes all that \(writer.meaningWords) may look like",
      advice: "add \(writer.meaningWords) to the union", writersAdvice: "leave \(writer.meaningWords) out",
      isProved: false)
  }

  static func name(_ reader: AvroType, _ writer: AvroType) -> AvroObstacle {
    let (own, other) = (reader.name?.namespace ?? "", writer.name?.full ?? "")
    // Within a namespace no alias can name what has none.
    let hasAlias = own.isEmpty || writer.name?.namespace.isEmpty == false
    return AvroObstacle(
      code: .name, rule: "\(reader.words) is another than the writer's \(writer.words)",
      advice: "name it \(other) again" + (hasAlias ? ", or add \"\(other)\" to its \"aliases\"" : ""),
      writersAdvice: "keep the name \(reader.name?.full ?? "")", place: reader.place)
  }

  static func missing(_ field: AvroField) -> AvroObstacle {
    AvroObstacle(
      code: .field, rule: "reader's field has no default: \(field.name), which the writer does not have",
      advice: "give it a \"default\", or the writer's name for it in its \"aliases\"",
      writersAdvice: "keep the field \(field.name)", place: field.place)
  }

  /// The specification says only that a field is found by its name or an alias; implementations differ when two are.
  static func ambiguous(_ field: AvroField, _ names: [String]) -> AvroObstacle {
    AvroObstacle(
      code: .alias, rule: "the writer has more than one field for the reader's \(field.name): \(Self.list(names))",
      advice: "take the \"aliases\" away that are names of other fields",
      writersAdvice: "keep only one of them", place: field.place, isProved: false)
  }

  /// To some implementations it is one field's alone then.
  static func shared(_ field: AvroField, _ name: String) -> AvroObstacle {
    AvroObstacle(
      code: .alias, rule: "the writer's field \(name) is the reader's \(field.name) and another of its fields too",
      advice: "take \(name) out of the \"aliases\" of one, and give that a \"default\"",
      writersAdvice: "keep both fields", place: field.place, isProved: false)
  }

  static func symbols(_ reader: AvroType, _ symbols: [String]) -> AvroObstacle {
    AvroObstacle(
      code: .enum, rule: "\(reader.words) has neither the writer's symbols \(Self.list(symbols)) nor a default",
      advice: "add the symbols, or a \"default\" to the enum", writersAdvice: "leave \(Self.list(symbols)) out",
      place: reader.place)
  }

  static func size(_ reader: AvroType, _ writersSize: Int) -> AvroObstacle {
    AvroObstacle(
      code: .size, rule: "\(reader.words) has another size than the writer's \(writersSize)",
      advice: "write \(writersSize) again, and use a fixed of another name for the new size",
      writersAdvice: "keep the size", place: reader.place)
  }

  /// A logical type of one side alone, or two that differ.
  ///
  /// "For the purposes of schema resolution, two schemas that are decimal logical types match if their scales and precisions
  /// match." Of other logical types the specification says nothing: there it is proved where one's form in JSON does not
  /// take the other's.
  static func meaning(_ reader: AvroType, _ writer: AvroType) -> AvroObstacle? {
    guard reader.logical != writer.logical, let taken = AvroJSONForm(reader), let written = AvroJSONForm(writer) else {
      return nil
    }
    var isProved = !taken.takesText(of: written) || !taken.takesNumbers(of: written)
    if case .decimal(let precision, let scale) = reader.logical,
      case .decimal(let writersPrecision, let writersScale) = writer.logical
    {
      isProved = scale != writersScale || precision < writersPrecision
    }
    let (own, other) = (reader.meaningWords, writer.meaningWords)
    if reader.logical != nil, writer.logical != nil {
      return AvroObstacle(
        code: .logicalType, rule: "\(own) is not the writer's \(other)",
        advice: "write \(other) again, and use another field for \(own)", writersAdvice: "keep \(own)",
        isProved: isProved)
    }
    guard isProved else { return nil }
    return AvroObstacle(
      code: .logicalType, rule: "\(own) does not take all that the writer's \(other) may look like",
      advice: reader.logical == nil
        ? "write \(other) again, or use another field" : "write \(other) again, and use another field for \(own)",
      writersAdvice: "keep \(own)")
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(8).joined(separator: ", ") + (names.count > 8 ? " and \(names.count - 8) more" : "")
  }
}
