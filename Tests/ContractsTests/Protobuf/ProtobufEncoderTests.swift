// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Contracts

struct ProtobufEncoderTests {
  private static func encoded(_ text: String, behind start: [UInt8] = []) throws -> [UInt8]? {
    let encoder = ProtobufEncoder(try ProtobufFixtures.everything())
    let bytes = [0x22] + Array(text.utf8) + [0x7D]
    var output = start
    let mismatch = encoder.append(bytes.span.bytes, 1..<(bytes.count - 1), to: &output)
    return mismatch == nil ? output : nil
  }

  @Test(arguments: [
    (#"{"aInt32": 150}"#, [0x08, 0x96, 0x01]), (#"{"aInt32": 0, "aString": "", "aDouble": 0}"#, []),
    (#"{"aInt32": -1}"#, [0x08] + [UInt8](repeating: 0xFF, count: 9) + [0x01]), (#"{"aSint32": -2}"#, [0x28, 0x03]),
    (#"{"maybe": 0}"#, [0x80, 0x01, 0x00]), (#"{"a_string": "\u00e4\n"}"#, [0x62, 0x03, 0xC3, 0xA4, 0x0A]),
    (#"{"longs": ["1", 300]}"#, [0x8A, 0x01, 0x03, 0x01, 0xAC, 0x02]), (#"{"longs": [], "inner": null}"#, []),
    (#"{"aBytes": "-_8"}"#, [0x6A, 0x02, 0xFB, 0xFF]),
    (#"{"color": "BLUE"}"#, [0x70, 0xFE] + [UInt8](repeating: 0xFF, count: 8) + [0x01]),
    (
      #"{"byNumber": {"-1": {}}}"#, [0xAA, 0x01, 0x0D, 0x08] + [UInt8](repeating: 0xFF, count: 9) + [0x01, 0x12, 0x00]
    ),
    (#"{"at": "1970-01-01T00:00:01.5Z"}"#, [0xF2, 0x01, 0x08, 0x08, 0x01, 0x10, 0x80, 0xCA, 0xB5, 0xEE, 0x01]),
    (#"{"wInt64": "5"}"#, [0xD2, 0x02, 0x02, 0x08, 0x05]), (#"{"none": null}"#, [0xD8, 0x01, 0x00]),
    (#"{"old": {"id": 1, "part": {"text": "a"}}}"#, [0xE2, 0x03, 0x07, 0x08, 0x01, 0x1B, 0x0A, 0x01, 0x61, 0x1C]),
  ])
  func `JSON is written as Protobuf has it`(_ text: String, _ expected: [UInt8]) throws {
    #expect(try Self.encoded(text) == expected)
  }

  @Test func `lengths have as many bytes as they need`() throws {
    for count in [0, 1, 127, 128, 16_383, 16_384, 70_000] {
      let text = String(repeating: "x", count: count)
      let written = try #require(try Self.encoded(#"{"inner": {"texts": ["\#(text)"]}}"#))
      let inner = Described().text(3, text)
      #expect(written == Described().part(15, inner).bytes)
    }
  }

  @Test func `what does not match is not written, and what was there stays`() throws {
    #expect(try Self.encoded(#"{"aInt32": 1, "inner": {"n": "x"}}"#) == nil)
    #expect(try Self.encoded(#"{"aInt32": 1}"#, behind: [7, 8]) == [7, 8, 8, 1])
  }

  @Test func `times are seconds since 1970 in any year and zone`() throws {
    for (text, seconds) in [
      ("0001-01-01T00:00:00Z", -62_135_596_800), ("9999-12-31T23:59:59Z", 253_402_300_799),
      ("2024-02-29T12:00:00+05:30", 1_709_188_200), ("1969-12-31T23:59:59Z", -1),
      ("1900-03-01T00:00:00Z", -2_203_891_200),
    ] {
      let written = Described().part(30, Described().number(1, UInt64(bitPattern: Int64(seconds)))).bytes
      #expect(try Self.encoded("{\"at\": \"\(text)\"}") == written, "\(text)")
    }
  }
}
