// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets
import Testing
import Webhooks

struct ReadingTests {
  private static func read(
    _ request: WebhookRequest, _ limits: WebhookLimits = WebhookLimits()
  ) throws(WebhookRefusal) -> [ReceivedEvent] {
    try WebhookReading(verifier: nil, limits: limits).events(of: request, unixSeconds: now)
  }

  private static func refusal(_ request: WebhookRequest, _ limits: WebhookLimits = WebhookLimits()) -> WebhookRefusal? {
    do throws(WebhookRefusal) {
      _ = try read(request, limits)
      return nil
    } catch { return error }
  }

  @Test func `one event is the same in all three modes`() throws {
    let attributes =
      #","subject":"ä 1","time":"2026-11-23T07:16:06.5Z","sequence":"000000000152AEA8-0000000001","n":7,"b":true"#
    let rest = attributes + #","datacontenttype":"application/json","data":{"cents": 999}"#
    let one = try Self.read(structured(line("a\\u00e4", rest)))
    #expect(try Self.read(batched("[\(line("a\\u00e4", rest))]")) == one)
    let fields = [
      ("ce-subject", "%C3%A4%201"), ("ce-time", "2026-11-23T07:16:06.5Z"), ("ce-n", "7"), ("ce-b", "true"),
      ("ce-sequence", "000000000152AEA8-0000000001"), ("ce-source", "/shop/public.outbox"), ("ce-id", "a%c3%a4"),
    ]
    #expect(try Self.read(binary([], #"{"cents": 999}"#).with(fields)) == one)
    #expect(
      one[0].subject == "ä 1" && one[0].id == "aä" && one[0].extensions["n"] == "7" && one[0].extensions["b"] == "true")
    #expect(one[0].time?.description == "2026-11-23T07:16:06.500000Z" && one[0].position?.ordinal == 1)
    #expect(one[0].data == Array(#"{"cents": 999}"#.utf8))
  }

  @Test func `data is JSON as it stands, text without its quotes, or bytes`() throws {
    let cases: [(String, String?)] = [
      (#","data":[1, 2.50]"#, "[1, 2.50]"), (#","data":null"#, "null"), ("", nil), (#","data":"a\n""#, #""a\n""#),
      (#","datacontenttype":"text/plain","data":"a\n""#, "a\n"), (#","datacontenttype":"text/plain","data":null"#, nil),
      (#","data_base64":"YQ==""#, "a"), (#","data_base64":null"#, nil),
      (#","datacontenttype":"a/b+json","data":"x""#, #""x""#),
      (#","data":1,"data_base64":null"#, "1"), (#","data":null,"data_base64":"YQ==""#, "a"),
      (#","datacontenttype":"application/json","data_base64":"WzFd""#, "[1]"),
    ]
    for (rest, data) in cases {
      #expect(try Self.read(structured(line("1", rest)))[0].data == data.map { Array($0.utf8) }, "\(rest)")
    }
  }

  @Test(arguments: [
    "", "[]", "null", "1", "{", "{}", #"{"specversion":"1.0"}"#, line("", ""), line("1", #","id":"2""#),
    line("1", #","data":1,"data":2"#),
    line("1", #","data":1,"data_base64":"YQ==""#), line("1", #","data_base64":"YQ""#), line("1", #","data_base64":1"#),
    line("1", #","Tenant":"a""#), line("1", #","ten-ant":"a""#), line("1", #","":"a""#), line("1", #","a":{}"#),
    line("1", #","a":[1]"#),
    line("1", #","a":1.5"#), line("1", #","a":2147483648"#), line("1", #","time":"now""#),
    line("1", #","time":"2026-11-23 07:16:06Z""#),
    line("1", #","time":"2026-11-23T07:16:06""#), line("1", #","time":"2026-02-30T07:16:06Z""#),
    line("1", #","time":"2026-11-23T24:00:00Z""#), line("1", #","time":"2026-11-23T24:59:60Z""#),
    line("1", #","subject":"""#),
    line("1", #","time":"2026-11-23T07:16:06+24:00""#), line("1", #","datacontenttype":"json""#),
    line("1", #","dataschema":"a b""#),
    line("1", #","a":"\ud83d""#), line("1", #","a":"\u0000""#), line("1", #","a":"\uFFFF""#), line() + "x",
    line() + line(),
    line().replacing("1.0", with: "0.3"), line().replacing("/shop/", with: "a b"),
    #"{"specversion":1.0,"id":"1","source":"/","type":"t"}"#, line().replacing(#""1""#, with: "1"),
    line("1", #","subject":true"#), line("1", #","dataschema":7"#),
    line("1", #","datacontenttype":"application/json","data_base64":"YQ==""#),
  ])
  func `an event in JSON that is none is malformed`(body: String) {
    #expect(Self.refusal(structured(body))?.kind == .malformed)
  }

  @Test func `an attribute that is wrong is named, unless its name is no name`() {
    for (rest, words) in [
      (#","amount":1.5"#, "the attribute amount is no integer of 32 bits"),
      (#","a":{}"#, "the attribute a is an array or an object"),
      (#","subject":7"#, "the attribute subject is no string"),
      (#","A b":[]"#, "an attribute is an array or an object"),
    ] {
      #expect(Self.refusal(structured(line("1", rest)))?.reason == words)
    }
  }

  @Test func `a body that is cut at any byte, or has bytes that are no UTF-8, is malformed`() {
    let whole = Array(line("1", #","a":"ä\u00e4","data":{"a":[1,true,null,"x"]}"#).utf8)
    for count in whole.indices {
      var request = structured("")
      request.body = Array(whole[..<count])
      #expect(Self.refusal(request)?.kind == .malformed)
      request.body = whole
      request.body[count] = 0xFF
      #expect(Self.refusal(request)?.kind == .malformed)
    }
  }

  @Test func `of a batch the event to blame is named`() {
    #expect(Self.refusal(batched("[\(line("a")),\(line("b", #","A":1"#))]"))?.blame == .init(index: 1, id: "b"))
    #expect(Self.refusal(batched("[\(line("a")),7]"))?.blame == .init(index: 1, id: nil))
    #expect(Self.refusal(batched(line()))?.kind == .malformed)
    #expect(Self.refusal(batched("[]")) == nil)
  }

  @Test(arguments: [
    ("ce-id", ""), ("ce-specversion", "0.3"), ("ce-source", "a b"), ("ce-time", "now"), ("ce-id", "%"), ("ce-id", "%4"),
    ("ce-id", "%zz"),
    ("ce-id", "%ff"), ("ce-id", "%00"), ("ce-a_b", "1"), ("ce-", "1"), ("ce-data", "1"), ("ce-datacontenttype", "a/b"),
    ("ce-a", #""a"b""#),
    ("ce-a", #""a\""#), ("content-type", "json"), ("ce-id", "caf\u{FFFD}"), ("ce-a", "é"), ("ce-a", "a\tb"),
    ("ce-\u{212A}ey", "1"),
  ])
  func `a header field that is no attribute's is malformed`(name: String, value: String) {
    #expect(Self.refusal(binary().with([(name, value)]))?.kind == .malformed)
  }

  @Test func `in binary mode a doubled field, a missing one, and data that is no JSON are malformed`() {
    var twice = binary()
    twice.fields.append(.init("CE-Id", "1"))
    #expect(Self.refusal(twice)?.kind == .malformed)
    for name in ["ce-specversion", "ce-id", "ce-source", "ce-type"] {
      var without = binary()
      without.fields.removeAll { $0.name == name }
      #expect(Self.refusal(without)?.kind == .malformed)
    }
    #expect(Self.refusal(binary([], "{"))?.kind == .malformed)
    #expect(Self.refusal(binary([], "{", type: "text/plain")) == nil)
    #expect(Self.refusal(binary([], "", type: nil)) == nil)
  }

  @Test func `in binary mode data of which nobody says what it is is bytes`() throws {
    var request = binary([], "", type: nil)
    request.body = [0xFF, 0x7B]
    let event = try Self.read(request)[0]
    #expect(event.dataContentType == "application/octet-stream" && !event.hasJSON && event.data == [0xFF, 0x7B])
    #expect(try Self.read(binary([], "", type: nil))[0].dataContentType == nil)
  }

  @Test func `names of header fields are compared as ASCII has them`() throws {
    let kelvin = WebhookRequest(
      fields: binary().fields + [.init("CE-A", "1"), .init("content-\u{212A}", "x")], body: Array("{}".utf8))
    #expect(try Self.read(kelvin)[0].extensions == ["a": "1"])
    let type = "application/\u{212A}json"
    #expect(Self.refusal(binary().with([("content-type", type)]))?.kind == .malformed)
  }

  @Test(arguments: [
    ("content-type", "application/json"), ("content-type", ""), ("content-type", "application/cloudevents"),
    ("content-type", "application/cloudevents+avro"), ("content-type", "application/cloudevents+json; charset=latin1"),
    ("content-encoding", "gzip"),
  ])
  func `what is no CloudEvent in JSON is another media type`(name: String, value: String) {
    let request = WebhookRequest(
      fields: [.init("content-type", "application/cloudevents+json")], body: Array(line().utf8))
    #expect(Self.refusal(request.with([(name, value)]))?.kind == .unsupportedMediaType)
  }

  @Test func `bytes, events, fields and depth are bounded`() {
    var limits = WebhookLimits()
    limits.bodyBytes = line().utf8.count
    #expect(Self.refusal(structured(line()), limits) == nil)
    #expect(Self.refusal(structured(line() + " "), limits)?.kind == .tooLarge)
    limits = WebhookLimits()
    limits.batchEvents = 2
    #expect(Self.refusal(batched("[\(line()),\(line())]"), limits) == nil)
    #expect(Self.refusal(batched("[\(line()),\(line()),\(line())]"), limits)?.kind == .tooLarge)
    limits.fieldCount = 5
    #expect(Self.refusal(binary(), limits) == nil)
    #expect(Self.refusal(binary([("x", "y")]), limits)?.kind == .malformed)
    limits.fieldCount = 100
    limits.fieldBytes = 1000
    #expect(Self.refusal(binary([("x", String(repeating: "y", count: 1000))]), limits)?.kind == .malformed)
    limits.depth = 3
    for (depth, isTaken) in [(3, true), (4, false), (100_000, false)] {
      let data = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
      #expect((Self.refusal(structured(line("1", ",\"data\":\(data)")), limits) == nil) == isTaken)
      #expect((Self.refusal(batched("[\(line("1", ",\"data\":\(data)"))]"), limits) == nil) == isTaken)
      #expect((Self.refusal(binary([], data), limits) == nil) == isTaken)
      let coded = #","datacontenttype":"application/json","data_base64":"\#(Base64.encode(Array(data.utf8)))""#
      #expect((Self.refusal(structured(line("1", coded)), limits) == nil) == isTaken)
    }
  }
}
