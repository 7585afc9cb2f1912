// SPDX-License-Identifier: Apache-2.0

import Digests
import Foundation
import PostgresWire
import Synchronization
import TestDelivery
import TestStream
import Testing

@testable import Delivery
@testable import HTTPDelivery

/// Against a real receiver on a real socket.
@Suite(.timeLimit(.minutes(1)))
struct DeliveryTests {
  private typealias Parts = SinkParts

  @Test func `structured mode posts the event whole, with its trace context as a header`() async throws {
    let receiver = try await Receiver()
    try await deliver([.init(id: "a", key: "k", traceParent: "00-ab-cd-01")], to: receiver)
    let request = try #require(receiver.requests.first)
    #expect(request.headers["content-type"] == "application/cloudevents+json; charset=UTF-8")
    #expect(request.headers["traceparent"] == "00-ab-cd-01")
    #expect(request.body.hasPrefix(#"{"specversion":"1.0","id":"a""#))
    #expect(request.body.hasSuffix(#""data":{"n": 1}}"#))
    await receiver.close()
  }

  @Test func `binary mode puts attributes into headers, percent-encoded, and the data into the body`() async throws {
    let receiver = try await Receiver()
    try await deliver([.init(id: "a b", key: "Æ%\"", type: "é")], to: receiver) { $0.http.mode = .binary }
    let request = try #require(receiver.requests.first)
    #expect(request.headers["ce-id"] == "a%20b")
    #expect(request.headers["ce-subject"] == "%C3%86%25%22")
    #expect(request.headers["ce-type"] == "%C3%A9")
    #expect(request.headers["ce-specversion"] == "1.0")
    #expect(request.headers["content-type"] == "application/json")
    #expect(request.body == #"{"n": 1}"#)
    await receiver.close()
  }

  @Test func `batch mode posts arrays no longer than they may be`() async throws {
    let receiver = try await Receiver()
    let samples = (0..<25).map { Events.Sample(id: "\($0)", key: "\($0 % 3)") }
    try await deliver(samples, to: receiver) {
      $0.http.mode = .batch
      $0.delivery.attemptEvents = 10
    }
    var ids: [String] = []
    for request in receiver.requests {
      #expect(request.headers["content-type"] == "application/cloudevents-batch+json; charset=UTF-8")
      let array = try #require(try JSONSerialization.jsonObject(with: Data(request.body.utf8)) as? [[String: Any]])
      #expect((1...10).contains(array.count))
      ids += array.compactMap { $0["id"] as? String }
    }
    #expect(Set(ids) == Set(samples.map(\.id)))
    #expect(ids.count == 25)
    await receiver.close()
  }

  @Test(arguments: [HTTPConfiguration.Mode.structured, .batch])
  func `keys go side by side, each in order, also while one answer in five is a failure`(
    mode: HTTPConfiguration.Mode
  ) async throws {
    let receiver = try await Receiver { $0.number % 5 == 0 ? .status(503) : .status(200, after: .milliseconds(2)) }
    let samples = (0..<300).map { Events.Sample(id: "\($0)", key: "key-\($0 % 20)", data: "{\"n\": \($0)}") }
    try await deliver(samples, to: receiver) {
      $0.http.mode = mode
      $0.delivery.attemptEvents = 7
    }
    var last: [String: Int] = [:]
    var seen = Set<Int>()
    for request in receiver.requests where request.number % 5 != 0 {
      let parsed = try JSONSerialization.jsonObject(with: Data(request.body.utf8))
      for event in (parsed as? [[String: Any]]) ?? [(parsed as? [String: Any]) ?? [:]] {
        let key = try #require(event["partitionkey"] as? String)
        let number = try #require((event["data"] as? [String: Any])?["n"] as? Int)
        #expect(number > last[key] ?? -1)
        last[key] = number
        #expect(seen.insert(number).inserted)
      }
    }
    #expect(seen.count == 300)
    #expect(receiver.mostAtOnce > 1)
    await receiver.close()
  }

  @Test func `no more requests are under way than are allowed`() async throws {
    let receiver = try await Receiver { _ in .status(200, after: .milliseconds(5)) }
    try await deliver((0..<60).map { .init(id: "\($0)", key: "\($0)") }, to: receiver) {
      $0.delivery.maximumInFlight = 3
    }
    #expect(receiver.mostAtOnce <= 3)
    #expect(receiver.requests.count == 60)
    await receiver.close()
  }

