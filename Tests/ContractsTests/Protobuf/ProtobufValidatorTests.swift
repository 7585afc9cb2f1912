// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Contracts

struct ProtobufValidatorTests {
  private static func mismatch(_ text: String) throws -> Mismatch? {
    try ProtobufFixtures.everything().validator().mismatch(text)
  }

  @Test(arguments: [
    #"{"aInt64": "9223372036854775807", "a_uint64": 18446744073709551615, "aDouble": "-Infinity", "aFloat": 1e38}"#,
    #"{"byNumber": {"-1": {"n": 1}}, "byTruth": {"true": "x"}, "longs": [1, "2"], "colors": ["RED", 77, -2.0]}"#,
    #"{"at": "2026-11-23T07:16:06.5+01:00", "took": "-1.5s", "mask": "a.bC,d", "value": null, "structure": {"a": [1, {}]}}"#,
    #"{"any": {"n": 1, "@type": "x/everything.Inner"}, "wInt64": "5", "maybe": null, "one": null, "two": "x"}"#,
    #"{"any": {"@type": "x/google.protobuf.Duration", "value": "1s"}, "empty": {}, "null": null, "none": "NULL_VALUE"}"#,
    #"{"old": {"id": 1, "closed": "ON", "part": {"text": "a"}, "[legacy.note]": "b"}, "\u0061String": "\ud83d\ude00"}"#,
    #"{"aBytes": "-_-_", "wBytes": "QQ", "renamed": "x", "any": {}}"#,
  ])
  func `what the mapping has is taken`(_ text: String) throws {
    #expect(try Self.mismatch(text) == nil)
  }

  @Test(arguments: [
    (#"{"unknown": 1}"#, "/unknown", "everything.Placed: no such field"),
    (#"{"aInt32": 1, "a_int32": 1}"#, "/a_int32", "everything.Placed: a field that is there twice"),
    (#"{"one": 1, "two": ""}"#, "/two", "everything.Placed: more than one field of a oneof"),
    (#"{"aInt32": 2147483648}"#, "/aInt32", "int32: a whole number within 32 bits"),
    (#"{"inners": [{"n": 1}, {"n": 1.5}]}"#, "/inners/1/n", "int32: a whole number within 32 bits"),
    (#"{"inners": [null]}"#, "/inners/0", "message everything.Inner"),
    (#"{"longs": 1}"#, "/longs", "an array: the field is repeated"),
    (#"{"byName": []}"#, "/byName", "an object: the field is a map"),
    (#"{"byNumber": {"1.0": {}}}"#, "/byNumber/", "a map's key: int32: a whole number within 32 bits"),
    (#"{"color": "red"}"#, "/color", "enum everything.Color: the name or the number of a value"),
    (#"{"old": {"id": 1, "closed": 3}}"#, "/old/closed", "enum legacy.Closed: the name or the number of a value"),
    (#"{"color": "1"}"#, "/color", "enum everything.Color: the name or the number of a value"),
    (#"{"old": {}}"#, "/old", "legacy.Old: the field id is required and missing"),
    (#"{"aBytes": "+_=="}"#, "/aBytes", "bytes: a string of base64"),
    (
      #"{"any": {"@type": "x/nowhere.M"}}"#, "/any",
      "google.protobuf.Any: an @type that is described beside the contract"
    ),
    (#"{"any": {"n": 1}}"#, "/any", "google.protobuf.Any: an object with its type in @type"),
    (#"{"aString": "\ud800"}"#, "/aString", "string"),
    ("{} 1", "", "this is no JSON"),
    (#"{"aInt32": 1"#, "", "this is no JSON"),
    ("[]", "", "message everything.Placed"),
  ])
  func `what it has not is refused at its place`(_ text: String, _ pointer: String, _ rule: String) throws {
    #expect(try Self.mismatch(text) == Mismatch(pointer, rule))
  }

  @Test func `numbers at the ends of their ranges are told apart`() throws {
    for (text, isTaken) in [
      ("1.7976931348623157e308", true), ("1.8e308", false), ("\"1e309\"", false), ("1e-999999999999999999999", true),
      ("0e999999999999999999999", true), (String(repeating: "9", count: 400), false),
    ] {
      #expect((try Self.mismatch("{\"aDouble\": \(text)}") == nil) == isTaken, "\(text)")
    }
    for (text, isTaken) in [
      ("18446744073709551615", true), ("18446744073709551616", false), ("1844674407370955161500e-2", true),
      ("-0", true), ("-1", false), ("1e19", true), ("1e20", false), ("100000000000000000000e-1", true),
    ] {
      #expect((try Self.mismatch("{\"aUint64\": \(text)}") == nil) == isTaken, "\(text)")
      #expect((try Self.mismatch("{\"aUint64\": \"\(text)\"}") == nil) == isTaken, "\(text)")
    }
  }

  @Test func `what is plain is accepted at first sight, and nothing that may not match`() throws {
    let validator = try ProtobufFixtures.everything().validator()
    for text in [
      #"{"aInt32": 1, "aInt64": 5, "aString": "x", "aBool": true, "color": "GREEN", "aDouble": 1.5, "inner": null}"#,
      #"{"inner":{"n":1,"next":{"texts":["a"]}},"byName":{"a":1},"at":"2026-11-23T07:16:06.254758+00:00","wInt32":7}"#,
      #"{"structure": {"a": [1, null, {"b": "c"}]}, "value": null, "list": [], "old": {"id": 1}, "longs": [1, 2]}"#,
    ] {
      #expect(validator.accepts(Array(text.utf8)), "\(text)")
    }
    for text in [
      #"{"one": 1, "two": "x"}"#, #"{"aDouble": 1e400}"#, #"{"old": {"id": null}}"#, #"{"old": {}}"#,
      #"{"longs": [null]}"#,
      #"{"aInt32": 1, "a_int32": 2}"#, #"{"values": null}"#, #"{"unknown": 1}"#,
      #"{"at": "9999-12-31T23:59:59-01:00"}"#,
      #"{"at": "2026-11-23T07:16:60Z"}"#, #"{"at": "2026-11-23T07:16:06.1234567890Z"}"#,
      #"{"old": {"closed": 3, "id": 1}}"#,
    ] {
      #expect(validator.mismatch(text) != nil, "\(text)")
      #expect(!validator.accepts(Array(text.utf8)), "\(text)")
    }
  }

  @Test func `depth is bounded`() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: #"{"next":"#, count: depth) + "{}" + String(repeating: "}", count: depth)
    }
    #expect(try Self.mismatch(#"{"inner":"# + nested(126) + "}") == nil)
    #expect(try Self.mismatch(#"{"inner":"# + nested(127) + "}")?.rule.contains("within each other") == true)
    let lists = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
    #expect(try Self.mismatch("{\"value\": \(lists)}")?.rule.contains("within each other") == true)
  }

  @Test func `what an Any holds is looked at for a bounded time`() throws {
    var text = "{}"
    for _ in 0..<120 { text = #"{"value": \#(text), "@type": "x/google.protobuf.Any"}"# }
    #expect(try Self.mismatch("{\"any\": \(text)}") == nil)
  }

  @Test func `a text that is cut anywhere is no match`() throws {
    let text = Array(
      #"{"inner": {"n": 1, "texts": ["é", "b"]}, "byName": {"a": 1}, "at": "2026-11-23T07:16:06Z"}"#.utf8)
    let validator = try ProtobufFixtures.everything().validator()
    #expect(validator.mismatch(text) == nil)
    for count in text.indices { #expect(validator.mismatch(Array(text[..<count])) != nil) }
  }
}
