// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets
import Testing

@testable import Contracts

/// What stands before data that is encoded, and what data has to be that was encoded by others.
struct ContractEncodingTests {
  private static func hook(
    _ file: String, _ text: [UInt8], _ format: DataFormat, id: UInt32? = nil
  ) throws -> ContractHook {
    var catalogue = ContractCatalogue()
    catalogue.add(type: "Placed", version: 1, file: file, text: text)
    var ids: [ContractName: UInt32] = [:]
    for contract in catalogue.allContracts { ids[ContractName(contract)] = id }
    return try ContractHook(
      catalogue, policy: .reject, schemaBase: nil,
      encoding: EncodingRules(format, id == nil ? .bare : .registry(ids)), tell: { _ in })
  }

  private static func avro(_ type: String, id: UInt32? = nil) throws -> ContractHook {
    try hook("1.avsc", Array(type.utf8), .avro, id: id)
  }

  private static func leaving(_ data: String, _ hook: ContractHook) throws -> ReencodedData {
    let bytes = Array("Placed1\(data)".utf8)
    return try hook.encoded(7..<bytes.count, type: 0..<6, version: 6..<7, in: bytes.span.bytes)
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    "\\x" + Array(bytes).reduce("") { $0 + ($1 < 16 ? "0" : "") + String($1, radix: 16) }
  }

  @Test func `Avro by itself begins with two bytes and the fingerprint, the lowest byte first`() throws {
    let left = try Self.leaving("1", Self.avro(#""int""#))
    // The specification's own fingerprint of "int".
    #expect(AvroFingerprint.of(#""int""#.utf8) == 0x7275_D51A_3F39_5C8F)
    #expect(left.bytes == [0xC3, 0x01, 0x8F, 0x5C, 0x39, 0x3F, 0x1A, 0xD5, 0x75, 0x72, 2])
    #expect(left.contentType == "application/avro")
  }

  @Test func `with a registry a zero byte and the id stand in front`() throws {
    #expect(try Self.leaving("1", Self.avro(#""int""#, id: 0x0102_0304)).bytes == [0, 1, 2, 3, 4, 2])
    let json = try Self.leaving(#"{"a": 1}"#, Self.hook("1.json", Array("true".utf8), .jsonSchema, id: 9))
    #expect(json.bytes == [0, 0, 0, 0, 9] + Array(#"{"a": 1}"#.utf8))
    #expect(json.contentType == "application/octet-stream")
  }

  @Test func `of Protobuf it is said which message of its file it is`() throws {
    let schema = try ProtobufFixtures.everything()
    let all = schema.types.messages.filter { $0.isOutermost && $0.file == schema.types.messages[schema.root].file }
    let index = try #require(all.firstIndex { $0.fullName == "everything.Placed" })
    #expect(schema.messageIndexes == (index == 0 ? [0] : [2, UInt8(index * 2)]))
    for (message, number) in zip(schema.types.messages, 0...) where !message.isOutermost && !message.isMapEntry {
      let inner = try ProtobufSchema(ProtobufFixtures.bytes("everything.binpb"), type: message.fullName)
      #expect(inner.root == number && inner.messageIndexes.count >= 3 && inner.messageIndexes[0] >= 4)
    }
  }

  @Test func `contracts of another format are refused when they are compiled, with their file`() throws {
    let fault = #expect(throws: SchemaFault.self) { try Self.hook("x/1.json", Array("true".utf8), .avro) }
    #expect(fault?.problem.hasPrefix("x/1.json: it is a contract in JSON Schema") == true)
    let union = #expect(throws: SchemaFault.self) { try Self.avro("[\n\"int\", \"long\"]") }
    #expect(union?.problem.hasPrefix("1.avsc:1: the union cannot be encoded") == true, "\(union?.problem ?? "")")
  }

  @Test(arguments: [
    (#"{"type": "int"}"#, "1", true), (#""double""#, "0.1", true), (#""double""#, "9007199254740993", false),
    (#"{"type": "long", "logicalType": "timestamp-millis"}"#, #""2026-01-01T00:00:00Z""#, true),
    (#"{"type": "long", "logicalType": "timestamp-millis"}"#, #""2026-01-01T00:00:00.1234Z""#, false),
  ])
  func `what its type does not hold is refused before it leaves`(type: String, data: String, isHeld: Bool) throws {
    let refusal = try DraftedEvent(data: data).refusal(Self.avro(type))
    #expect((refusal == nil) == isHeld, "\(refusal ?? "")")
    #expect(isHeld || refusal?.hasPrefix("event e-1, Placed: its data breaks its contract in 1.avsc: ") == true)
  }

  @Test(arguments: [
    ([0, 0, 0, 0, 7, 2], true), ([0, 0, 0, 0, 8, 2], false), ([0, 0, 0, 0], false), ([1, 0, 0, 0, 7, 2], false),
    ([], false),
  ])
  func `bytes with a known id pass, others are refused`(bytes: [UInt8], isKnown: Bool) throws {
    let hook = try Self.avro(#""int""#, id: 7)
    let event = DraftedEvent(data: Self.hexadecimal(bytes), kind: .hexadecimal)
    let refusal = try event.refusal(hook)
    #expect((refusal == nil) == isKnown, "\(refusal ?? "")")
    if isKnown {
      let payload = try event.asked(hook)
      #expect(payload?.contentType == "application/avro" && payload?.content == .row(isJSON: false))
    }
  }

  @Test func `bytes with the fingerprint pass, and bare Protobuf has to be a message`() throws {
    let own = try Self.leaving("1", Self.avro(#""int""#)).bytes
    for (bytes, isKnown) in [(own, true), (Array(own.dropLast(2)), false), ([0xC3, 1] + own.dropFirst(3), false)] {
      let event = DraftedEvent(data: Self.hexadecimal(bytes), kind: .hexadecimal)
      #expect(try (event.refusal(Self.avro(#""int""#)) == nil) == isKnown)
    }
    let check = ProtobufWireCheck(try ProtobufFixtures.everything())
    for (bytes, isMessage) in [
      ([0x08, 0x96, 0x01], true), ([], true), ([0x08, 0x96], false), ([0x62, 2, 0xC3, 0xA4], true),
      ([0x62, 1, 0xC3], false), ([0x62, 5, 1], false), ([0x8A, 0x01, 0x03, 0x01, 0xAC, 0x02], true), ([0], false),
      ([0xC3], false), ([0xF2, 0x01, 0x02, 0x08, 0x80], false), ([0xFA, 0xFF, 0x7F, 1, 9], true),
    ] as [([UInt8], Bool)] {
      #expect(check.accepts(bytes[...]) == isMessage, "\(bytes)")
    }
  }

  @Test func `what the encoder writes is a message, and cut short it is none or another`() throws {
    let schema = try ProtobufFixtures.everything()
    let check = ProtobufWireCheck(schema)
    let text = Array(
      #"{"aInt32": 150, "byNumber": {"-1": {}}, "old": {"id": 1, "part": {"text": "a"}}, "wInt64": "5"}"#.utf8)
    var bytes: [UInt8] = []
    #expect(ProtobufEncoder(schema).append(text.span.bytes, 0..<text.count, to: &bytes) == nil)
    #expect(check.accepts(bytes[...]))
    for count in 0..<bytes.count { _ = check.accepts(bytes.prefix(count)) }
    let deep = [UInt8](repeating: 0x0B, count: 100_000)
    #expect(!check.accepts(deep[...]))
  }
}
