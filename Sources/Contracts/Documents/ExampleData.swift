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

  private static let ways = (0..<8).flatMap { turn in [false, true].map { Way(isLean: $0, turn: turn) } }

  /// An example; nil where none was found.
  static func of(_ contract: Contract) -> SchemaDocument? {
    guard let validator = try? contract.schema.validator() else { return nil }
    // For all ways together, whatever the schema is.
    var work = 50_000
    for way in ways {
      guard work > 0 else { return nil }
      guard let value = make(contract.schema, way, &work) else { continue }
      let text = value.compact
      guard text.count <= longest, value.laidOut.utf8.count <= longest else { continue }
      let mismatch = unsafe validator.mismatch(in: text.span.bytes, 0..<text.count)
      if mismatch == nil { return value }
    }
    return nil
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
