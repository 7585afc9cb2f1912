// SPDX-License-Identifier: Apache-2.0

import Octets

/// Contracts as a document of AsyncAPI: a channel and an operation for each type, a message for each version.
///
/// Source: AsyncAPI 3.0.0.
extension ContractDocuments {
  /// The document's text, with a newline at its end.
  package func asyncAPI() throws(TooLarge) -> String {
    let versions = types.flatMap(\.versions)
    let document = SchemaDocument.object([
      ("asyncapi", .string("3.0.0")),
      (
        "info",
        .object([
          ("title", .string(title)), ("version", .string(version)), ("description", .string(Self.introduction)),
        ])
      ),
      ("defaultContentType", .string("application/json")),
      ("channels", .object(types.map { ($0.key, Self.channel($0)) })),
      ("operations", .object(types.map { ("send-\($0.key)", Self.operation($0)) })),
      (
        "components",
        .object([
          ("messages", .object(versions.map { ($0.key, Self.message($0)) })),
          ("schemas", .object(versions.map { ($0.key, EmbeddedSchema.of($0, at: "#/components/schemas/\($0.key)")) })),
          ("messageTraits", .object([("cloudEvent", Self.trait)])),
        ])
      ),
    ])
    let text = document.laidOut + "\n"
    guard text.utf8.count <= most else { throw TooLarge() }
    return text
  }

  private static let introduction = """
    Events as their contracts promise them. Each is a CloudEvent 1.0 in JSON. The payload here is its data. In binary mode that \
    is the message's body, and the attributes are headers: with ce_ in front in Kafka, with ce- elsewhere. In structured mode \
    the body is an object that has the attributes by their bare names, and the payload as its member data.
    """

  private static func channel(_ type: EventType) -> SchemaDocument {
    let words =
      "Where events of this type go: to an address that the relay makes, as its configuration says. Versions are held "
      + "to \(type.compatibility.rawValue)."
    return .object([
      // Which topic, queue or path it is, contracts do not know.
      ("address", SchemaDocument(.null)), ("title", .string(type.name)), ("description", .string(words)),
      ("messages", .object(type.versions.map { ($0.key, reference("components/messages/\($0.key)")) })),
    ])
  }

  private static func operation(_ type: EventType) -> SchemaDocument {
    .object([
      ("action", .string("send")), ("channel", reference("channels/\(type.key)")),
      ("title", .string("Publish \(type.name)")),
      ("messages", .array(type.versions.map { reference("channels/\(type.key)/messages/\($0.key)") })),
    ])
  }

  private static func message(_ version: Version) -> SchemaDocument {
    let contract = version.contract
    let embedded = EmbeddedSchema.of(version, at: "#/components/schemas/\(version.key)")
    var words = version.outline.doc
    if embedded == nil {
      words += (words.isEmpty ? "" : "\n\n") + "Its schema is a descriptor set, whose .proto file is not there."
    }
    let headers = SchemaDocument.object([
      ("type", .string("object")),
      (
        "properties",
        .object([
          ("ce_type", .object([("type", .string("string")), ("const", .string(contract.type))])),
          ("ce_dataversion", .object([("type", .string("string")), ("const", .string("\(contract.version)"))])),
        ])
      ),
    ])
    let example = version.example.map {
      SchemaDocument.array([
        .object([("name", .string("made")), ("headers", exampleHeaders(contract)), ("payload", $0)])
      ])
    }
    return .object([
      ("name", .string(contract.type)), ("title", .string("\(contract.type) \(contract.version)")),
      ("description", words.isEmpty ? nil : .string(words)), ("contentType", .string("application/json")),
      ("headers", headers),
      ("payload", embedded == nil ? nil : reference("components/schemas/\(version.key)")),
      ("examples", example), ("traits", .array([reference("components/messageTraits/cloudEvent")])),
    ])
  }

  private static func exampleHeaders(_ contract: Contract) -> SchemaDocument {
    .object([
      ("ce_specversion", .string("1.0")), ("ce_id", .string(ExampleText.uuid)),
      ("ce_source", .string("/shop/public.outbox")), ("ce_type", .string(contract.type)),
      ("ce_time", .string(ExampleText.timestamp)), ("ce_dataversion", .string("\(contract.version)")),
    ])
  }

  /// What every event has. Source: CloudEvents 1.0.2, "Required Attributes" and "Optional Attributes".
  private static let trait: SchemaDocument = {
    let attributes: [(String, String, String?)] = [
      ("specversion", "CloudEvents' version: 1.0.", nil),
      ("id", "The same on every delivery of an event: whoever has seen it passes it over.", nil),
      ("source", "Where the event comes from; with the id it is unique.", "uri-reference"),
      ("type", "The event's type.", nil), ("time", "When it happened.", "date-time"),
      ("subject", "What it is about: the aggregate's id.", nil),
      ("dataversion", "The version of its contract; without one, the newest holds.", nil),
      ("dataschema", "Where its contract is.", "uri"),
      ("sequence", "Its place in the log: compared as texts, later ones are greater.", nil),
      ("partitionkey", "Events of one key come in their order.", nil),
      ("aggregatetype", "The kind of what it is about.", nil),
    ]
    let required = ["specversion", "id", "source", "type", "time"]
    let properties = attributes.map { name, words, format in
      (
        "ce_" + name,
        SchemaDocument?.some(
          .object([
            ("type", .string("string")), ("format", format.map(SchemaDocument.string)), ("description", .string(words)),
          ]))
      )
    }
    let headers = SchemaDocument.object([
      ("type", .string("object")), ("required", .array(required.map { .string("ce_" + $0) })),
      ("properties", .object(properties)),
    ])
    return .object([("headers", headers)])
  }()

  private static func reference(_ place: String) -> SchemaDocument { .object([("$ref", .string("#/\(place)"))]) }
}
