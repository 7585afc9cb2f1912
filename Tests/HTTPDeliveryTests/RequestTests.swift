// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import PostgresWire
import TestDelivery
import TestStream
import Testing

@testable import Delivery
@testable import HTTPDelivery

/// What is in a request.
@Suite(.timeLimit(.minutes(2)))
struct RequestTests {
  private static func outgoing(_ batch: EventBatch) -> [OutgoingEvent] {
    batch.events.map { OutgoingEvent(batch, $0) }
  }

  @Test func `requests with other events never have the same id, requests with the same ones do`() throws {
    func id(_ ids: [String], from first: UInt64 = 1) throws -> String {
      try RequestID.of(Self.outgoing(try Events.batch(ids.map { .init(id: $0, key: "k") }, from: first)))
    }
    #expect(try id(["a"]) == "a")
    #expect(try id(["a", "b"]) == id(["a", "b"]))
    let different = [
      ["a", "b"], ["a", "c"], ["b", "a"], ["a", "b", "c"], ["ab", ""], ["", "ab"], ["a", "bc"], ["ab", "c"],
    ]
    #expect(Set(try different.map { try id($0.map { $0.isEmpty ? "x" : $0 }) }).count == different.count)
    #expect(try id(["a", "b"]) != id(["a", "b"], from: 9), "other events, although their ids are the same")
  }

  @Test func `a batch that is tried again has the same id, and its halves have others`() async throws {
    let receiver = try await Receiver { request in
      switch request.number {
      case 1: .status(503)
      case 2: .status(400)
      default: .status(200)
      }
    }
    let directory = try TemporaryDirectory()
    let secrets = try directory.write(Array("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".utf8), "secrets")
    try await deliver((0..<4).map { .init(id: "\($0)", key: "\($0)") }, to: receiver) {
      $0.http.mode = .batch
      $0.delivery.attemptEvents = 4
      $0.http.sendsIdempotencyKey = true
      $0.http.credentials.signingSecrets = secrets
    }
    let ids = receiver.requests.map { $0.headers["webhook-id"] ?? "" }
    #expect(ids == receiver.requests.map { $0.headers["idempotency-key"] ?? "" })
    #expect(ids[0] == ids[1])
    #expect(Set(ids).count == ids.count - 1)
    await receiver.close()
  }

