// SPDX-License-Identifier: Apache-2.0

import Octets

/// A version of what events of a type carry.
package struct Contract: Sendable {
  /// The event's type.
  package let type: String
  /// The version, from 1.
  package let version: Int
  /// Its file, as it was given.
  package let file: String
  /// What the data must be.
  package let schema: any Schema
  /// The file's text.
  let text: [UInt8]

  /// Reads a file whose name ends in `avsc`, `json`, `binpb` or `desc`.
  package init(type: String, version: Int, file: String, text: [UInt8]) throws(SchemaFault) {
    (self.type, self.version, self.file, self.text) = (type, version, file, text)
    if Self.isBinary(file) {
      schema = try ProtobufSchema(text, type: type)
      return
    }
    guard let format = Self.formats.first(where: { file.hasSuffix(".\($0.ending)") }) else {
      throw SchemaFault(
        "", "its name ends in neither .avsc nor .json nor .binpb",
        advice: "name it VERSION.avsc, VERSION.json or VERSION.binpb")
    }
    let document = try SchemaDocument(text)
    do throws(SchemaFault) { schema = try format.schema.init(document) } catch {
      throw Self.otherFormat(document, format.ending, version) ?? error
    }
  }

  /// That a schema is of the other format, where it cannot be read and looks so.
  private static func otherFormat(_ document: SchemaDocument, _ ending: String, _ version: Int) -> SchemaFault? {
    let isJSONSchema = document["properties"] != nil || document["$schema"] != nil
    let isAvro = document["fields"] != nil || document["symbols"] != nil
    switch ending {
    case "avsc" where isJSONSchema && !isAvro:
      return SchemaFault("", line: 1, "this looks like JSON Schema", advice: "name it \(version).json")
    case "json" where isAvro && !isJSONSchema:
      return SchemaFault("", line: 1, "this looks like Avro", advice: "name it \(version).avsc")
    default: return nil
    }
  }

  /// The formats that are written in JSON, by the endings of their files' names.
  private static let formats: [(ending: String, schema: any DocumentSchema.Type)] = [
    ("avsc", AvroSchema.self), ("json", JSONSchema.self),
  ]
  /// How files of descriptor sets end.
  private static let setEndings = ["binpb", "desc"]
  /// How a version's file may end.
  package static let endings = formats.map(\.ending) + setEndings

  /// Whether a file's name is that of a descriptor set.
  package static func isBinary(_ file: String) -> Bool { setEndings.contains { file.hasSuffix(".\($0)") } }

  /// What may not be meant.
  var remarks: [SchemaRemark] { isOpen ? [Self.openModel] + schema.remarks : schema.remarks }

  /// Whether it takes members of an object that it does not name, whatever they are.
  private var isOpen: Bool {
    guard let schema = schema as? JSONSchema, schema.document["properties"] != nil else { return false }
    return schema.document["additionalProperties"] == nil && schema.document["unevaluatedProperties"] == nil
  }

  private static let openModel = SchemaRemark(
    "", "the model is open: members that it does not name are taken, whatever they are; additionalProperties closes it",
    code: ContractFinding.openModel)

  /// Whether data of the two is of one format and means the same.
  func isSame(as other: Contract) -> Bool { schema.isSameAny(as: other.schema) }

  /// What keeps a reader who has this contract from reading what was written by another.
  ///
  /// - Parameters:
  ///   - writer: The other.
  ///   - isOlder: Whether this one is the older of the two.
  ///   - rules: What they are held to.
  ///   - effort: What may be spent; less what was spent.
  func obstacles(
    reading writer: Contract, isOlder: Bool, _ rules: CompatibilityRules, effort: inout Effort
  ) -> [Obstacle] {
    let isStrict = rules.isStrict(for: ForeignText(type))
    if let schema = schema as? ProtobufSchema, let other = writer.schema as? ProtobufSchema {
      return schema.obstacles(
        reading: other, rules: rules.protobuf, isOlder: isOlder, isStrict: isStrict, effort: &effort)
    }
    if isStrict, let schema = schema as? JSONSchema, let other = writer.schema as? JSONSchema {
      return schema.obstacles(reading: other, isStrict: true, effort: &effort)
    }
    return schema.obstacles(readingAny: writer.schema, effort: &effort)
      ?? [
        Obstacle(
          "", "the schemas are of two formats", code: .format,
          advice: "give what is written in another format a type of its own")
      ]
  }
}

extension Schema {
  fileprivate func isSameAny(as other: any Schema) -> Bool { (other as? Self).map { isSame(as: $0) } ?? false }

  fileprivate func obstacles(readingAny writer: any Schema, effort: inout Effort) -> [Obstacle]? {
    (writer as? Self).map { obstacles(reading: $0, effort: &effort) }
  }
}
