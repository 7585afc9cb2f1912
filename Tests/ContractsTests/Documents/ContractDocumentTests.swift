// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Contracts

/// The documents themselves: the page, and the one of AsyncAPI.
struct ContractDocumentTests {
  private static let hostile = #"</title><script>alert(1)</script>\"'&"#

  private static func documents() throws -> ContractDocuments {
    try ContractDocuments([
      ("Placed/1.avsc", #"{"type": "record", "name": "Placed", "fields": [\#(Fields.cents)]}"#),
      ("Placed/2.avsc", #"{"type": "record", "name": "Placed", "fields": [\#(Fields.cents), \#(Fields.noteOrNone)]}"#),
      ("Placed/3.avsc", #"{"type": "record", "name": "Placed", "fields": [\#(Fields.note)]}"#),
      (
        "Paid/1.json",
        ##"{"$id": "https://shop.example/paid", "type": "object", "properties": {"m": {"$ref": "#/$defs/m"}}, "$defs": {"m": {"type": "integer"}}}"##
      ),
    ])
  }

  @Test func `the same contracts make the same bytes`() throws {
    let (one, two) = (try Self.documents(), try Self.documents())
    #expect(try one.page() == two.page() && one.asyncAPI() == two.asyncAPI())
    #expect(try one.page().hasSuffix("</html>\n") && one.asyncAPI().hasSuffix("}\n"))
  }

  @Test func `the newest version comes first, with what changed and whether it goes together`() throws {
    let page = try Self.documents().page()
    let versions = ["Version 3 ", "Version 2 "].compactMap { page.firstRange(of: $0)?.lowerBound }
    #expect(versions.count == 2 && versions == versions.sorted())
    #expect(page.contains("Compatible: backward_transitive."))
    #expect(page.contains("not compatible") && page.contains("<li class=\"bad\">/fields/0: cannot read what"))
    #expect(
      page.contains("<li class=\"added\"><b>added</b> <code>note</code> null | string, optional, default null</li>"))
  }

  @Test func `what others wrote is never markup`() throws {
    let schema =
      #"{"title": "\#(Self.hostile)", "description": "\#(Self.hostile)\u202e", "type": "object", "properties": {"\#(Self.hostile)": {"type": "string", "default": "\#(Self.hostile)", "enum": ["\#(Self.hostile)"], "pattern": "<b>"}}}"#
    var catalogue = ContractCatalogue()
    catalogue.add(type: "</a><img src=x>/../\u{202E}é", version: 1, file: "a/1.json", text: Array(schema.utf8))
    catalogue.add(type: "P", version: 1, file: "P/1.binpb", text: Described.set([Described.message("P", [])]))
    #expect(catalogue.faults.isEmpty)
    let documents = try ContractDocuments(
      catalogue, CompatibilityRules(), title: Self.hostile, version: "<i>", sources: ["P/1.binpb": Self.hostile])
    let page = try documents.page()
    for markup in ["<script", "<img", "<i>", "<b>alert", "javascript:"] { #expect(!page.contains(markup), "\(markup)") }
    #expect(page.split(separator: "</title>").count == 2 && page.contains("&lt;script&gt;alert(1)"))
    #expect(!page.unicodeScalars.contains("\u{202E}") && page.contains("é"))
    let json = try SchemaDocument(Array(documents.asyncAPI().utf8))
    #expect(json["info"]?["title"]?.text == Self.hostile.replacing("\\\"", with: "\\\""))
  }

  @Test func `a page asks nobody for anything`() throws {
    let page = try Self.documents().page()
    for word in [" src=", "url(", "@import", "<link rel=\"stylesheet", "http://", "https://"] {
      // What schemas say is text.
      let outside = page.replacing("https://shop.example", with: "").replacing("https://example.com", with: "")
      #expect(!outside.contains(word), "\(word)")
    }
    #expect(page.contains("script-src 'none'; connect-src 'none'"))
  }

  @Test func `all references of the document lead somewhere, and its keys are such as AsyncAPI takes`() throws {
    var catalogue = ContractCatalogue()
    catalogue.add(type: "shop/Öl", version: 1, file: "a/1.json", text: Array("{}".utf8))
    let others = try ContractDocuments(catalogue, CompatibilityRules(), title: "t", version: "1", sources: [:])
    for text in [try Self.documents().asyncAPI(), try others.asyncAPI()] {
      let document = try SchemaDocument(Array(text.utf8))
      let places = JointSchemas.Document(document)
      var found = 0
      func look(_ value: SchemaDocument) {
        for member in value.members {
          if member.name == "$ref", let reference = member.value.text {
            found += 1
            #expect(places.target(reference) != nil, "\(reference)")
          }
          look(member.value)
        }
        for element in value.elements { look(element) }
      }
      look(document)
      #expect(found >= 5)
      for part in ["channels", "operations"] {
        for member in document[part]?.members ?? [] {
          #expect(member.name.utf8.allSatisfy { $0 < 0x80 } && !member.name.contains("/"), "\(member.name)")
        }
      }
      let messages = try #require(document["components"]?["messages"]?.members)
      for message in messages {
        #expect(message.value["payload"]?["$ref"]?.text == "#/components/schemas/\(message.name)")
        #expect(message.value["examples"]?.elements.count == 1)
      }
    }
  }

  @Test func `a JSON Schema means the same within the document`() throws {
    let schemas = [
      ##"{"$id": "https://a.example/s", "$ref": "#/$defs/a", "$defs": {"a": {"properties": {"b": {"$ref": "#/$defs/c"}}}, "c": {"type": "integer"}}}"##,
      ##"{"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"c": {"type": "integer"}}, "properties": {"b": {"allOf": [{"$ref": "#/definitions/c"}]}}}"##,
      ##"{"properties": {"b": {"$ref": "https://a.example/s#/$defs/c"}, "r": {"$ref": "#"}}, "$id": "https://a.example/s", "$defs": {"c": {"type": "integer", "default": {"$ref": "#/x"}}}}"##,
    ]
    let anchored = [
      ##"{"properties": {"b": {"$ref": "#c"}}, "$defs": {"x/y": {"$anchor": "c", "type": "integer"}}}"##,
      ##"{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"b": {"$ref": "#c"}}, "definitions": {"x y": {"$id": "#c", "type": "integer"}}}"##,
    ]
    for schema in schemas + anchored {
      let text = try ContractDocuments([("T/1.json", schema)]).asyncAPI()
      let whole = try SchemaDocument(Array(text.utf8))
      let draft = SchemaDocument.string(
        schema.contains("draft-07")
          ? "http://json-schema.org/draft-07/schema#" : "https://json-schema.org/draft/2020-12/schema")
      // The document itself as a schema, which only refers to the part.
      let outer = try JSONSchema(
        .object(
          [("$schema", draft), ("$ref", .string("#/components/schemas/T-1/schema"))]
            + whole.members.map { ($0.name, $0.value) }))
      for (data, isTaken) in [(#"{"b": 1}"#, true), (#"{"b": "x"}"#, false)] {
        #expect((try outer.validator().mismatch(data) == nil) == isTaken, "\(schema) \(data)")
      }
    }
    // What is data stays as it is.
    #expect(try ContractDocuments([("T/1.json", schemas[2])]).asyncAPI().contains(##""$ref": "#/x""##))
  }

  @Test func `a descriptor set shows its source where it is there`() throws {
    var catalogue = ContractCatalogue()
    catalogue.add(
      type: "P", version: 1, file: "P/1.binpb", text: Described.set([Described.message("P", [Described.field("n", 1)])])
    )
    let with = try ContractDocuments(
      catalogue, CompatibilityRules(), title: "t", version: "1", sources: ["P/1.binpb": "syntax = \"proto3\";"])
    #expect(try with.asyncAPI().contains("application/vnd.google.protobuf;version=3"))
    #expect(try with.page().contains("syntax = &quot;proto3&quot;;"))
    let without = try SchemaDocument(
      Array(ContractDocuments(catalogue, CompatibilityRules(), title: "t", version: "1", sources: [:]).asyncAPI().utf8))
    let message = without["components"]?["messages"]?["P-1"]
    #expect(message?["payload"] == nil && message?["description"]?.text?.contains("descriptor set") == true)
  }

  @Test func `no two names have one key`() {
    let names = [
      "a", "a/b", "a_2Fb", "a_b", "a__2Fb", "a_5F2Fb", "a%2Fb", "ä", "_", "_5F", "__", "_5F5F", "a.1", "a-1", "A_b", "",
    ]
    #expect(Set(names.map(DocumentKey.of)).count == names.count)
    #expect(DocumentKey.of("order_placed-x") == "order_placed-x" && DocumentKey.of("a/b") == "a_2Fb")
  }

  @Test func `ten thousand types are documented`() throws {
    var catalogue = ContractCatalogue()
    for number in 0..<10_000 {
      catalogue.add(type: "T\(number)", version: 1, file: "T\(number)/1.json", text: Array(#"{"type":"integer"}"#.utf8))
    }
    let documents = try ContractDocuments(catalogue, CompatibilityRules(), title: "t", version: "1", sources: [:])
    #expect(try documents.page().utf8.count < 32 << 20 && documents.asyncAPI().utf8.count < 32 << 20)
  }

  @Test func `documents that would be too large are refused`() throws {
    var catalogue = ContractCatalogue()
    let long = String(repeating: "x", count: 100_000)
    for number in 1...3 { catalogue.add("T/\(number).json", #"{"description": "\#(long)"}"#) }
    func documents(_ most: Int) throws -> ContractDocuments {
      try ContractDocuments(
        catalogue, CompatibilityRules(), title: "t", version: "1", sources: [:], most: most)
    }
    #expect(throws: ContractDocuments.TooLarge.self) { try documents(200_000) }
    #expect(throws: ContractDocuments.TooLarge.self) { try documents(301_000).asyncAPI() }
    // A long text is cut on the page.
    #expect(try documents(1_000_000).page().utf8.count < 50_000)
  }
}