  @Test(arguments: [HTTPConfiguration.Mode.binary, .structured, .batch], [1000, 50_000, 61_000, 66_000, 300_000])
  func `values of any length are delivered or refused, and nothing traps`(
    mode: HTTPConfiguration.Mode, length: Int
  ) async throws {
    let receiver = try await Receiver()
    let long = String(repeating: "x", count: length)
    for sample in [
      Events.Sample(id: long, key: "k"), .init(id: "a", key: long), .init(id: "b", key: "k", type: long),
      .init(id: "c", key: "k", traceParent: long),
    ] {
      let store = MemoryLetters()
      let office = DeadLetterOffice(store, parksKeys: false)
      try await deliver([sample, .init(id: "next", key: "n")], to: receiver, office) {
        $0.http.mode = mode
        $0.http.sendsIdempotencyKey = true
      }
      // Some values go into two fields.
      if length < 30_000 { #expect(store.all.isEmpty) }
      for letter in store.all {
        #expect(letter.reason.contains("header fields take"))
        #expect(letter.status == nil && letter.id != "next")
      }
      if length > 61_440, mode == .binary { #expect(store.all.count == 1) }
    }
    await receiver.close()
  }

  @Test(arguments: [HTTPConfiguration.Mode.binary, .structured, .batch])
  func `a letter that is no CloudEvent, or has names that are none, is refused`(
    mode: HTTPConfiguration.Mode
  ) async throws {
    let receiver = try await Receiver()
    for (event, isPostable) in [
      (#"{"id":"a","type":"T","source":"/s","specversion":"1.0","data":1}"#, true), ("{}", false),
      (#"{"id":"","type":"T"}"#, false), (#"{"id":5,"type":"T"}"#, false),
      (#"{"id":"a","type":"T","bad name":"x"}"#, mode != .binary),
      (#"{"id":"a","type":"T","é":"x"}"#, mode != .binary), (#"{"id":"a","type":"T","\r\nx":"x"}"#, mode != .binary),
      (#"{"id":"a","type":"T","":"x"}"#, mode != .binary),
      (#"{"id":"a","type":"T","data_base64":"!!"}"#, mode != .binary),
    ] {
      var batch = EventBatch()
      try batch.append(
        DeadLetter(
          event: event, id: "a", key: "", position: EventPosition(commitLSN: 1, ordinal: 1), reason: "", status: nil,
          attempts: 1, firstAttempt: 0, lastAttempt: 0, sink: ""))
      var parts = SinkParts(url: receiver.url)
      parts.http.mode = mode
      let sink = try parts.sink(DeadLetterOffice())
      let before = receiver.accepted.count
      if isPostable {
        try await sink.deliver(batch)
      } else {
        let error = await #expect(throws: Failure.self) { try await sink.deliver(batch) }
        #expect(error?.kind == .refused, "\(event)")
      }
      #expect(receiver.accepted.count == before + (isPostable ? 1 : 0))
      sink.close()
    }
    await receiver.close()
  }

  @Test func `in binary mode the content type is the event's own`() async throws {
    let receiver = try await Receiver()
    let row = Array("id-1 T text".utf8)
    var event = IntegrationEvent(source: EventSource(path: ["shop", "public.outbox"]), time: .epoch)
    (event.id, event.type) = (0..<4, 5..<6)
    event.position = EventPosition(commitLSN: 1, ordinal: 1)
    for payload in [
      IntegrationEvent.Payload.text(7..<11), .json(3..<4), .hexadecimal(0..<0), .none,
    ] {
      event.payload = payload
      var batch = EventBatch()
      if case .hexadecimal = payload {
        let bytes = row + Array("\\x00ff".utf8)
        event.payload = .hexadecimal(row.count..<bytes.count)
        try batch.encode(event, from: bytes)
      } else {
        try batch.encode(event, from: row)
      }
      var said = ""
      let line = batch.text(batch.events[0].line)
      if let start = line.firstRange(of: #""datacontenttype":""#) {
        said = String(line[start.upperBound...].prefix { $0 != "\"" })
      }
      var parts = SinkParts(url: receiver.url)
      parts.http.mode = .binary
      let sink = try parts.sink(DeadLetterOffice())
      try await sink.deliver(batch)
      sink.close()
      #expect(receiver.requests.last?.headers["content-type"] ?? "" == said, "\(line)")
    }
    // What another version wrote goes as it is, with its parameters.
    let old = #"{"id":"a","type":"T","datacontenttype":"text/plain; charset=latin1","data":"x"}"#
    var batch = EventBatch()
    try batch.append(
      DeadLetter(
        event: old, id: "a", key: "", position: event.position, reason: "", status: nil, attempts: 1, firstAttempt: 0,
        lastAttempt: 0, sink: ""))
    let message = try HTTPMessage(Self.outgoing(batch), mode: .binary)
    #expect(message.headers.first { $0.0 == "content-type" }?.1 == "text/plain; charset=latin1")
    await receiver.close()
  }

  @Test(arguments: [Duration.zero, .seconds(-5), .seconds(Int64.max), .seconds(40_000_000_000), .milliseconds(1)])
  func `durations of any length are taken`(duration: Duration) async throws {
    let receiver = try await Receiver()
    var parts = SinkParts(url: receiver.url)
    if duration > .seconds(1) {
      parts.http.connectTimeout = duration
      parts.http.writeTimeout = duration
      parts.http.responseTimeout = duration
      parts.http.totalTimeout = duration
      parts.delivery.maximumAge = duration
      parts.delivery.retry.longestRetryAfter = duration
    } else {
      parts.http.totalTimeout = duration
      parts.delivery.retry.maximumAttempts = 2
      parts.delivery.linger = duration
    }
    parts.http.mode = .batch
    let sink = try parts.sink(DeadLetterOffice(MemoryLetters(), parksKeys: false))
    try await sink.deliver(try Events.batch([.init(id: "a", key: "k")]))
    sink.close()
    await receiver.close()
  }
}
