// SPDX-License-Identifier: Apache-2.0

import Foundation
import IntegrationEvents
import Testing

@testable import Contracts

/// What others say of schemas and data; `Scripts/capture-avro-contracts` has asked them.
struct AvroJudgeTests {
  @Test func `what avro's own tests want to be readable is, and nothing else`() throws {
    var count = 0
    for line in try Self.lines("pairs") {
      let document = try SchemaDocument(line)
      let obstacles = try Self.schema(document, "reader").obstacles(reading: Self.schema(document, "writer"))
      #expect(document["readable"]?.value == .boolean(obstacles.isEmpty), "\(String(decoding: line, as: UTF8.self))")
      count += 1
    }
    #expect(count > 100)
  }

  @Test(arguments: ["confluent", "avro", "fastavro"])
  func `evolutions are readable for us where they are for others`(_ judge: String) throws {
    var (count, meanings, aliases) = (0, 0, 0)
    for line in try Self.lines("evolutions") {
      let document = try SchemaDocument(line)
      let (old, new) = try (Self.schema(document, "old"), Self.schema(document, "new"))
      for (theirs, (reader, writer)) in zip(try Self.text(document, judge).utf8, [(new, old), (old, new)]) {
        // Some could not be tried: the writer's schema has no end.
        guard theirs != UInt8(ascii: "?") else { continue }
        count += 1
        let proved = reader.obstacles(reading: writer).filter(\.isProved)
        // "Two schemas that are decimal logical types match if their scales and precisions match": they look at neither.
        // Of others the specification says nothing, and they compare Avro's binary encoding, not forms in JSON.
        let others = proved.filter { $0.code != .logicalType }
        if others.count < proved.count { meanings += 1 }
        guard others.isEmpty != (theirs == UInt8(ascii: "y")) else { continue }
        // "The namespace of an alias without one is that of the name": to them it has none.
        #expect(judge != "confluent" && others.allSatisfy { $0.rule.contains("is another than") })
        #expect(reader.root.type == 8 && reader.types[8].name?.aliases == ["elsewhere.Record1"])
        aliases += 1
      }
    }
    #expect(count > 970 && meanings > 5 && aliases <= 2)
  }

  @Test func `schemas are taken as Java takes them, with the same canonical form and fingerprint`() throws {
    var (taken, differing) = (0, 0)
    for line in try Self.lines("schemas") {
      let document = try SchemaDocument(line)
      let text = try Self.text(document, "schema")
      let fault = avroFault(text)
      if document["java"]?.value == .boolean(true) {
        guard let fault else {
          let schema = try AvroSchema(text: text)
          #expect(try schema.canonicalForm == Self.text(document, "form"))
          let print = String(schema.fingerprint, radix: 16)
          #expect(
            try String(repeating: "0", count: 16 - print.utf8.count) + print == Self.text(document, "fingerprint"))
          taken += 1
          continue
        }
        // "The default … must be a member of the symbols array", and a field's is one of its type: Java looks at neither.
        #expect(fault.path.hasSuffix("/default") && text.contains("enum"))
        differing += 1
      } else if fault == nil {
        // Any branch's default is one since 1.12; this Java is 1.11.
        #expect(try AvroSchema(text: text).remarks.contains { $0.words.contains("before Avro 1.12") })
        differing += 1
      }
    }
    #expect(taken > 80 && differing <= 6)
  }

  @Test func `data matches where others say so`() throws {
    var (taken, refused) = (0, 0)
    for line in try Self.lines("data") {
      let document = try SchemaDocument(line)
      let validator = try Self.schema(document, "schema").validator()
      let avro = try Array(Self.text(document, "avro").utf8)
      let fastavro = try Array(Self.text(document, "fastavro").utf8)
      let text = String(decoding: line, as: UTF8.self)
      var data = 0..<0
      try JSONScanner.forEachMember(line.span.bytes, 0..<line.count) { key, value, _ in
        if line[key].elementsEqual("data".utf8) { data = value }
      }
      var index = 0
      _ = try JSONScanner.forEachElement(line.span.bytes, data) { value, _ in
        let mismatch = validator.mismatch(Array(line[value]))
        switch (fastavro[index], avro[index]) {
        case (UInt8(ascii: "y"), UInt8(ascii: "y")): #expect(mismatch == nil, "\(text) \(index)")
        case (UInt8(ascii: "n"), _): #expect(mismatch != nil, "\(text) \(index)")
        // Something that has a default is missing, which avro does not take, or there is more, which fastavro takes.
        default: #expect(mismatch == nil ? text.contains("default") : Self.isOfMore(mismatch), "\(text) \(index)")
        }
        if mismatch == nil { taken += 1 } else { refused += 1 }
        index += 1
        return true
      }
    }
    #expect(taken > 1000 && refused > 1000)
  }

  /// Whether it is of a member that there is no field for; in a union none of whose branches is it, that is not seen.
  private static func isOfMore(_ mismatch: Mismatch?) -> Bool {
    guard let rule = mismatch?.rule else { return false }
    return rule.hasSuffix("no such field") || rule.contains(" or ")
  }

  private static func lines(_ name: String) throws -> [[UInt8]] {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().resolvingSymlinksInPath()
    let file = tests.appendingPathComponent("../../Fixtures/contracts/avro-\(name).ndjson").standardizedFileURL
    return [UInt8](try Data(contentsOf: file)).split(separator: 0x0A).map(Array.init)
  }

  private static func schema(_ document: SchemaDocument, _ name: String) throws -> AvroSchema {
    try AvroSchema(#require(document[name]))
  }

  private static func text(_ document: SchemaDocument, _ name: String) throws -> String {
    guard case .string(let text)? = document[name]?.value else { throw SchemaFault("", "no \(name)", advice: "") }
    return text
  }
}