  @Test func `requests that fail together are one failure of the receiver, not many in a row`() async throws {
    let receiver = try await Receiver { _ in .status(503, after: .milliseconds(1500)) }
    var parts = Parts(url: receiver.url)
    parts.delivery.retry.maximumAttempts = 2
    let sink = try parts.sink(DeadLetterOffice(MemoryLetters(), parksKeys: false))
    try await sink.deliver(try Events.batch((0..<8).map { .init(id: "\($0)", key: "\($0)") }))
    #expect(receiver.mostAtOnce == 8)
    // The second attempts are the last ones, after which there is nothing to wait for.
    #expect(sink.state.withLock { $0.failuresInARow } == 1)
    await receiver.close()
  }

  @Test func `Retry-After holds for the whole receiver`() async throws {
    let receiver = try await Receiver { request in
      request.number == 1 ? .status(429, headers: [("retry-after", "1")]) : .status(200)
    }
    try await deliver((0..<4).map { .init(id: "\($0)", key: "\($0)") }, to: receiver) {
      $0.delivery.maximumInFlight = 1
    }
    let requests = receiver.requests
    let first = try #require(requests.first)
    for request in requests.dropFirst() { #expect(request.arrived - first.arrived > .milliseconds(900)) }
    #expect(requests.count == 5)
    await receiver.close()
  }

  @Test func `silence, a reset and a lost answer bring the same event again`() async throws {
    let receiver = try await Receiver { request in
      switch request.number {
      case 1: .silence
      case 2: .reset
      case 3: .status(408)
      default: .status(202)
      }
    }
    try await deliver([.init(id: "one", key: "k")], to: receiver) { $0.http.responseTimeout = .milliseconds(500) }
    #expect(receiver.requests.count >= 4)
    #expect(Set(receiver.requests.map(\.body)).count == 1)
    await receiver.close()
  }

  @Test(arguments: [400, 409, 413, 415, 422, 501])
  func `a final answer stops, and names the event`(status: Int) async throws {
    let receiver = try await Receiver { _ in .status(status) }
    let error = await #expect(throws: Failure.self) {
      try await deliver([.init(id: "bad", key: "k"), .init(id: "next", key: "k")], to: receiver)
    }
    #expect(error?.kind == .refused)
    #expect(error?.description.contains("event bad at 0000000000001000-0000000001") == true)
    #expect(error?.description.contains("status \(status)") == true)
    #expect(receiver.requests.count == 1)
    await receiver.close()
  }

  @Test func `one bad event does not condemn its neighbours in a batch`() async throws {
    let receiver = try await Receiver { $0.body.contains("poison") ? .status(422) : .status(200) }
    let store = MemoryLetters()
    let samples = (0..<16).map { Events.Sample(id: "\($0)", key: "\($0)", type: $0 == 11 ? "poison" : "fine") }
    try await deliver(samples, to: receiver, DeadLetterOffice(store, parksKeys: false)) {
      $0.http.mode = .batch
      $0.delivery.attemptEvents = 16
    }
    #expect(store.all.map(\.id) == ["11"])
    #expect(store.all.first?.status == 422)
    let accepted = receiver.requests.filter { !$0.body.contains("poison") }
      .flatMap { (try? JSONSerialization.jsonObject(with: Data($0.body.utf8)) as? [[String: Any]]) ?? [] }
      .compactMap { $0["id"] as? String }
    #expect(accepted.sorted() == samples.map(\.id).filter { $0 != "11" }.sorted())
    await receiver.close()
  }

  @Test func `later events of a parked key wait behind its letter, others go on`() async throws {
    let receiver = try await Receiver { $0.body.contains("poison") ? .status(400) : .status(200) }
    let store = MemoryLetters()
    let samples: [Events.Sample] = [
      .init(id: "1", key: "a", type: "poison"), .init(id: "2", key: "b"), .init(id: "3", key: "a"),
      .init(id: "4", key: "a"), .init(id: "5", key: "b"),
    ]
    try await deliver(samples, to: receiver, DeadLetterOffice(store, parksKeys: true))
    #expect(store.all.map(\.id) == ["1", "3", "4"])
    #expect(receiver.requests.filter { !$0.body.contains("poison") }.count == 2)
    await receiver.close()
  }

  @Test func `an event is given up after as many attempts as are allowed`() async throws {
    let receiver = try await Receiver { _ in .status(500) }
    let store = MemoryLetters()
    try await deliver([.init(id: "1", key: "a")], to: receiver, DeadLetterOffice(store, parksKeys: false)) {
      $0.delivery.retry.maximumAttempts = 3
    }
    #expect(store.all.map(\.attempts) == [3])
    #expect(receiver.requests.count == 3)
    await receiver.close()
  }

