// SPDX-License-Identifier: Apache-2.0

import Foundation
import IntegrationEvents
import Testing

/// The parts of an event, put into one buffer as a message would hold them.
struct Draft {
  var id: [UInt8] = Array("id-1".utf8)
  var type: [UInt8] = Array("OrderPlaced".utf8)
  var aggregateType: [UInt8] = Array("orders".utf8)
  var aggregateID: [UInt8] = Array("order-1".utf8)
  var dataVersion: [UInt8] = []
  var dataSchema: [UInt8] = []
  var traceParent: [UInt8] = []
  var traceState: [UInt8] = []
  var attributes: [(String, [UInt8])] = []
  var headers: [(String, IntegrationEvent.HeaderAttribute.Value)] = []
  var payload: [UInt8] = []
  var payloadKind = PayloadKind.none

  enum PayloadKind { case none, json, uncheckedJSON, text, hexadecimal }

  /// Encodes into a buffer that holds something already.
  func encode(
    _ envelope: EnvelopeEncoder.Envelope = .cloudevents, into buffer: inout [UInt8], hasOwnTime: Bool = false
  ) throws -> EncodedEvent {
    try encode(with: EnvelopeEncoder(envelope: envelope), into: &buffer, hasOwnTime: hasOwnTime)
  }

  func encode(
    with encoder: EnvelopeEncoder, into buffer: inout [UInt8], hasOwnTime: Bool = false
  ) throws -> EncodedEvent {
    var bytes = Array("before".utf8)
    func place(_ part: [UInt8]) -> Range<Int> {
      bytes += part
      return (bytes.count - part.count)..<bytes.count
    }
    let time = try #require(EventTime(unixMicroseconds: 1_714_564_800_123_456))
    let source = try #require(EventSource("/shop/public.outbox"))
    var event = IntegrationEvent(source: source, time: time)
    event.hasOwnTime = hasOwnTime
    event.position = EventPosition(commitLSN: 0x16_B374_D848, ordinal: 7)
    event.id = place(id)
    event.type = place(type)
    event.aggregateType = place(aggregateType)
    event.aggregateID = place(aggregateID)
    event.dataVersion = place(dataVersion)
    event.dataSchema = place(dataSchema)
    event.traceParent = place(traceParent)
    event.traceState = place(traceState)
    for (name, value) in attributes {
      event.attributes.append(.init(name: try #require(AttributeName(name)), value: place(value)))
    }
    for (name, value) in headers {
      event.headers.append(.init(name: try #require(AttributeName(name)), value: value))
    }
    let data = place(payload)
    switch payloadKind {
    case .none: break
    case .json: event.payload = .json(data)
    case .uncheckedJSON: event.payload = .uncheckedJSON(data)
    case .text: event.payload = .text(data)
    case .hexadecimal: event.payload = .hexadecimal(data)
    }
    var noted: [EncodedAttribute] = []
    return try encoder.encode(event, from: bytes.span.bytes, into: &buffer, &noted)
  }

  func line(_ envelope: EnvelopeEncoder.Envelope = .cloudevents) throws -> String {
    var buffer: [UInt8] = []
    let encoded = try encode(envelope, into: &buffer)
    #expect(encoded.line == 0..<buffer.count)
    return try #require(String(validating: buffer, as: UTF8.self))
  }

  func error() -> EnvelopeError? {
    var buffer = Array("what was there".utf8)
    let error = #expect(throws: EnvelopeError.self) { try encode(into: &buffer) }
    #expect(buffer == Array("what was there".utf8), "after an error the buffer is as it was")
    return error
  }
}

private let head =
  #"{"specversion":"1.0","id":"id-1","source":"/shop/public.outbox","type":"OrderPlaced","subject":"order-1","#
  + #""time":"2024-05-01T12:00:00.123456Z","sequence":"00000016B374D848-0000000007","partitionkey":"order-1","#
  + #""aggregatetype":"orders""#

@Suite struct EnvelopeEncoderTests {
  private func draft(_ kind: Draft.PayloadKind, _ payload: String) -> Draft {
    var draft = Draft()
    draft.payloadKind = kind
    draft.payload = Array(payload.utf8)
    return draft
  }

  @Test func `an event without data`() throws {
    #expect(try Draft().line() == head + "}\n")
  }

  @Test(arguments: [
    (#"{"a":1}"#, #"{"a":1}"#), ("{\n  \"ä\": [1,\n2]\r\n}", "{   \"ä\": [1, 2]  }"), ("null", "null"),
    (#""\u0000""#, #""\u0000""#), ("\"日本\n\"", "\"日本 \""), (" 1e400 ", "1e400"), ("\t\n{ }\r\n", "{ }"),
  ])
  func `JSON is copied, with blanks for newlines and carriage returns`(payload: String, data: String) throws {
    #expect(
      try draft(.json, payload).line() == head + #","datacontenttype":"application/json","data":"# + data + "}\n")
  }

  @Test func `text declared to be JSON is checked`() throws {
    #expect(
      try draft(.uncheckedJSON, "{\n\"a\" : 1}").line()
        == head + #","datacontenttype":"application/json","data":{ "a" : 1}}"# + "\n")
    let error = draft(.uncheckedJSON, #"{"a"}"#).error()
    #expect(error?.field == .payload)
    #expect(error?.problem == .invalidJSON(offset: 4))
    #expect(draft(.uncheckedJSON, "").error()?.problem == .invalidJSON(offset: 0))
    #expect(draft(.json, "").error()?.problem == .invalidJSON(offset: 0))
  }

  @Test(arguments: [
    ("", ""), ("plain", "plain"), ("a\"b\\c/d", #"a\"b\\c/d"#),
    ("\n\r\t\u{0}\u{8}\u{1F}\u{7F}", #"\n\r\t\u0000\u0008\u001f\u007f"#),
    ("é€😀\u{85}\u{2028}\u{FFFE}", "é€😀\u{85}\u{2028}\u{FFFE}"), ("not JSON: {\"a\"", #"not JSON: {\"a\""#),
    ("12345678\"", #"12345678\""#), ("1234567\\89", #"1234567\\89"#),
  ])
  func `text becomes a JSON string`(payload: String, data: String) throws {
    #expect(
      try draft(.text, payload).line() == head + #","datacontenttype":"text/plain; charset=UTF-8","data":""# + data
        + "\"}\n")
  }

  /// RFC 4648, section 10, and the alphabet's last characters.
  @Test(arguments: [
    (#"\x"#, ""), (#"\x66"#, "Zg=="), (#"\x666f"#, "Zm8="), (#"\x666f6f"#, "Zm9v"), (#"\x666f6f62"#, "Zm9vYg=="),
    (#"\x666F6F6261"#, "Zm9vYmE="), (#"\x666f6f626172"#, "Zm9vYmFy"), (#"\xfbffbf"#, "+/+/"), (#"\x000000"#, "AAAA"),
    (#"\xffffffff"#, "/////w=="),
  ])
  func `bytes become base64`(payload: String, data: String) throws {
    #expect(
      try draft(.hexadecimal, payload).line()
        == head + #","datacontenttype":"application/octet-stream","data_base64":""# + data + "\"}\n")
  }

  @Test func `base64 agrees with Foundation's for every length`() throws {
    for count in 0..<64 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + count) }
      let hexadecimal = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      #expect(
        try draft(.hexadecimal, #"\x"# + hexadecimal).line(.payload) == "\"\(Data(bytes).base64EncodedString())\"\n")
    }
  }

  @Test(arguments: ["", "\\", "x00", "00", "\\x0", "\\x0g", "\\xzz", "\\x00 1", "\\X00"])
  func `bytes that are not in hexadecimal form`(payload: String) {
    #expect(draft(.hexadecimal, payload).error()?.problem == .invalidHexadecimal)
  }

  @Test func `every attribute in its place`() throws {
    var draft = draft(.json, "{}")
    draft.dataVersion = Array("3".utf8)
    draft.dataSchema = Array("https://example.com/schema#v3".utf8)
    draft.traceParent = Array("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".utf8)
    draft.traceState = Array("a=b".utf8)
    draft.attributes = [("tenant", Array("acme \"1\"".utf8)), ("empty", [])]
    draft.headers = [
      ("urgent", .boolean(true)), ("quiet", .boolean(false)), ("note", .string("ü\\")), ("traceparent", .string("x")),
    ]
    #expect(
      try draft.line()
        == head + #","dataversion":"3","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","#
        + #""tracestate":"a=b","tenant":"acme \"1\"","urgent":true,"quiet":false,"note":"ü\\","#
        + #""dataschema":"https://example.com/schema#v3","datacontenttype":"application/json","data":{}}"# + "\n")
  }

  @Test func `trace context in the headers serves where no column has it`() throws {
    var draft = Draft()
    draft.headers = [("traceparent", .string("p")), ("tracestate", .string("s"))]
    #expect(try draft.line() == head + #","traceparent":"p","tracestate":"s"}"# + "\n")
  }

  @Test func `an event without an aggregate has no subject and no partition key`() throws {
    var draft = Draft()
    draft.aggregateID = []
    draft.aggregateType = []
    #expect(
      try draft.line()
        == #"{"specversion":"1.0","id":"id-1","source":"/shop/public.outbox","type":"OrderPlaced","#
        + #""time":"2024-05-01T12:00:00.123456Z","sequence":"00000016B374D848-0000000007"}"# + "\n")
  }

  @Test(arguments: [
    (Draft.PayloadKind.none, "", "null\n"), (.json, "{\n}", "{ }\n"), (.uncheckedJSON, "[1]", "[1]\n"),
    (.text, "a\"b", "\"a\\\"b\"\n"), (.hexadecimal, "\\x00", "\"AA==\"\n"),
  ])
  func `the payload alone`(kind: Draft.PayloadKind, payload: String, line: String) throws {
    #expect(try draft(kind, payload).line(.payload) == line)
  }

  @Test func `id and type must be there`() {
    var draft = Draft()
    draft.id = []
    #expect(draft.error() == EnvelopeError(.id, .empty))
    draft = Draft()
    draft.type = []
    #expect(draft.error() == EnvelopeError(.type, .empty))
  }

  @Test func `where line, id and key lie`() throws {
    var draft = draft(.text, "x")
    draft.id = Array("i\"d".utf8)
    draft.aggregateID = Array("k\\".utf8)
    var buffer = Array("earlier\n".utf8)
    let event = try draft.encode(into: &buffer)
    #expect(event.line == 8..<buffer.count)
    #expect(buffer.last == UInt8(ascii: "\n"))
    #expect(Array(buffer[event.id]) == Array(#"i\"d"#.utf8))
    #expect(Array(buffer[event.key]) == Array(#"k\\"#.utf8))
    #expect(event.position == EventPosition(commitLSN: 0x16_B374_D848, ordinal: 7))
    let sequence = event.line.lowerBound + Int(event.sequenceOffset)
    #expect(Array(buffer[sequence..<(sequence + 27)]) == Array("00000016B374D848-0000000007".utf8))
  }

  @Test(arguments: [false, true])
  func `the commit's position and time are written in afterwards`(hasOwnTime: Bool) throws {
    var buffer = Array("earlier\n".utf8)
    let spooled = try draft(.text, "x").encode(into: &buffer, hasOwnTime: hasOwnTime)
    var batch = Array("others\n".utf8)
    let position = EventPosition(commitLSN: 1, ordinal: 2)
    let event = spooled.append(from: buffer.span.bytes, committedAt: position, .epoch, to: &batch)
    let line = String(decoding: batch[event.line], as: UTF8.self)
    let time = hasOwnTime ? "2024-05-01T12:00:00.123456Z" : "1970-01-01T00:00:00.000000Z"
    #expect(line.contains(#""time":"\#(time)","sequence":"0000000000000001-0000000002","#))
    #expect(line.utf8.count == spooled.line.count)
    #expect(event.line == 7..<batch.count)
    #expect(event.position == position)
    #expect(Array(batch[event.id]) == Array(buffer[spooled.id]))
    #expect(Array(batch[event.key]) == Array(buffer[spooled.key]))
  }

  @Test func `a value of any length is escaped at any place`() throws {
    for length in 0...40 {
      for (special, escaped) in [("\"", #"\""#), (#"\"#, #"\\"#), ("é", "é"), ("x", "x")] {
        for place in 0...length {
          let (before, after) = (String(repeating: "a", count: place), String(repeating: "b", count: length - place))
          var draft = draft(.text, before + special + after)
          draft.id = Array((before + special + after).utf8)
          draft.aggregateID = draft.id
          let line = try draft.line()
          let expected = before + escaped + after
          #expect(line.contains(#""id":"\#(expected)","#))
          #expect(line.contains(#""subject":"\#(expected)","#))
          #expect(line.contains(#""partitionkey":"\#(expected)","#))
          #expect(line.contains(#""data":"\#(expected)"}"#))
        }
      }
    }
  }

  @Test func `there is room for a line in which everything is escaped`() throws {
    let quotes = [UInt8](repeating: UInt8(ascii: "\""), count: 10_000)
    var draft = draft(.text, "")
    draft.payload = [UInt8](repeating: 1, count: 10_000)
    (draft.id, draft.type, draft.aggregateType, draft.aggregateID) = (quotes, quotes, quotes, quotes)
    (draft.dataVersion, draft.traceParent, draft.traceState) = (quotes, quotes, quotes)
    draft.attributes = [("tenant", quotes)]
    draft.headers = [("region", .string(String(decoding: quotes, as: UTF8.self))), ("flag", .boolean(false))]
    let object = try JSONSerialization.jsonObject(with: Data(try draft.line().utf8)) as? [String: Any]
    #expect((object?["data"] as? String)?.utf8.count == 10_000)
    #expect((object?["region"] as? String)?.utf8.count == 10_000)
  }

  @Test(arguments: ["\n", "\r"])
  func `JSON of any length is copied, and a newline or carriage return anywhere becomes a blank`(end: String) throws {
    for length in 0...80 {
      for place in 0...length {
        let draft = draft(
          .json, "[" + String(repeating: " ", count: place) + end + String(repeating: " ", count: length - place) + "]"
        )
        #expect(try draft.line().hasSuffix("[" + String(repeating: " ", count: length + 1) + "]}\n"))
      }
    }
  }

  @Test(arguments: ["\n", "\r", "\r\n", "\n\r"], EnvelopeEncoder.Envelope.allCases)
  func `a line holds nothing that ends one, whatever stands between JSON's tokens`(
    end: String, envelope: EnvelopeEncoder.Envelope
  ) throws {
    for json in ["{\(end)\"a\"\(end):\t1\(end)}", "\(end)17\(end)", "[\"é\"\(end),\"ü\"]", "\(end)[]\(end)\(end)"] {
      for kind in [Draft.PayloadKind.json, .uncheckedJSON] {
        let line = Array(try draft(kind, json).line(envelope).utf8)
        #expect(line.count { $0 < 0x20 } == 1 && line.last == 0x0A)
        let data = json.drop(while: \.isNewline).utf8.map { $0 < 0x20 ? 0x20 : $0 }
        #expect(line.firstRange(of: data.reversed().drop { $0 == 0x20 }.reversed()) != nil)
      }
    }
  }

  @Test func `a tab becomes a blank, beside what lies outside ASCII too`() throws {
    #expect(try draft(.json, "{\t\"é\"\t:\t1\n\t}").line().contains("{ \"é\" : 1  }"))
  }

  @Test func `the output is JSON that says the same`() throws {
    var draft = draft(.text, "a\u{0}\u{1F}\u{7F}\"\\/ é\u{2028}😀\n")
    draft.id = Array("\"id\\ é😀".utf8)
    draft.attributes = [("tenant", Array("ümlaut \"x\"".utf8))]
    draft.headers = [("flag", .boolean(true))]
    let object = try JSONSerialization.jsonObject(with: Data(try draft.line().utf8)) as? [String: Any]
    #expect(object?["id"] as? String == "\"id\\ é😀")
    #expect(object?["tenant"] as? String == "ümlaut \"x\"")
    #expect(object?["flag"] as? Bool == true)
    #expect(object?["data"] as? String == "a\u{0}\u{1F}\u{7F}\"\\/ é\u{2028}😀\n")
    #expect(object?["specversion"] as? String == "1.0")
  }
}

@Suite struct ForbiddenInAttributesTests {
  private typealias Place = (field: EventField, path: WritableKeyPath<Draft, [UInt8]>)

  private static var places: [Place] {
    [
      (.id, \.id), (.type, \.type), (.aggregateID, \.aggregateID), (.aggregateType, \.aggregateType),
      (.dataVersion, \.dataVersion), (.traceParent, \.traceParent), (.traceState, \.traceState),
    ]
  }

  @Test(
    arguments: [
      0x00, 0x01, 0x09, 0x0A, 0x0D, 0x1F, 0x7F, 0x80, 0x85, 0x9F, 0xFDD0, 0xFDEF, 0xFFFE, 0xFFFF, 0x1FFFE,
      0x2FFFF, 0x10FFFE, 0x10FFFF,
    ] as [UInt32])
  func `a code point that CloudEvents forbids`(value: UInt32) throws {
    let scalar = try #require(UnicodeScalar(value))
    let text = Array("long enough to scan ".utf8) + Array(String(scalar).utf8)
    for place in Self.places {
      var draft = Draft()
      draft[keyPath: place.path] = text
      #expect(draft.error() == EnvelopeError(place.field, .controlCharacter))
    }
    var draft = Draft()
    draft.attributes = [("tenant", text)]
    #expect(draft.error() == EnvelopeError(.attribute("tenant"), .controlCharacter))
    draft.attributes = []
    draft.headers = [("tenant", .string(String(decoding: text, as: UTF8.self)))]
    #expect(draft.error() == EnvelopeError(.headers, .controlCharacter))
  }

  @Test(arguments: [0x20, 0x7E, 0xA0, 0xD7FF, 0xE000, 0xFDCF, 0xFDF0, 0xFFFD, 0x10000, 0x1FFFD, 0x10FFFD] as [UInt32])
  func `its neighbours are allowed`(value: UInt32) throws {
    let scalar = try #require(UnicodeScalar(value))
    var draft = Draft()
    draft.id = Array(String(scalar).utf8)
    #expect(try draft.line().contains("\"id\":\"\(scalar)\""))
  }

  @Test(
    arguments: [
      [0xFF], [0x80], [0xC0, 0x80], [0xC3], [0xE0, 0x9F, 0xBF], [0xE2, 0x82], [0xED, 0xA0, 0x80],
      [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80],
    ] as [[UInt8]])
  func `bytes that are not UTF-8`(bytes: [UInt8]) {
    for place in Self.places {
      var draft = Draft()
      draft[keyPath: place.path] = Array("eight by".utf8) + bytes
      #expect(draft.error() == EnvelopeError(place.field, .invalidUTF8))
    }
    var draft = Draft()
    draft.payload = bytes
    draft.payloadKind = .text
    #expect(draft.error() == EnvelopeError(.payload, .invalidUTF8))
    draft.payload = [0x22] + bytes + [0x22]
    draft.payloadKind = .json
    #expect(draft.error() == EnvelopeError(.payload, .invalidUTF8))
    draft.payloadKind = .uncheckedJSON
    #expect(draft.error() == EnvelopeError(.payload, .invalidJSON(offset: 1)))
  }

  @Test(arguments: ["https://example.com/s", "urn:example:s", "a+b-c.1:x", "HTTP://x/%41?q#f"])
  func `a schema with its scheme`(text: String) throws {
    var draft = Draft()
    draft.dataSchema = Array(text.utf8)
    #expect(try draft.line().contains(#""dataschema":"\#(text)""#))
  }

  @Test(arguments: [
    "a b", "%zz", "é", "u", "/schemas/1", "//example.com/s", "schema.json", "1a:x", ":x", "a_b:x", "a/b:x", "é:x",
    "?a:b", "#a:b",
  ])
  func `a schema that is no absolute URI`(text: String) {
    var draft = Draft()
    draft.dataSchema = Array(text.utf8)
    #expect(draft.error() == EnvelopeError(.dataSchema, .invalidURI))
  }

  /// Every byte at every place around the eight that are looked at together.
  @Test func `a special byte is found wherever it stands`() throws {
    for length in 1...17 {
      for place in 0..<length {
        for byte in [0x00, 0x1F, 0x22, 0x5C, 0x7F, 0x0A] as [UInt8] {
          var draft = Draft()
          draft.payload = [UInt8](repeating: 0x7E, count: length)
          draft.payload[place] = byte
          draft.payloadKind = .text
          let line = try draft.line(.payload)
          let value = try JSONSerialization.jsonObject(with: Data(line.utf8), options: .fragmentsAllowed) as? String
          #expect(value.map { Array($0.utf8) } == draft.payload)
        }
      }
    }
  }
}
