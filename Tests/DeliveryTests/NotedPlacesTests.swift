// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
import PostgresWire
import TestDelivery
import Testing

@testable import IntegrationEvents

/// What the encoder notes about a line, against what a JSON parser that is not ours finds in it.
@Suite struct NotedPlacesTests {
  /// Rows of every form, each with a name for the test's report.
  static let drafts: [Draft] = {
    let plain = Draft()
    var all = [plain]
    var full = plain
    full.key = "Æ \"quoted\" \\ %"
    full.version = "2"
    full.traceParent = "00-ab-cd-01"
    full.traceState = "a=b"
    full.schema = "https://schemas.example/order/2"
    full.columns = [("tenant", "t-1"), ("empty", ""), ("note", "line\u{2028}ü")]
    full.headers = [("retries", .boolean(true)), ("region", .string("eu \"west\"")), ("no", .boolean(false))]
    all.append(full)
    for payload in [
      ("json", #"{"data": "data", "id": [1, {"a": null}]}"#), ("json", "\"text in JSON\""), ("json", "null"),
      ("json", "17"),
      ("text", "say \"hi\"\n\ttab é"), ("text", ""), ("bytes", "\\x00ff10"), ("bytes", "\\x"),
    ] {
      var draft = full
      (draft.kind, draft.payload) = payload
      all.append(draft)
    }
    return all
  }()

  struct Draft: Sendable, CustomTestStringConvertible {
    var key = ""
    var version = ""
    var traceParent = ""
    var traceState = ""
    var schema = ""
    var columns: [(String, String)] = []
    var headers: [(String, IntegrationEvent.HeaderAttribute.Value)] = []
    var kind = "none"
    var payload = ""

    var testDescription: String { "\(kind) \(payload) \(columns.count)" }

    func add(to batch: inout EventBatch, hook: (any PayloadHook)? = nil) throws {
      var bytes: [UInt8] = []
      func place(_ text: String) -> Range<Int> {
        bytes += Array(text.utf8)
        return (bytes.count - text.utf8.count)..<bytes.count
      }
      var event = IntegrationEvent(source: EventSource(path: ["shop", "a.b"]), time: .epoch)
      event.position = EventPosition(commitLSN: 1, ordinal: 2)
      event.id = place("id \"1\"")
      event.type = place("Ordér")
      event.aggregateType = place("order")
      event.aggregateID = place(key)
      event.dataVersion = place(version)
      event.traceParent = place(traceParent)
      event.traceState = place(traceState)
      event.dataSchema = place(schema)
      for (name, value) in columns {
        event.attributes.append(.init(name: try #require(AttributeName(name)), value: place(value)))
      }
      for (name, value) in headers {
        event.headers.append(.init(name: try #require(AttributeName(name)), value: value))
      }
      let data = place(payload)
      switch kind {
      case "json": event.payload = .json(data)
      case "text": event.payload = .text(data)
      case "bytes": event.payload = .hexadecimal(data)
      default: break
      }
      try batch.encode(event, from: bytes, with: EnvelopeEncoder(envelope: .cloudevents, payloadHook: hook))
    }
  }

  /// What was noted, as text; booleans as JSON has them.
  private func noted(_ batch: EventBatch, _ event: EncodedEvent) -> [String: String] {
    var found: [String: String] = [:]
    OutgoingEvent(batch, event).forEachAttribute { found[$0] = String(decoding: $1, as: UTF8.self) }
    return found
  }

  private func parsed(_ batch: EventBatch, _ event: EncodedEvent) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(batch.line(of: event))) as? [String: Any])
  }

  private func check(_ batch: EventBatch, _ event: EncodedEvent) throws {
    let expected = try parsed(batch, event)
    var attributes = expected.filter { !["data", "data_base64"].contains($0.key) }
    let found = noted(batch, event)
    if found["datacontenttype"] == nil { attributes["datacontenttype"] = nil }
    #expect(
      found
        == attributes.mapValues { value in
          let isBoolean = value is Bool && !(value is String)
          return isBoolean ? ((value as? Bool) == true ? "true" : "false") : "\(value)"
        })
    let data = batch.bytes[event.data]
    switch event.dataKind {
    case .none: #expect(expected["data"] == nil && expected["data_base64"] == nil)
    case .json:
      let value = try JSONSerialization.jsonObject(with: Data(data), options: .fragmentsAllowed)
      #expect((value as? NSObject) == (expected["data"] as? NSObject))
    case .text: #expect(batch.text(event.data) == expected["data"] as? String)
    case .base64: #expect(String(decoding: data, as: UTF8.self) == expected["data_base64"] as? String)
    }
  }

  @Test(arguments: drafts)
  func `attributes and data are noted where they lie, behind other events too`(draft: Draft) throws {
    var batch = EventBatch()
    for _ in 0..<3 { try draft.add(to: &batch) }
    for event in batch.events { try check(batch, event) }
    let event = batch.events[2]
    let expected = try parsed(batch, event)
    #expect(batch.text(event.id) == expected["id"] as? String)
    #expect(batch.text(event.type) == expected["type"] as? String)
    #expect(batch.text(event.key) == expected["partitionkey"] as? String ?? "")
    #expect(batch.text(event.aggregateType) == expected["aggregatetype"] as? String)
    #expect(batch.text(event.dataVersion) == expected["dataversion"] as? String ?? "")
    #expect(batch.text(event.traceParent) == expected["traceparent"] as? String ?? "")
  }

  @Test func `events that are moved to another batch keep what is noted`() throws {
    var batch = EventBatch()
    for draft in Self.drafts { try draft.add(to: &batch) }
    for index in 0...Self.drafts.count {
      var other = EventBatch()
      try Self.drafts[1].add(to: &other)
      other.append(batch, from: index)
      #expect(other.events.count == 1 + Self.drafts.count - index)
      for event in other.events { try check(other, event) }
      var rest = batch
      rest.drop(from: index)
      #expect(rest.events.count == index)
      for event in rest.events { try check(rest, event) }
      #expect(rest.bytes.count == rest.events.last?.line.upperBound ?? 0)
    }
  }

  @Test(arguments: drafts)
  func `a dead letter's event is read back with all it has`(draft: Draft) throws {
    var first = EventBatch()
    try draft.add(to: &first)
    let event = first.events[0]
    let letter = DeadLetter(
      event: String(decoding: first.line(of: event), as: UTF8.self), id: "", key: "", position: event.position,
      reason: "",
      status: nil, attempts: 0, firstAttempt: 0, lastAttempt: 0, sink: "")
    var batch = EventBatch()
    try Self.drafts[1].add(to: &batch)
    try batch.append(letter)
    let again = batch.events[1]
    try check(batch, again)
    #expect(batch.line(of: again) == first.line(of: event))
    #expect(again.dataKind == event.dataKind)
    #expect(batch.bytes[again.data] == first.bytes[event.data])
    #expect(batch.text(again.id) == first.text(event.id))
    #expect(batch.text(again.key) == first.text(event.key))
  }

  @Test(arguments: [511, 512, 6000])
  func `a letter of an event that is nested deep is read back with its data, and so are its neighbours`(depth: Int)
    throws
  {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("letters-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let data = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    let first = try Events.batch([
      Events.Sample(id: "1", key: "a"), Events.Sample(id: "2", key: "b", data: data), Events.Sample(id: "3", key: "c"),
    ])
    let store = DeadLetterFile(path: path)
    try store.append(
      first.events.map { event in
        DeadLetter(
          event: String(decoding: first.line(of: event), as: UTF8.self), id: first.text(event.id),
          key: first.text(event.key), position: event.position, reason: "", status: nil, attempts: 0, firstAttempt: 0,
          lastAttempt: 0, sink: "")
      })
    let letters = try store.letters(matching: LetterQuery(), after: nil, limit: 10).letters
    #expect(letters.map(\.id) == ["1", "2", "3"])
    var again = EventBatch()
    for letter in letters { try again.append(letter) }
    #expect(again.bytes == first.bytes)
    for event in again.events { #expect(event.dataKind == .json) }
    #expect(again.text(again.events[1].data) == data)
    #expect(again.text(again.events[1].key) == "b")
    try store.remove([letters[0]])
    #expect(try store.letters(matching: LetterQuery(key: "b"), after: nil, limit: 10).letters == [letters[1]])
  }

  @Test(arguments: ["{broken", "", "17", "[]", #""{}""#])
  func `a letter that holds no event is refused, not delivered without a body`(text: String) throws {
    var batch = EventBatch()
    var letter = DeadLetter(
      event: text, id: "", key: "k", position: EventPosition(commitLSN: 1, ordinal: 1), reason: "", status: nil,
      attempts: 0, firstAttempt: 0, lastAttempt: 0, sink: "")
    #expect(throws: Failure.self) { try batch.append(letter) }
    #expect(batch.bytes.isEmpty && batch.events.isEmpty && batch.attributes.isEmpty)
    #expect(DeadLetter(json: Array(letter.json.utf8))?.event == text, "it can be read all the same")
    letter.event = "{}"
    let edited = letter.json.replacing(#""event":{}"#, with: #""event":\#(text)"#)
    #expect(DeadLetter(json: Array(edited.utf8)) == nil)
  }
}

/// Says always the same.
private struct Replacing: PayloadHook {
  let result: Result<ReplacedPayload?, PayloadRefusal>

  func payload(
    of event: borrowing IntegrationEvent, in bytes: RawSpan
  ) throws(PayloadRefusal) -> ReplacedPayload? { try result.get() }
}

@Suite struct PayloadHookTests {
  private func line(_ result: Result<ReplacedPayload?, PayloadRefusal>, _ draft: NotedPlacesTests.Draft) throws
    -> String
  {
    var batch = EventBatch()
    try draft.add(to: &batch, hook: Replacing(result: result))
    let event = batch.events[0]
    _ = try JSONSerialization.jsonObject(with: Data(batch.line(of: event)))
    return String(decoding: batch.line(of: event), as: UTF8.self)
  }

  private var draft: NotedPlacesTests.Draft {
    var draft = NotedPlacesTests.Draft()
    (draft.kind, draft.payload, draft.schema) = ("json", #"{"a": 1}"#, "https://schemas.example/1")
    return draft
  }

  @Test func `a hook that agrees changes nothing`() throws {
    var batch = EventBatch()
    try draft.add(to: &batch)
    #expect(try line(.success(nil), draft) + "\n" == String(decoding: batch.bytes, as: UTF8.self))
  }

  @Test func `other bytes go in base64, with their type and schema`() throws {
    let payload = ReplacedPayload(
      .bytes([0, 1, 2, 3]), contentType: "application/avro", schema: DataSchema("https://registry.example/7"))
    let line = try line(.success(payload), draft)
    #expect(
      line.hasSuffix(
        #","dataschema":"https://registry.example/7","datacontenttype":"application/avro","data_base64":"AAECAw=="}"#))
    #expect(!line.contains("schemas.example"))
  }

  @Test func `other JSON is checked`() throws {
    let line = try line(.success(ReplacedPayload(.json(Array(#"{"b":2}"#.utf8)))), draft)
    #expect(line.hasSuffix(#""datacontenttype":"application/json","data":{"b":2}}"#))
    let error = #expect(throws: EnvelopeError.self) {
      try self.line(.success(ReplacedPayload(.json(Array("{".utf8)))), draft)
    }
    #expect(error?.field == .payload)
  }

  @Test func `a refusal is the event's, and leaves nothing behind`() throws {
    var batch = EventBatch()
    try draft.add(to: &batch)
    let before = batch.bytes
    let error = #expect(throws: EnvelopeError.self) {
      try draft.add(to: &batch, hook: Replacing(result: .failure(PayloadRefusal("lacks cents"))))
    }
    #expect(error == EnvelopeError(.payload, .refused(PayloadRefusal("lacks cents"))))
    #expect(batch.bytes == before)
    #expect(batch.events.count == 1)
  }
}