  @Test func `every attempt is signed anew with every secret, for the same id`() async throws {
    let receiver = try await Receiver { $0.number == 1 ? .status(500) : .status(200) }
    let secrets = [Data(repeating: 7, count: 24), Data(repeating: 9, count: 32)]
    let directory = try TemporaryDirectory()
    let lines = secrets.map { "whsec_\($0.base64EncodedString())" }.joined(separator: "\n")
    let file = try directory.write(Array(lines.utf8), "secrets")
    try await deliver([.init(id: "msg_1", key: "a")], to: receiver) {
      $0.http.credentials.signingSecrets = file
      $0.http.sendsIdempotencyKey = true
    }
    #expect(receiver.requests.count == 2)
    for request in receiver.requests {
      #expect(request.headers["webhook-id"] == "msg_1")
      #expect(request.headers["idempotency-key"] == "msg_1")
      let timestamp = try #require(request.headers["webhook-timestamp"])
      let expected = try secrets.map { secret in
        let code = try SHA256.authenticationCode(
          Array("msg_1.\(timestamp).\(request.body)".utf8), key: Array(secret))
        return "v1,\(Data(code).base64EncodedString())"
      }
      #expect(request.headers["webhook-signature"] == expected.joined(separator: " "))
    }
    await receiver.close()
  }

  @Test(arguments: [HTTPConfiguration.Mode.structured, .binary, .batch])
  func `the sink holds to what every sink has to`(mode: HTTPConfiguration.Mode) async throws {
    let conformance = SinkConformance {
      let receiver = try await HeldReceiver()
      var parts = Parts(url: receiver.url)
      parts.http.mode = mode
      parts.delivery.attemptEvents = 5
      return receiver.subject(try parts.sink(DeadLetterOffice()))
    }
    #expect(try await conformance.violations() == [])
  }

  @Test func `a receiver that answers, whatever it says, is there; one that does not is not`() async throws {
    let receiver = try await Receiver { _ in .status(405) }
    let sink = try Parts(url: receiver.url).sink(DeadLetterOffice())
    await #expect(throws: Never.self) { try await sink.check() }
    #expect(receiver.requests.count == 1)
    sink.close()
    let url = receiver.url
    await receiver.close()
    let nobody = try Parts(url: url).sink(DeadLetterOffice())
    let error = await #expect(throws: Failure.self) { try await nobody.check() }
    #expect(error?.description.contains("127.0.0.1") == true)
    nobody.close()
  }

  @Test func `a compressed body is signed as it is sent, and as it is behind a proxy that decompresses it`()
    async throws
  {
    let receiver = try await Receiver()
    let secret = Data(repeating: 7, count: 24)
    let directory = try TemporaryDirectory()
    let file = try directory.write(Array("whsec_\(secret.base64EncodedString())".utf8), "secrets")
    let note = String(repeating: "again ", count: 200)
    try await deliver([.init(id: "msg_1", key: "a", data: "{\"note\": \"\(note)\"}")], to: receiver) {
      $0.http.credentials.signingSecrets = file
      $0.http.compresses = true
    }
    let request = try #require(receiver.requests.first)
    let batch = try Events.batch([.init(id: "msg_1", key: "a", data: "{\"note\": \"\(note)\"}")])
    let plain = Array(batch.line(of: batch.events[0]))
    let packed = try #require(Gzip.compress(plain))
    #expect(request.headers["content-length"] == "\(packed.count)")
    let timestamp = try #require(request.headers["webhook-timestamp"])
    let expected = try [packed, plain].map { body in
      let code = try SHA256.authenticationCode(Array("msg_1.\(timestamp).".utf8) + Array(body), key: Array(secret))
      return "v1,\(Data(code).base64EncodedString())"
    }
    #expect(request.headers["webhook-signature"] == expected.joined(separator: " "))
    await receiver.close()
  }

  @Test func `compressed bodies are in gzip's format`() throws {
    let text = Array(String(repeating: "tailrace ", count: 100).utf8)
    let packed = try #require(Gzip.compress(text))
    #expect(packed.starts(with: [0x1F, 0x8B, 8]))
    #expect(packed.count < text.count / 4)
    // The trailer holds the length of the original, least significant byte first.
    #expect(Array(packed.suffix(4)) == [UInt8(text.count & 255), UInt8(text.count >> 8), 0, 0])
  }

  @Test func `a receiver that is not there yet costs nothing but time`() async throws {
    let gone = try await Receiver()
    let url = gone.url
    await gone.close()
    var parts = Parts(url: url)
    parts.delivery.retry.maximumAttempts = 4
    let store = MemoryLetters()
    let sink = try parts.sink(DeadLetterOffice(store, parksKeys: false))
    try await sink.deliver(try Events.batch([.init(id: "1", key: "a")]))
    #expect(store.all.map(\.attempts) == [4])
    #expect(store.all.first?.status == nil)
  }
}
