// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
import IntegrationEvents
import PostgresWire
import Synchronization
import TestDelivery
import Testing

@testable import NATSDelivery

/// A real server, read by nats-py.
@Suite(.serialized, .timeLimit(.minutes(5)), .enabled(if: NATSServer.isAvailable, "there is no NATS"))
struct NATSTests {
  @Test func `nats-py reads an event with its attributes as headers, and the bytes of the row`() async throws {
    try await NATSServer.with { server in
      let sink = try natsSink(server.address)
      try await sink.check()
      let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      try await sink.deliver(
        try Events.batch([.init(id: "id 1", key: "a.größe *>", data: #"{ "n" : 1.0 }"#, traceParent: trace)]))
      sink.close()
      let message = try #require(try server.messages().first)
      #expect(message.subject == "outbox.event.order.a%2Egr%C3%B6%C3%9Fe%20%2A%3E" && message.data == #"{ "n" : 1.0 }"#)
      #expect(message.id == "id%201" && message.headers["ce-id"] == "id%201")
      #expect(message.headers["ce-datacontenttype"] == "application/json" && message.headers["traceparent"] == trace)
      #expect(message.headers["ce-partitionkey"] == "a.gr%C3%B6%C3%9Fe%20*>")
      #expect(message.headers["ce-specversion"] == "1.0" && message.headers["Content-Type"] == nil)

      let structured = try natsSink(server.address) { $0.mode = .structured }
      let batch = try Events.batch([.init(id: "2", key: "a")])
      try await structured.deliver(batch)
      structured.close()
      let whole = try #require(try server.messages().last)
      #expect(Array(whole.data.utf8) == Array(batch.line(of: batch.events[0])))
      #expect(whole.headers["Content-Type"] == "application/cloudevents+json" && whole.id == "2")
    }
  }

  @Test func `a server that is killed and started again has each event, and each key in order`() async throws {
    try await NATSServer.with { server in
      let sink = try natsSink(server.address)
      let done = Atomic(0)
      let failed = Atomic(0)
      let rounds = 60
      for round in 0..<rounds {
        if round % 30 == 10 { try server.kill() }
        if round % 30 == 15 { try server.start() }
        let events = samples(round * 50..<round * 50 + 50, keys: 17)
        sink.submit(try Events.batch(events, from: UInt64(round * 50 + 1))) {
          if $0 != nil { failed.add(1, ordering: .relaxed) }
          done.add(1, ordering: .relaxed)
        }
        try await Task.sleep(for: .milliseconds(2))
      }
      try await eventually("not all is delivered") { done.load(ordering: .relaxed) == rounds }
      #expect(failed.load(ordering: .relaxed) == 0 && sink.health.failures > 0)
      sink.close()
      let ids = try server.messages().compactMap { Int($0.id) }
      for key in 0..<17 {
        #expect(ids.filter { $0 % 17 == key } == Array(stride(from: key, to: rounds * 50, by: 17)))
      }
    }
  }

  /// Users: one that may not publish somewhere, and one that may do all.
  private static func users(denied subject: String = "nowhere") -> [String] {
    [
      "authorization { users: [ { user: relay, password: canary, permissions: { publish: { deny: \"\(subject)\" } } }, "
        + "{ user: judge, password: judge } ] }"
    ]
  }

  private static let judge = "judge:judge@"

  @Test func `no stream, a full one and no right are waited for and never a dead letter`() async throws {
    try await NATSServer.with { server in
      let letters = MemoryLetters()
      try server.configure(Self.users())
      let sink = try natsSink("nats://relay:canary@127.0.0.1:\(server.port)", letters: letters)
      try await sink.deliver(try Events.batch(samples(0..<10, keys: 3)))
      for (words, hinder, heal) in [
        (
          "503", { _ = try server.python("await js.delete_stream('events')", login: Self.judge) },
          {
            _ = try server.python("await js.add_stream(name='events', subjects=['outbox.event.>'])", login: Self.judge)
          }
        ),
        (
          "10077",
          {
            _ = try server.python(
              "await js.update_stream(name='events', subjects=['outbox.event.>'], discard='new', max_msgs=1)",
              login: Self.judge)
          },
          {
            _ = try server.python(
              "await js.update_stream(name='events', subjects=['outbox.event.>'], discard='new', max_msgs=-1)",
              login: Self.judge)
          }
        ),
        (
          "may not publish", { try server.configure(Self.users(denied: "outbox.>")) },
          { try server.configure(Self.users()) }
        ),
      ] as [(String, () throws -> Void, () throws -> Void)] {
        try hinder()
        let (failures, start) = (sink.health.failures, sink.health.delivered)
        async let delivered: Void = sink.deliver(
          try Events.batch(samples(start..<start + 10, keys: 3), from: UInt64(start + 1)))
        try await eventually("\(words) is not told: \(sink.health.reasons)") {
          sink.health.failures > failures && sink.health.reasons.keys.contains { $0.contains(words) }
        }
        try heal()
        try await delivered
      }
      sink.close()
      #expect(letters.all.isEmpty && sink.health.delivered == 40)
      #expect(!sink.health.reasons.keys.contains { $0.contains("canary") })
    }
  }

  @Test func `who is not let in, or finds no stream, is told so at the start`() async throws {
    try await NATSServer.with { server in
      let elsewhere = try natsSink(server.address) { $0.route = Route(literal: "elsewhere") }
      let missing = await #expect(throws: Failure.self) { try await elsewhere.check() }
      #expect(missing?.kind.exitCode == 78 && missing?.description.contains("no stream takes elsewhere") == true)
      elsewhere.close()
      let made = try natsSink(server.address) {
        $0.route = Route(literal: "elsewhere")
        $0.createdStream = "made"
      }
      try await made.check()
      try await made.deliver(try Events.batch(samples(0..<5, keys: 2)))
      try await made.check()
      made.close()
      #expect(try server.messages(of: "made").map(\.id) == ["0", "1", "2", "3", "4"])
      let taken = try natsSink(server.address) {
        $0.route = Route(literal: "another")
        $0.createdStream = "made"
      }
      let other = await #expect(throws: Failure.self) { try await taken.check() }
      #expect(other?.kind.exitCode == 78 && other?.description.contains("made does not take another") == true)
      taken.close()

      let password = server.directory + "/password"
      try "canary\n".write(toFile: password, atomically: true, encoding: .utf8)
      try server.configure(["authorization { user: relay, password: canary }"])
      for (user, right) in [("relay@", true), ("other@", false), ("", false)] {
        let sink = try natsSink("nats://\(user)127.0.0.1:\(server.port)") { $0.passwordFile = password }
        if right {
          try await sink.check()
        } else {
          let failure = await #expect(throws: Failure.self) { try await sink.check() }
          #expect(failure?.kind.exitCode == 77 && failure?.description.contains("canary") == false)
        }
        sink.close()
      }
      try server.configure(["authorization { token: canary }"])
      let token = try natsSink(server.address) { $0.passwordFile = password }
      try await token.check()
      token.close()
    }
  }

  @Test func `an event that is too large is refused alone`() async throws {
    try await NATSServer.with(["max_payload: 100000"]) { server in
      try server.python(
        "await js.update_stream(name='events', subjects=['outbox.event.>'], max_msg_size=50000)")
      let letters = MemoryLetters()
      let sink = try natsSink(server.address, letters: letters)
      var all = samples(0..<500, keys: 10)
      all[33].data = "\"\(String(repeating: "x", count: 200_000))\""
      all[44].data = "\"\(String(repeating: "x", count: 60_000))\""
      all[55].key = String(repeating: "k", count: 4000)
      all[66].key = ""
      try await sink.deliver(try Events.batch(all))
      sink.close()
      #expect(Set(letters.all.map(\.id)) == ["33", "44", "55", "66"])
      let reasons = letters.all.map(\.reason).joined(separator: "\n")
      for words in ["max_payload", "max_msg_size", "its subject has", "it has no aggregateid"] {
        #expect(reasons.contains(words), "\(reasons)")
      }
      #expect(try server.messages().count == 496)
    }
  }

  @Test func `it holds to what every sink has to hold to`() async throws {
    try await NATSServer.with { server in
      try server.configure(Self.users())
      let number = Atomic(0)
      let conformance = SinkConformance {
        // Each has a stream of its own: one knows an id of another subject too.
        let name = "s\(number.add(1, ordering: .relaxed).newValue)"
        let sink = try natsSink("nats://relay:canary@127.0.0.1:\(server.port)") {
          $0.route = Route(literal: name)
          $0.createdStream = name
        }
        try server.python("await js.add_stream(name='\(name)', subjects=['\(name)'])", login: Self.judge)
        return .init(
          sink,
          arrived: { try server.messages(of: name, login: Self.judge).map(\.id) },
          hold: { try server.configure(Self.users(denied: $0 ? ">" : "nowhere")) })
      }
      let violations = try await conformance.violations()
      #expect(violations.isEmpty, "\(violations)")
    }
  }
}
