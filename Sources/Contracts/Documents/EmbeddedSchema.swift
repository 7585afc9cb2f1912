// SPDX-License-Identifier: Apache-2.0

/// A schema as a part of an AsyncAPI document: with the name of its format.
///
/// Source: AsyncAPI 3.0.0, "Multi Format Schema Object".
enum EmbeddedSchema {
  /// The object; nil for a Protobuf contract without its `.proto` file, since the format is that text.
  ///
  /// - Parameters:
  ///   - version: What is embedded.
  ///   - place: The reference by which the object is known.
  static func of(_ version: ContractDocuments.Version, at place: String) -> SchemaDocument? {
    switch version.contract.schema {
    case is AvroSchema:
      guard let document = try? SchemaDocument(version.contract.text) else { return nil }
      return object("application/vnd.apache.avro+json;version=1.9.0", document)
    case let schema as JSONSchema:
      let draft = JointSchemas.Document(schema.document).draft
      let format = draft == .draft7 ? "draft-07" : "draft-2020-12"
      var rewriting = Rewriting(schema.document, draft: draft, place: "\(place)/schema")
      return object("application/schema+json;version=\(format)", rewriting.schema(schema.document, isRoot: true))
    default:
      guard let source = version.source else { return nil }
      let isOld = source.contains("\"proto2\"") || source.contains("'proto2'")
      return object("application/vnd.google.protobuf;version=\(isOld ? 2 : 3)", .string(source))
    }
  }

  private static func object(_ format: String, _ schema: SchemaDocument) -> SchemaDocument {
    .object([("schemaFormat", .string(format)), ("schema", schema)])
  }

  /// Lets references lead on from where the schema is now: readers of AsyncAPI take them from the whole document. For that
  /// the schema loses its own address.
  private struct Rewriting {
    let draft: Draft
    let place: String
    let id: String?
    /// Where each anchor is, as a JSON Pointer from the schema.
    var anchors: [String: String] = [:]

    init(_ document: SchemaDocument, draft: Draft, place: String) {
      (self.draft, self.place) = (draft, place)
      id = document["$id"]?.text
      collectAnchors(document, "", isRoot: true)
    }

    private mutating func collectAnchors(_ document: SchemaDocument, _ path: String, isRoot: Bool) {
      if !isRoot, document.hasAddress { return }
      if let anchor = document["$anchor"]?.text { anchors[anchor] = path }
      if let id = document["$id"]?.text, id.hasPrefix("#") { anchors[String(id.dropFirst())] = path }
      for member in document.members {
        let path = path + "/" + Self.step(member.name)
        switch (Keyword.named[member.name]?.holding(draft) ?? .nothing, member.value.value) {
        case (.schema, _), (.schemaOrList, .object): collectAnchors(member.value, path, isRoot: false)
        case (.list, .array(let elements)), (.schemaOrList, .array(let elements)):
          for (index, element) in elements.enumerated() { collectAnchors(element, "\(path)/\(index)", isRoot: false) }
        case (.map, .object(let members)), (.mapOrNames, .object(let members)):
          for inner in members { collectAnchors(inner.value, "\(path)/\(Self.step(inner.name))", isRoot: false) }
        default: break
        }
      }
    }

    /// A name as a step of a JSON Pointer within a URI. Source: RFC 6901, section 6.
    private static func step(_ name: String) -> String {
      ContractHook.encoded(name.replacing("~", with: "~0").replacing("/", with: "~1"))
    }

    mutating func schema(_ document: SchemaDocument, isRoot: Bool) -> SchemaDocument {
      guard case .object(let members) = document.value else { return document }
      // What has an address of its own is referred to by that.
      if !isRoot, document.hasAddress { return document }
      var changed: [SchemaDocument.Member] = []
      for var member in members {
        switch (member.name, member.value.value) {
        case ("$id", .string(let text)) where isRoot && !text.hasPrefix("#"): continue
        case ("$ref", .string(let text)): member.value = .string(reference(text))
        default: member.value = held(member)
        }
        changed.append(member)
      }
      return SchemaDocument(.object(changed), line: document.line)
    }

    private mutating func held(_ member: SchemaDocument.Member) -> SchemaDocument {
      guard let keyword = Keyword.named[member.name] else { return member.value }
      switch (keyword.holding(draft), member.value.value) {
      case (.schema, _), (.schemaOrList, .object), (.mapOrNames, .boolean):
        return schema(member.value, isRoot: false)
      case (.list, .array(let elements)), (.schemaOrList, .array(let elements)):
        return .array(elements.map { schema($0, isRoot: false) })
      case (.map, .object(let members)), (.mapOrNames, .object(let members)):
        return SchemaDocument(
          .object(members.map { SchemaDocument.Member(name: $0.name, value: schema($0.value, isRoot: false)) }))
      default: return member.value
      }
    }

    private func reference(_ text: String) -> String {
      var text = text
      if let id, !id.hasPrefix("#") {
        let own = id.hasSuffix("#") ? String(id.dropLast()) : id
        if text == own { text = "#" } else if text.hasPrefix(own + "#") { text = String(text.dropFirst(own.count)) }
      }
      if text == "#" { return place }
      if text.hasPrefix("#"), let pointer = anchors[String(text.dropFirst())] { return place + pointer }
      return text.hasPrefix("#/") ? place + text.dropFirst() : text
    }
  }
}

extension SchemaDocument {
  /// Whether it is a schema that others refer to by an address of its own.
  fileprivate var hasAddress: Bool { self["$id"]?.text.map { !$0.hasPrefix("#") } ?? false }
}
