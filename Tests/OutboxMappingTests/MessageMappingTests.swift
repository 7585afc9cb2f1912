// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import PgOutput
import PostgresWire
import TestStream
import Testing

@testable import OutboxMapping

@Suite struct MessageMappingTests {
  private func line(
    _ content: String, prefix: String = "outbox.orders", _ configure: (inout MappingConfiguration) -> Void = { _ in }
  ) throws -> String? {
    var configuration = Mapping().configuration
    configuration.tables = []
    configuration.messagePrefixes = ["outbox"]
    configure(&configuration)
    var run = Mapping.Run(configuration)
    return try run.take(HandBuilt.message(prefix, content, at: 0x16_B374_D848))
  }

  private static func head(id: String, type: String = "t", time: String = Mapping.commitTimeText) -> String {
    #"{"specversion":"1.0","id":"\#(id)","source":"/shop/message/outbox.orders","type":"\#(type)","time":"\#(time)","#
      + #""sequence":"00000000000000AB-0000000001""#
  }

  @Test func `a type is all that is needed`() throws {
    #expect(
      try line(#"{"type": "t"}"#)
        == Self.head(id: "7000000000000000001-00000016B374D848") + #","aggregatetype":"orders"}"#)
  }

  @Test func `an id tells the timeline of its record where it is not the first`() throws {
    for (end, suffix) in [("16/B374D848", "-2"), ("16/B374D849", ""), ("17/0", "")] {
      let history = try #require(TimelineHistory(file: "1\t\(end)\tpromoted", current: 2))
      let line = try line(#"{"type": "t"}"#) { $0.timelines = history }
      #expect(line?.contains(#""id":"7000000000000000001-00000016B374D848\#(suffix)","#) == true, "\(end)")
    }
  }

  @Test(arguments: [
    ("outbox", "outbox"), ("outbox.orders", "orders"), ("outbox:orders", "orders"), ("outbox/a.b", "a.b"),
    ("outbox..x", "x"), ("outbox.", "outbox."),
  ])
  func `the rest of the prefix is the aggregate type`(prefix: String, aggregateType: String) throws {
    #expect(
      try line(#"{"type": "t"}"#, prefix: prefix)?.contains(#""aggregatetype":"\#(aggregateType)""#) == true)
  }

  @Test func `of a long prefix or column only the beginning is named`() {
    let long = String(repeating: "é", count: 1_000_000)
    for (place, column) in [(MappingError.Place.message(prefix: long), nil), (.table(long), long)] {
      let error = MappingError(problem: .invalidMessage, place: place, column: column, lsn: LSN(rawValue: 1))
      #expect(error.description.utf8.count < 1000)
      #expect(error.description.contains("é…") && error.description.contains("is not a JSON object"), "\(error)")
    }
  }

  @Test func `every member`() throws {
    let content = #"""
      {"id": "i\"1", "type": "t", "aggregatetype": "a", "aggregateid": 17, "payload": {"x": [1, 2]}, "version": 3,
       "occurred_at": "2024-05-01T14:00:00.5+02:00", "headers": {"Tenant": "acme"}, "traceparent": "p",
       "tracestate": "s", "dataschema": "https://example.com/s", "unknown": [null]}
      """#
    #expect(
      try line(content)
        == #"{"specversion":"1.0","id":"i\"1","source":"/shop/message/outbox.orders","type":"t","subject":"17","#
        + #""time":"2024-05-01T12:00:00.500000Z","sequence":"00000000000000AB-0000000001","partitionkey":"17","#
        + #""aggregatetype":"a","dataversion":"3","traceparent":"p","tracestate":"s","tenant":"acme","#
        + #""dataschema":"https://example.com/s","datacontenttype":"application/json","data":{"x": [1, 2]}}"#)
  }

  @Test(arguments: [
    (#"1714564800123"#, "2024-05-01T12:00:00.123000Z"), (#""2024-05-01T12:00:00Z""#, "2024-05-01T12:00:00.000000Z"),
    ("null", Mapping.commitTimeText),
  ])
  func `times`(value: String, text: String) throws {
    #expect(
      try line(#"{"id": "1", "type": "t", "occurred_at": \#(value)}"#)
        == Self.head(id: "1", time: text) + #","aggregatetype":"orders"}"#)
  }

  @Test func `members under other names, and as attributes`() throws {
    let name = try #require(AttributeName("tenant"))
    let text = try line(#"{"kind": "t", "key": "i", "type": 5, "tenantId": "x"}"#) {
      $0.columns = [.type: "kind", .id: "key"]
      $0.attributes = [(name, "tenantId")]
    }
    #expect(text == Self.head(id: "i") + #","aggregatetype":"orders","tenant":"x"}"#)
  }

  @Test func `of equal members the last counts`() throws {
    #expect(
      try line(#"{"type": "old", "id": "1", "type": "t", "id": "2"}"#)
        == Self.head(id: "2") + #","aggregatetype":"orders"}"#)
  }

  @Test func `a payload of null is none, but text is JSON text`() throws {
    #expect(try line(#"{"id": "1", "type": "t", "payload": null}"#)?.contains("data") == false)
    #expect(try line(#"{"id": "1", "type": "t", "payload": "x"}"#)?.hasSuffix(#","data":"x"}"#) == true)
  }

  @Test func `another prefix is no event`() throws {
    #expect(try line("not JSON", prefix: "audit") == nil)
  }

  @Test(arguments: ["outbox\u{301}", "outbox\r\n", "outbox\u{200D}x", "outboxes"])
  func `a prefix is compared byte by byte, whatever stands behind it`(prefix: String) throws {
    let rest = prefix.utf8.dropFirst(6)
    let type = JSONText.string(String(decoding: rest, as: UTF8.self))
    if prefix.contains("\r\n") {
      let error = #expect(throws: MappingError.self) { try line(#"{"type": "t"}"#, prefix: prefix) }
      #expect(error?.problem == .envelope(.controlCharacter), "it is found, and cannot be an aggregate type")
    } else {
      #expect(try line(#"{"type": "t"}"#, prefix: prefix)?.contains(#""aggregatetype":"# + type) == true)
    }
  }

  @Test func `a prefix in another form of the same text is another`() throws {
    #expect(try line("not JSON", prefix: "e\u{301}") { $0.messagePrefixes = ["\u{E9}"] } == nil)
  }

  private func outside(_ policy: ChangePolicy) -> Mapping.Run {
    var configuration = MappingConfiguration()
    configuration.messagePrefixes = ["outbox"]
    configuration.onChange = policy
    return Mapping.Run(configuration)
  }

  @Test(arguments: [ChangePolicy.ignore, .warn])
  func `a message outside transactions is no event, is counted, and counts in no transaction`(policy: ChangePolicy)
    throws
  {
    var run = outside(policy)
    #expect(try run.take(HandBuilt.message("outbox", #"{"type": "t"}"#, transactional: false)) == nil)
    #expect(try run.take(HandBuilt.message("outbox.x", "not JSON", transactional: false)) == nil)
    #expect(try run.take(HandBuilt.message("audit", #"{"type": "t"}"#, transactional: false)) == nil)
    #expect(run.outbox.passedOverMessages == (policy == .warn ? 2 : 0))
    #expect(run.outbox.event.position.ordinal == 0)
  }

  @Test func `a message outside transactions is refused where that is wanted`() throws {
    var run = outside(.fail)
    #expect(try run.take(HandBuilt.message("audit", #"{"type": "t"}"#, transactional: false)) == nil)
    let error = #expect(throws: MappingError.self) {
      try run.take(HandBuilt.message("outbox.x", #"{"type": "secret"}"#, transactional: false))
    }
    #expect(error?.problem == .outsideTransaction && error?.place == .message(prefix: "outbox.x"))
    #expect(error?.isAboutRow == false)
    #expect(error?.description.contains("pg_logical_emit_message(true") == true)
    #expect(error?.description.contains("secret") == false)
  }

  @Test func `a member serves every role and attribute that it is mapped to`() throws {
    let attributes = try [("x", "type"), ("y", "type"), ("z", "n")].map { (try #require(AttributeName($0)), $1) }
    let text = try line(#"{"id": "i", "type": "t", "aggregatetype": "a", "n": 5}"#) {
      $0.columns = [.type: "aggregatetype", .version: "n"]
      $0.attributes = attributes.map { (name: $0, column: $1) }
    }
    #expect(
      text == Self.head(id: "i", type: "a") + #","aggregatetype":"a","dataversion":"5","x":"t","y":"t","z":"5"}"#)
  }

  @Test func `a null behind a value of the same member counts as the last`() throws {
    #expect(try line(#"{"type": "t", "id": "1", "version": 1, "version": null}"#)?.contains("dataversion") == false)
  }

  @Test func `a message may have a thousand members, and one with more is a bad one`() throws {
    let members = (0..<998).map { "\"m\($0)\":1" }.joined(separator: ",")
    #expect(try line("{\(members),\"id\":\"1\",\"type\":\"t\"}") == Self.head(id: "1") + #","aggregatetype":"orders"}"#)
    let error = #expect(throws: MappingError.self) { try line("{\(members),\"id\":\"1\",\"type\":\"t\",\"x\":1}") }
    #expect(error?.problem == .tooManyMembers)
    #expect(error?.isAboutRow == true)
    #expect(error?.column == nil)
  }

  @Test(
    arguments: [
      ("", nil, .invalidMessage), ("not JSON", nil, .invalidMessage), ("[]", nil, .invalidMessage),
      (#"{"type": "t""#, nil, .invalidMessage), (#"{"type": "t"} x"#, nil, .invalidMessage),
      ("{}", "type", .missing), (#"{"type": null}"#, "type", .missing), (#"{"type": ""}"#, "type", .missing),
      (#"{"type": {}}"#, "type", .invalidMessage), (#"{"type": [1]}"#, "type", .invalidMessage),
      (#"{"type": true}"#, "type", .invalidMessage), (#"{"type": "t", "id": false}"#, "id", .invalidMessage),
      (#"{"type": "\ud800"}"#, "type", .envelope(.invalidUTF8)),
      (#"{"type": "t", "occurred_at": "soon"}"#, "occurred_at", .invalidTime),
      (#"{"type": "t", "occurred_at": 1.5}"#, "occurred_at", .invalidTime),
      (#"{"type": "t", "occurred_at": true}"#, "occurred_at", .invalidTime),
      (#"{"type": "t", "headers": []}"#, "headers", .headersNotAnObject),
      (#"{"type": "t", "dataschema": "orders/1"}"#, "dataschema", .envelope(.invalidURI)),
    ] as [(String, String?, MappingError.Problem)])
  func `a message that makes no event`(content: String, member: String?, problem: MappingError.Problem) {
    let error = #expect(throws: MappingError.self) { try line(content) }
    #expect(error?.problem == problem)
    #expect(error?.column == member)
    #expect(error?.place == (member == "dataschema" ? .someMessage : .message(prefix: "outbox.orders")))
    #expect(error?.lsn == Mapping.lsn)
  }

  @Test func `what the envelope refuses is located too`() {
    let error = #expect(throws: MappingError.self) { try line(#"{"type": "t\u0001"}"#) }
    #expect(error?.problem == .envelope(.controlCharacter))
    #expect(error?.place == .someMessage)
    #expect(error?.column == "type")
  }
}
