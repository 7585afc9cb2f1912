// SPDX-License-Identifier: Apache-2.0

import Delivery
import Octets
import Synchronization
import TestDelivery
import Testing

@testable import NATSDelivery

/// What is answered to whoever looks at what a stream had already.
extension PeerTests {
  private static let had = #"{"stream":"events","seq":7,"duplicate":true}"#

  private static func sink(_ address: String, _ letters: MemoryLetters) throws -> NATSSink {
    var delivery = KeyedDelivery.impatient
    delivery.retry.maximumAttempts = 2
    var configuration = NATSConfiguration(address: address)
    configuration.stopsAtRefusal = false
    configuration.answerTimeout = .milliseconds(500)
    return NATSSink(try NATSPublisher(configuration), delivery, deadLetters: .keeping(letters))
  }

  @Test(
    arguments: [
      (.reply("{}"), "makes no sense"), (.reply("+OK"), "makes no sense"),
      // "NATS/1.0\r\nNats-Msg-Id: other\r\n\r\n"
      (
        .reply(#"{"message":{"seq":7,"hdrs":"TkFUUy8xLjANCk5hdHMtTXNnLUlkOiBvdGhlcg0KDQo=","data":"e30="}}"#),
        "makes no sense"
      ),
      (.reply(#"{"error":{"code":404,"err_code":10037,"description":"canary"}}"#), "gone"),
      (.reply(#"{"error":{"code":503,"err_code":10008,"description":"canary"}}"#), "10008"),
      (.reply(#"{"error":{"code":400,"err_code":10999,"description":"canary"}}"#), "10999"),
      (.reply(#"{"error":{"code":404,"err_code":10059,"description":"canary"}}"#), "10059"),
      (.nothing, "no answer within"),
    ] as [(ScriptedServer.Answer, String)])
  func `where it cannot be told what a stream had, nothing counts as stored before it is`(
    look: ScriptedServer.Answer, words: String
  ) async throws {
    let hasForgotten = Atomic(false)
    let server = try ScriptedServer { publication in
      if publication.subject.hasPrefix("$JS.API.STREAM.MSG.GET.") { return look }
      return .reply(hasForgotten.load(ordering: .relaxed) ? ScriptedServer.stored : Self.had)
    }
    let letters = MemoryLetters()
    let sink = try Self.sink(server.address, letters)
    async let delivered: Void = sink.deliver(try Events.batch(samples(0..<6, keys: 3)))
    defer { sink.close() }
    try await eventually("it is not told: \(sink.health.reasons)") {
      sink.health.failures > 3 && sink.health.lastReason.contains(words)
    }
    #expect(sink.health.delivered == 0 && sink.health.trouble?.hint?.contains("duplicate_window") == true)
    #expect(!sink.health.lastReason.contains("canary"))
    hasForgotten.store(true, ordering: .relaxed)
    try await delivered
    #expect(letters.all.isEmpty && sink.health.delivered == 6 && sink.health.remark == nil)
  }

  @Test func `a right that is missing is missing for the one stream`() async throws {
    let hasForgotten = Atomic(false)
    let server = try ScriptedServer { publication in
      switch publication.subject {
      case "$JS.API.STREAM.MSG.GET.a":
        return .say("-ERR 'Permissions Violation for Publish to \"\(publication.subject)\"'\r\n")
      case "$JS.API.STREAM.MSG.GET.b": return .reply(#"{"error":{"code":403,"err_code":10100}}"#)
      case "$JS.API.STREAM.MSG.GET.c": return .reply(#"{"error":{"code":404,"err_code":10037}}"#)
      case let subject where subject.hasPrefix("$JS"): return .reply("{}")
      case let subject:
        let stream = subject.hasSuffix(".k0") ? "a" : subject.hasSuffix(".k1") ? "b" : "c"
        if stream == "c", hasForgotten.load(ordering: .relaxed) { return .reply(ScriptedServer.stored) }
        return .reply(#"{"stream":"\#(stream)","seq":7,"duplicate":true}"#)
      }
    }
    let letters = MemoryLetters()
    let sink = try Self.sink(server.address, letters)
    async let delivered: Void = sink.deliver(try Events.batch(samples(0..<30, keys: 3)))
    defer { sink.close() }
    try await eventually("all of two streams count as stored: \(sink.health.delivered)") {
      sink.health.delivered == 20 && sink.health.failures > 0
    }
    let looks = server.publications.map(\.subject).filter { $0.hasSuffix("GET.a") || $0.hasSuffix("GET.b") }
    #expect((2...8).contains(looks.count), "\(looks.count)")
    #expect(sink.health.remark?.contains("cannot be looked up") == true)
    hasForgotten.store(true, ordering: .relaxed)
    try await delivered
    #expect(letters.all.isEmpty && sink.health.delivered == 30 && server.connections == 1)
  }

  @Test func `what may be a loss is told, whatever reassuring is told besides`() async throws {
    let sent = Mutex<[String]>([])
    let server = try ScriptedServer { publication in
      switch publication.subject {
      case "$JS.API.STREAM.MSG.GET.closed": return .reply(#"{"error":{"code":403,"err_code":10100}}"#)
      case "$JS.API.STREAM.MSG.GET.open":
        let number = publication.body.split(separator: ":").last.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
        let parts = sent.withLock { $0[number - 1] }.split(separator: "\r\n\r\n", maxSplits: 1)
        let (headers, data) = (Base64.encode(Array("\(parts[0])\r\n\r\n".utf8)), Base64.encode(Array(parts[1].utf8)))
        return .reply(#"{"message":{"seq":\#(number),"hdrs":"\#(headers)","data":"\#(data)"}}"#)
      case let subject where subject.hasPrefix("$JS"): return .reply("{}")
      case let subject where subject.hasSuffix(".k0"):
        return .reply(#"{"stream":"closed","seq":1,"duplicate":true}"#)
      default:
        let number = sent.withLock { sent in
          sent.append(publication.body)
          return sent.count
        }
        return .reply(#"{"stream":"open","seq":\#(number),"duplicate":true}"#)
      }
    }
    let letters = MemoryLetters()
    let sink = try Self.sink(server.address, letters)
    try await sink.deliver(try Events.batch(samples(0..<4, keys: 2)))
    #expect(sink.health.delivered == 4 && sink.health.failures == 0)
    #expect(sink.health.remarks.count == 1 && sink.health.remark?.contains("cannot be looked up") == true)
    // Another attempt puts nothing in its place either.
    try await sink.deliver(try Events.batch(Array(samples(4..<6, keys: 2).suffix(1)), from: 10))
    #expect(sink.health.remarks.map { $0.contains("cannot be looked up") } == [true, false], "\(sink.health.remarks)")
    sink.close()
  }
}
