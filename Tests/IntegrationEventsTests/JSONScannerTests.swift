// SPDX-License-Identifier: Apache-2.0

import Octets
import Testing

@testable import IntegrationEvents

@Suite struct JSONScannerTests {
  private func validate(_ bytes: [UInt8]) throws -> JSONScanner.Kind {
    try JSONScanner.validate(bytes.span.bytes, 0..<bytes.count)
  }

  @Test(arguments: [
    ("{}", JSONScanner.Kind.object), ("[]", .array), (#""""#, .string), ("0", .number), ("true", .boolean),
    ("false", .boolean), ("null", .null), (" \t\r\n1 \t\r\n", .number), ("-0", .number), ("-0.0", .number),
    ("1e5", .number), ("1E+5", .number), ("1e-05", .number), ("0e0", .number), ("12.5e400", .number),
    ("[ ]", .array), ("{ }", .object), ("[1,2,[3,{}]]", .array), (#"{"a":{"a":1},"a":null}"#, .object),
    (#"{"":0}"#, .object), (#""\"\\\/\b\f\n\r\t\u00Ff""#, .string), ("\"\u{7F}é€😀\"", .string),
    (#""\ud800""#, .string), ("\n{ \"a\" :\t[ 1 , true ] }\r\n", .object),
  ])
  func `RFC 8259 accepts`(text: String, kind: JSONScanner.Kind) throws {
    #expect(try validate(Array(text.utf8)) == kind)
  }

  @Test(arguments: [
    "", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",
    "{'a':1}", "{1:1}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{,}", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"",
    "\"\\u12G4\"", "\"\\u", "\"\n\"", "\"\t\"", "\"\u{0}\"", "\"\u{1F}\"", "tru", "truE", "True", "nul", "nulll",
    "falsee", "NaN", "Infinity", "-Infinity", "01", "-01", "00", "1.", ".5", "-.5", "-", "+1", "1e", "1e+", "1.e5",
    "0x10", "1_000", "1 2", "{} {}", "[] x", "\u{FEFF}1", "//c\n1", "/*c*/1", "\u{A0}1", "\u{2028}1",
  ])
  func `RFC 8259 refuses`(text: String) {
    #expect(throws: JSONScanner.Failure.self) { try validate(Array(text.utf8)) }
  }

  @Test(
    arguments: [
      [0xFF], [0x80], [0xC0, 0xAF], [0xC1, 0x81], [0xC3], [0xE0, 0x80, 0xAF], [0xE2, 0x82], [0xED, 0xA0, 0x80],
      [0xED, 0xBF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
    ] as [[UInt8]])
  func `a string that is not UTF-8`(bytes: [UInt8]) {
    #expect(throws: JSONScanner.Failure(offset: 1)) { try validate([0x22] + bytes + [0x22]) }
  }

  @Test(arguments: [("[1,]", 3), ("{\"a\":tru}", 8), ("1 2", 2), ("", 0), ("\"a", 2)])
  func `a failure tells where`(text: String, offset: Int) {
    #expect(throws: JSONScanner.Failure(offset: offset)) { try validate(Array(text.utf8)) }
  }

  @Test(
    arguments: [("[", "]"), ("{\"a\":", "}"), ("[{\"a\" : [", "] }]"), ("[0,", ",{}]")],
    [1, 63, 64, 65, 128, 511, 512, 6000])
  func `nesting has no limit`(brackets: (open: String, close: String), depth: Int) throws {
    func nested(_ closes: Int, _ inner: String) -> [UInt8] {
      Array(
        (String(repeating: brackets.open, count: depth) + inner + String(repeating: brackets.close, count: closes)).utf8
      )
    }
    for inner in ["1", "[1]", "[]", "{}", "[[],{}]"] {
      #expect(throws: Never.self) { try validate(nested(depth, inner)) }
    }
    for wrong in [
      nested(depth - 1, "1"), nested(depth + 1, "1"), nested(depth, ","), nested(depth, "1,"), nested(depth, "}"),
    ] {
      #expect(throws: JSONScanner.Failure.self) { try validate(wrong) }
    }
  }

  @Test(arguments: [64, 65, 512, 6000])
  func `what is closed is what was opened, at every depth`(depth: Int) throws {
    // Arrays and objects by turns of three, so that no two words of the scanner's memory are alike.
    let isObject = (0..<depth).map { $0 % 3 == 0 || $0 % 7 == 0 }
    let opening = isObject.map { $0 ? #"{"k":"# : "[" }
    let closing = isObject.reversed().map { $0 ? "}" : "]" }
    #expect(throws: Never.self) { try validate(Array((opening.joined() + "0" + closing.joined()).utf8)) }
    for place in stride(from: 0, to: depth, by: 61) {
      var wrong = closing
      wrong[place] = wrong[place] == "}" ? "]" : "}"
      #expect(throws: JSONScanner.Failure.self) { try validate(Array((opening.joined() + "0" + wrong.joined()).utf8)) }
    }
  }

  @Test func `a million brackets that nobody closes are refused at their end`() throws {
    #expect(throws: JSONScanner.Failure(offset: 1_000_000)) {
      try validate([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000))
    }
  }

  @Test func `only the range counts`() throws {
    let bytes = Array("}{\"a\":1}[".utf8)
    #expect(try JSONScanner.validate(bytes.span.bytes, 1..<8) == .object)
    #expect(throws: JSONScanner.Failure(offset: 6)) { try JSONScanner.validate(bytes.span.bytes, 1..<7) }
  }

  @Test func `members are told with key, value and kind`() throws {
    let text = #" { "a\n" : [1, {"x":2}] , "b":"c" ,"d": null ,"a\n":-1.5e3 } "#
    let bytes = Array(text.utf8)
    var members: [String] = []
    try JSONScanner.forEachMember(bytes.span.bytes, 0..<bytes.count) { key, value, kind in
      members.append("\(bytes.span.bytes.text(key))=\(bytes.span.bytes.text(value)) \(kind)")
    }
    #expect(members == [#"a\n=[1, {"x":2}] array"#, #"b="c" string"#, "d=null null", #"a\n=-1.5e3 number"#])
  }

  @Test(arguments: ["[]", "1", "\"a\"", "null", "", "{\"a\":1", "{} 1", "{\"a\":1}}"])
  func `what is no object has no members`(text: String) {
    let bytes = Array(text.utf8)
    #expect(throws: JSONScanner.Failure.self) {
      try JSONScanner.forEachMember(bytes.span.bytes, 0..<bytes.count) { _, _, _ in }
    }
  }
}

@Suite struct JSONUnescapingTests {
  private func unescape(_ text: String) -> String? {
    let bytes = Array(text.utf8)
    var unescaped: [UInt8] = []
    return unescaped.appendUnescaped(bytes.span.bytes, 0..<bytes.count)
      ? String(validating: unescaped, as: UTF8.self) : nil
  }

  @Test(arguments: [
    ("", ""), ("plain é 😀", "plain é 😀"), (#"\"\\\/"#, #""\/"#), (#"\b\f\n\r\t"#, "\u{8}\u{C}\n\r\t"),
    (#"\u0041\u00e9\u20AC"#, "Aé€"), (#"\ud83d\uDE00"#, "😀"), (#"\u0000"#, "\0"), (#"\\u0041"#, #"\u0041"#),
    (#"\uD7FF\uE000"#, "\u{D7FF}\u{E000}"), (#"\udbff\udfff"#, "\u{10FFFF}"),
  ])
  func `escapes stand for characters`(escaped: String, text: String) {
    #expect(unescape(escaped) == text)
  }

  @Test(arguments: [
    #"\ud800"#, #"\udc00"#, #"\ud800x"#, #"\ud800\n"#, #"\ud800\ud800"#, #"\ud800\u0041"#, #"a\udfffb"#,
  ])
  func `a surrogate alone is no character`(escaped: String) {
    #expect(unescape(escaped) == nil)
  }
}

@Suite struct JSONTextTests {
  @Test func `text becomes a JSON string`() {
    #expect(JSONText.string("a\"b\\c\n\r\t\u{1}\u{7F}é😀") == #""a\"b\\c\n\r\t\u0001\u007fé😀""#)
    #expect(JSONText.string("") == #""""#)
  }
}
