// SPDX-License-Identifier: Apache-2.0

/// Makes data that keeps a contract, for people to look at.
///
/// What is made is held to the contract's own validation before anybody sees it; what does not pass is made again in other
/// ways, of which there are some. The same schema makes the same data each time.
enum ExampleData {
  /// One way of making it.
  struct Way: Sendable {
    /// Whether what may be left out is.
    var isLean: Bool
    /// Which of several alternatives is taken.
    var turn: Int
  }

  /// The most bytes of an example, laid out.
  static let longest = 64 << 10
  /// Arrays and objects within each other.
  static let deepest = 40

  private static let turns = 0..<8

  /// An example; nil where none was found.
  static func of(_ contract: Contract) -> SchemaDocument? {
    guard let validator = try? contract.schema.validator() else { return nil }
    // For all ways together, whatever the schema is.
    var work = 50_000
    var rich: [SchemaDocument] = []
    for turn in turns {
      guard let value = make(contract.schema, Way(isLean: false, turn: turn), &work) else { continue }
      if keeps(value, validator) == .whole { return value }
      rich.append(value)
    }
    for value in rich.prefix(2) {
      if let mended = ExampleMending.mended(value, validator) { return mended }
    }
    for turn in turns {
      guard let value = make(contract.schema, Way(isLean: true, turn: turn), &work) else { continue }
      if keeps(value, validator) == .whole { return value }
    }
    return nil
  }

  /// What comes of holding a value to its contract.
  enum Verdict: Equatable {
    case whole
    /// It is too long to be shown.
    case long
    /// What does not match, as a JSON Pointer.
    case wrong(String)
  }

  static func keeps(_ value: SchemaDocument, _ validator: any PayloadValidator) -> Verdict {
    let text = value.compact
    guard text.count <= longest, value.laidOut.utf8.count <= longest else { return .long }
    let mismatch = unsafe validator.mismatch(in: text.span.bytes, 0..<text.count)
    return mismatch.map { .wrong($0.pointer) } ?? .whole
  }

  private static func make(_ schema: any Schema, _ way: Way, _ work: inout Int) -> SchemaDocument? {
    switch schema {
    case let schema as AvroSchema:
      var making = AvroExample(types: schema.types, way: way, work: work)
      defer { work = making.work }
      return making.value(schema.root.type, 0)
    case let schema as JSONSchema:
      var making = JSONSchemaExample(document: JointSchemas.Document(schema.document), way: way, work: work)
      defer { work = making.work }
      return making.value([schema.document], 0)
    case let schema as ProtobufSchema:
      var making = ProtobufExample(types: schema.types, way: way, work: work)
      defer { work = making.work }
      return making.message(schema.root, 0)
    default: return nil
    }
  }
}

/// Texts that stand for others of their form.
enum ExampleText {
  static let word = "text"
  static let uuid = "123e4567-e89b-42d3-a456-426614174000"
  static let date = "2026-01-31"
  static let time = "12:30:00"
  static let localTime = "2026-01-31T12:30:00"
  static let timestamp = "2026-01-31T12:30:00Z"
  static let email = "someone@example.com"
  static let base64 = "AAEC"
}
