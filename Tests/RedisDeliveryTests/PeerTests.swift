// SPDX-License-Identifier: Apache-2.0

import Delivery
import NIOCore
import NIOPosix
import PostgresWire
import Synchronization
import TestDelivery
import Testing

@testable import RedisDelivery

/// What servers do that a real one does not do on demand.
@Suite(.timeLimit(.minutes(3))) struct PeerTests {
  @Test func `whoever takes a connection and says nothing is not waited for at the start, nor later`() async throws {
    let mute = try ScriptedServer { _ in .nothing }
    let sink = try redisSink(mute.address) { $0.connectTimeout = .milliseconds(300) }
    let failure = await #expect(throws: Failure.self) { try await sink.check() }
    #expect(
      failure?.kind == .receiver && failure?.description.contains("logging in took too long") == true,
      "\(String(describing: failure))")
    sink.close()

    let hangs = Atomic(true)
    let server = try ScriptedServer { command in
      guard command.first == "EVAL" else { return ScriptedServer.settled(command) }
      return hangs.load(ordering: .relaxed) ? .nothing : .say(":3\r\n")
    }
    let later = try redisSink(server.address) { $0.answerTimeout = .milliseconds(300) }
    async let delivered: Void = later.deliver(try Events.batch(samples(0..<3, keys: 3)))
    try await eventually("it is not told") { later.health.lastReason.contains("no answer within") }
    hangs.store(false, ordering: .relaxed)
    try await delivered
    #expect(server.connections >= 2 && later.health.delivered == 3)
    later.close()
  }

  @Test(arguments: [
    ("HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak the protocol"), ("*1000000000\r\n", "longer than any"),
    ("$-2\r\n", "does not speak"), (String(repeating: "*1\r\n", count: 20), "lists in lists"),
  ])
  func `whoever answers in another tongue is told of and tried again`(greeting: String, words: String) async throws {
    let server = try ScriptedServer { _ in .say(greeting) }
    let sink = try redisSink(server.address)
    let failure = await #expect(throws: Failure.self) { try await sink.check() }
    #expect(
      failure?.kind == .receiver && failure?.description.contains(words) == true, "\(String(describing: failure))")
    sink.submit(try Events.batch(samples(0..<3, keys: 3))) { _ in }
    try await eventually("it is not tried again") { server.connections >= 2 && sink.health.failures > 0 }
    #expect(sink.health.lastReason.contains(words))
    sink.close()
  }

  @Test(arguments: [":4\r\n", ":2\r\n", "*3\r\n:3\r\n$5\r\nerror\r\n+ERR x\r\n", "*1\r\n:1\r\n", "+OK\r\n", "_\r\n"])
  func `an answer that makes no sense stores nothing`(answer: String) async throws {
    let isSane = Atomic(false)
    let server = try ScriptedServer { command in
      guard command.first == "EVAL" else { return ScriptedServer.settled(command) }
      return .say(isSane.load(ordering: .relaxed) ? ":3\r\n" : answer)
    }
    let sink = try redisSink(server.address)
    async let delivered: Void = sink.deliver(try Events.batch(samples(0..<3, keys: 3)))
    try await eventually("it is not told") { sink.health.lastReason.contains("something else than was asked") }
    #expect(sink.health.delivered == 0)
    isSane.store(true, ordering: .relaxed)
    try await delivered
    sink.close()
  }

  @Test func `answers of the newer protocol are understood, and what nobody asked for is passed over`() async throws {
    let text = ScriptedServer.text
    let server = try ScriptedServer { command in
      switch (command.first, command.last) {
      case ("CONFIG", let name?):
        let value = ["appendonly": "yes", "appendfsync": "always"][name] ?? "noeviction"
        return .say("%1\r\n\(text(name))=\(value.utf8.count + 4)\r\ntxt:\(value)\r\n")
      case ("EVAL", _): return .say(">2\r\n+invalidate\r\n_\r\n|1\r\n+ttl\r\n:5\r\n:3\r\n")
      default: return ScriptedServer.settled(command)
      }
    }
    let sink = try redisSink(server.address)
    try await sink.deliver(try Events.batch(samples(0..<3, keys: 3)))
    #expect(sink.health.doubt == nil && sink.health.failures == 0)
    sink.close()
    let strict = try Self.failing("!22\r\nNOAUTH give a password\r\n")
    let stranger = try redisSink(strict.address)
    let failure = await #expect(throws: Failure.self) { try await stranger.check() }
    #expect(failure?.kind.exitCode == 77)
    stranger.close()
  }

  /// One that answers scripts with an error.
  private static func failing(_ answer: String) throws -> ScriptedServer {
    try ScriptedServer { $0.first == "EVAL" ? .say(answer) : ScriptedServer.settled($0) }
  }

  @Test(
    arguments: [
      ("-ERR unknown command 'EVAL', with args beginning with: \r\n", 78, "does not know a command"),
      ("-ERR Unknown Redis command called from script script: abc\r\n", 78, "does not know a command"),
      ("-DENIED Redis is running in protected mode\r\n", 77, "DENIED"), ("-MOVED 3999 127.0.0.1:6381\r\n", 78, "MOVED"),
      ("-ERR max number of clients reached\r\n", nil, "maxclients"), ("-LOADING in memory\r\n", nil, "LOADING"),
      ("-ERR what the canary says\r\n", nil, "an error (ERR)"), ("-canary\u{1B}[31m x\r\n", nil, "an error (ERR)"),
    ] as [(String, Int32?, String)])
  func `what a server says is told in words of ours, and ends a start where only somebody can help`(
    answer: String, code: Int32?, words: String
  ) async throws {
    let server = try Self.failing(answer)
    let sink = try redisSink(server.address)
    let failure = await #expect(throws: Failure.self) { try await sink.check() }
    let text = failure?.description ?? ""
    // What may heal by itself ends no start.
    #expect(
      (failure?.kind == .receiver ? nil : failure?.kind.exitCode) == code && text.contains(words)
        && !text.contains("canary"), "\(text)")
    sink.close()
  }

  @Test func `a session that ends because of an answer tells that, whatever comes next`() async throws {
    let server = try Self.failing("-READONLY You can't write against a read only replica.\r\n")
    let sink = try redisSink(server.address)
    for type in 0..<3 {
      sink.submit(try Events.batch(samples(0..<100, keys: 3, types: 3), from: UInt64(1 + 100 * type))) { _ in }
    }
    try await eventually("it is not tried again") { sink.health.failures > 20 && server.connections > 5 }
    #expect(
      sink.health.reasons.keys.allSatisfy { $0.hasPrefix("READONLY") || $0.hasPrefix("waits") },
      "\(sink.health.reasons)")
    sink.close()
  }
}
