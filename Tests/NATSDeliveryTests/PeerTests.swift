// SPDX-License-Identifier: Apache-2.0

import Connections
import Delivery
import PostgresWire
import Synchronization
import TestDelivery
import Testing

@testable import NATSDelivery

/// What servers do that a real one does not do on demand.
@Suite(.timeLimit(.minutes(3))) struct PeerTests {
  @Test func `whoever takes a connection and says nothing is not waited for at the start, nor later`() async throws {
    let mute = try ScriptedServer(greeting: "") { _ in .nothing }
    let sink = try natsSink(mute.address) { $0.connectTimeout = .milliseconds(300) }
    let failure = await #expect(throws: Failure.self) { try await sink.check() }
    #expect(
      failure?.kind == .receiver && failure?.description.contains("logging in took too long") == true,
      "\(String(describing: failure))")
    sink.close()

    let hangs = Atomic(true)
    let server = try ScriptedServer { publication in
      guard publication.subject.hasPrefix("outbox") else { return .nothing }
      return hangs.load(ordering: .relaxed) ? .nothing : .reply(ScriptedServer.stored)
    }
    let later = try natsSink(server.address) { $0.answerTimeout = .milliseconds(300) }
    async let delivered: Void = later.deliver(try Events.batch(samples(0..<3, keys: 3)))
    try await eventually("it is not told") { later.health.lastReason.contains("no answer within") }
    hangs.store(false, ordering: .relaxed)
    try await delivered
    #expect(server.connections == 1 && later.health.delivered == 3)
    later.close()
  }

  @Test(arguments: [
    ("HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak the protocol"), ("INFO {}\r\n", "does not speak the protocol"),
    ("INFO {\"max_payload\":-5,\"headers\":true}\r\n", "does not speak the protocol"),
    ("INFO {\"max_payload\":5}\r\n", "it takes no headers"),
    ("MSG a 1 999999999\r\n", "longer than any"), (String(repeating: "x", count: 70_000), "longer than any"),
    ("-ERR 'maximum connections exceeded'\r\n", "as many clients as it takes"),
    ("-ERR 'what the canary says'\r\n", "ends the connection with an error"),
  ])
  func `whoever answers in another tongue is told of and tried again`(greeting: String, words: String) async throws {
    let server = try ScriptedServer(greeting: greeting) { _ in .nothing }
    let sink = try natsSink(server.address)
    let failure = await #expect(throws: Failure.self) { try await sink.check() }
    let text = failure?.description ?? ""
    #expect(text.contains(words) && !text.contains("canary"), "\(text)")
    sink.submit(try Events.batch(samples(0..<3, keys: 3))) { _ in }
    try await eventually("it is not tried again") { server.connections >= 2 && sink.health.failures > 0 }
    sink.close()
  }

  @Test(arguments: ["+OK", "", "{}", #"{"stream":"events","seq":0}"#, #"{"stream":"","seq":4}"#, "[1]"])
  func `an answer that makes no sense stores nothing`(answer: String) async throws {
    let isSane = Atomic(false)
    let server = try ScriptedServer { publication in
      guard publication.subject.hasPrefix("outbox") else { return .reply("{}") }
      return .reply(isSane.load(ordering: .relaxed) ? ScriptedServer.stored : answer)
    }
    let sink = try natsSink(server.address)
    async let delivered: Void = sink.deliver(try Events.batch(samples(0..<3, keys: 3)))
    try await eventually("it is not told") { sink.health.lastReason.contains("something else than a stream") }
    #expect(sink.health.delivered == 0)
    isSane.store(true, ordering: .relaxed)
    try await delivered
    sink.close()
  }

  @Test(
    arguments: [
      (10054, 400, true, "max_msg_size"), (10097, 400, true, "headers are larger"), (10077, 503, false, "10077"),
      (10023, 503, false, "no room left"), (10071, 400, false, "expects another message"),
      (10109, 400, false, "sealed"), (10118, 500, false, "cannot store now"), (10999, 400, false, "10999"),
      (0, 503, false, "cannot store now"),
    ] as [(Int, Int, Bool, String)])
  func `what speaks of the event is a dead letter, and nothing else is`(
    code: Int, status: Int, isPoison: Bool, words: String
  ) async throws {
    let isHealed = Atomic(false)
    let server = try ScriptedServer { publication in
      guard publication.subject.hasSuffix(".k1"), !isHealed.load(ordering: .relaxed) else {
        return .reply(ScriptedServer.stored)
      }
      return .reply(#"{"error":{"code":\#(status),"err_code":\#(code),"description":"canary"},"stream":"e","seq":0}"#)
    }
    let letters = MemoryLetters()
    let sink = try natsSink(server.address, letters: letters)
    async let delivered: Void = sink.deliver(try Events.batch(samples(0..<3, keys: 3)))
    if !isPoison {
      try await eventually("it is not told") { sink.health.reasons.keys.contains { $0.contains(words) } }
      isHealed.store(true, ordering: .relaxed)
    }
    try await delivered
    sink.close()
    #expect(letters.all.map(\.id) == (isPoison ? ["1"] : []))
    #expect(letters.all.allSatisfy { $0.reason.contains(words) && !$0.reason.contains("canary") })
    #expect(!sink.health.reasons.keys.contains { $0.contains("canary") })
  }

  @Test(arguments: [
    "Maximum Control Line Exceeded", "Invalid Publish Subject", "Maximum Payload Violation", "Stale Connection",
    "Slow Consumer", "Server Shutdown", "Unknown Protocol Operation", "what nobody has heard of",
  ])
  func `what ends a connection is the fault of no event`(words: String) {
    guard case .retry(let trouble) = NATSTrouble(words: "'\(words)'").verdict else {
      Issue.record("it is a refusal")
      return
    }
    #expect(trouble.concernsReceiver && !trouble.reason.contains("nobody has heard of"))
  }

  @Test func `a right that is missing hits the event of its subject, and no other`() async throws {
    let isHealed = Atomic(false)
    let server = try ScriptedServer { publication in
      guard publication.subject.hasSuffix(".k1"), !isHealed.load(ordering: .relaxed) else {
        return .reply(ScriptedServer.stored)
      }
      return .say("-ERR 'Permissions Violation for Publish to \"\(publication.subject)\"'\r\n")
    }
    let letters = MemoryLetters()
    let sink = try natsSink(server.address, letters: letters)
    async let delivered: Void = sink.deliver(try Events.batch(samples(0..<30, keys: 3)))
    try await eventually("it is not told") {
      sink.health.lastReason.contains("may not publish to outbox.event.*.*") && sink.health.delivered >= 20
    }
    isHealed.store(true, ordering: .relaxed)
    try await delivered
    #expect(letters.all.isEmpty && server.connections == 1)
    sink.close()
    // The second of a key comes behind the first.
    let numbers = server.publications.filter { $0.subject.hasSuffix(".k1") }.compactMap { publication in
      publication.body.split(separator: "Nats-Msg-Id: ").last.flatMap { Int($0.prefix { $0.isNumber }) }
    }
    #expect(numbers.suffix(10) == [1, 4, 7, 10, 13, 16, 19, 22, 25, 28])
  }

  @Test func `a server that is about to end has its answers waited for, and another connection is made`()
    async throws
  {
    let server = try ScriptedServer { publication in
      guard publication.subject.hasPrefix("outbox") else { return .reply("{}") }
      return .reply(ScriptedServer.stored)
    }
    let ending = try ScriptedServer { publication in
      guard publication.subject.hasPrefix("outbox") else { return .reply("{}") }
      return .say(ScriptedServer.info.replacing("\"headers\"", with: "\"ldm\":true,\"headers\""))
    }
    let sink = try natsSink("nats://127.0.0.1:\(ending.port),127.0.0.1:\(server.port)") {
      $0.answerTimeout = .milliseconds(500)
    }
    try await sink.deliver(try Events.batch(samples(0..<1, keys: 1)))
    #expect(server.connections == 1 && sink.health.delivered == 1)
    sink.close()
  }

  @Test func `servers that one has told of are tried when those of the address are away, but none beyond this machine`()
    async throws
  {
    let other = try ScriptedServer { _ in .reply(ScriptedServer.stored) }
    let isGone = Atomic(false)
    let first = try ScriptedServer(
      greeting: ScriptedServer.info.replacing(
        "\"headers\"", with: "\"connect_urls\":[\"192.0.2.1:4222\",\"x y\",\"127.0.0.1:\(other.port)\"],\"headers\"")
    ) { _ in isGone.load(ordering: .relaxed) ? .hangUp : .reply(ScriptedServer.stored) }
    let sink = try natsSink(first.address) { $0.connectTimeout = .seconds(2) }
    try await sink.deliver(try Events.batch(samples(0..<5, keys: 1)))
    #expect(other.connections == 0)
    isGone.store(true, ordering: .relaxed)
    first.stopListening()
    try await sink.deliver(try Events.batch(samples(5..<10, keys: 1), from: 6))
    #expect(other.connections == 1 && sink.health.delivered == 10)
    #expect(!sink.health.reasons.keys.contains { $0.contains("192.0.2.1") })
    sink.close()
  }

  @Test func `whoever is told of over TLS has to show the certificate of the one that told`() {
    for (teller, isSecure, expected) in [
      ("nats.example", true, ["a.example nats.example", "10.0.0.1 nats.example"]), ("10.0.0.2", true, []),
      ("nats.example", false, ["a.example a.example", "10.0.0.1 10.0.0.1"]),
    ] {
      let learned = LearnedHosts(isSecure: isSecure, staysHere: false)
      let found = Mutex<[BrokerHost]>([])
      learned.onChange { hosts in found.withLock { $0 = hosts } }
      learned.take(from: BrokerHost(name: teller, port: 1), ["a.example:4333", "10.0.0.1"])
      #expect(found.withLock(\.self).map { "\($0.name) \($0.certifiedName)" } == expected)
    }
  }

  @Test func `nothing is said in the clear where TLS is asked for`() async throws {
    let server = try ScriptedServer { _ in .nothing }
    let sink = try natsSink("tls://relay:canary@127.0.0.1:\(server.port)")
    let failure = await #expect(throws: Failure.self) { try await sink.check() }
    #expect(failure?.kind.exitCode == 78 && failure?.description.contains("does not speak TLS") == true)
    #expect(server.words.isEmpty)
    sink.close()
  }

  @Test func `one answer is enough for whoever asks again and again whether we are there`() async throws {
    let server = try ScriptedServer { publication in
      guard publication.subject.hasPrefix("outbox") else { return .reply("{}") }
      let number = publication.body.split(separator: "Nats-Msg-Id: ").last.flatMap { Int($0.prefix { $0.isNumber }) }
      return number == 1 ? .say(String(repeating: "PING\r\n", count: 100_000)) : .reply(ScriptedServer.stored)
    }
    let sink = try natsSink(server.address) { $0.answerTimeout = .milliseconds(300) }
    sink.submit(try Events.batch(samples(0..<2, keys: 2))) { _ in }
    try await eventually("it does not answer") { server.words.contains("PONG") && sink.health.failures > 0 }
    sink.close()
    // A flood comes in as many pieces as are read.
    #expect(server.words.filter { $0 == "PONG" }.count < 5_000)
  }
}
