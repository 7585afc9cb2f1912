// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import PostgresWire
import Synchronization
import TestDelivery
import Testing

@testable import NATSDelivery

/// Streams that are to be made and cannot be: no event is to blame.
extension PeerTests {
  @Test(
    arguments: [
      (10027, 400, "cannot be made (JetStream error 10027)"), (10052, 500, "cannot be made (JetStream error 10052)"),
      (10005, 400, "cannot be made (JetStream error 10005)"), (10054, 400, "cannot be made (JetStream error 10054)"),
      (10065, 400, "has some of the subjects"), (10047, 500, "no room left"), (0, 500, "cannot be made (500)"),
      (10100, 403, "may not make the stream"),
    ])
  func `a stream that cannot be made is waited for, and no event is given up for it`(
    code: Int, status: Int, words: String
  ) async throws {
    let isHealed = Atomic(false)
    let server = try ScriptedServer { publication in
      guard publication.subject.hasPrefix("$JS.API.STREAM.") else { return .reply(ScriptedServer.stored) }
      guard publication.subject.hasPrefix("$JS.API.STREAM.CREATE."), !isHealed.load(ordering: .relaxed) else {
        return .reply(publication.subject.contains("INFO") ? #"{"error":{"code":404,"err_code":10059}}"# : "{}")
      }
      return .reply(#"{"error":{"code":\#(status),"err_code":\#(code),"description":"canary"}}"#)
    }
    let letters = MemoryLetters()
    var delivery = KeyedDelivery.impatient
    delivery.retry.maximumAttempts = 2
    var configuration = NATSConfiguration(address: server.address)
    configuration.createdStream = "made"
    configuration.stopsAtRefusal = false
    let sink = NATSSink(try NATSPublisher(configuration), delivery, deadLetters: .keeping(letters))
    async let delivered: Void = sink.deliver(try Events.batch(samples(0..<3, keys: 3)))
    defer { sink.close() }
    try await eventually("it is not told: \(sink.health.reasons)") {
      sink.health.failures > 4 && sink.health.lastReason.contains(words)
    }
    #expect(sink.health.trouble?.hint != nil && !sink.health.lastReason.contains("canary"))
    isHealed.store(true, ordering: .relaxed)
    try await delivered
    #expect(letters.all.isEmpty && sink.health.delivered == 3)
  }
}

extension PeerTests {
  @Test func `a letter that is too large is refused with advice`() async throws {
    let server = try ScriptedServer { _ in .reply(#"{"streams":["letters"]}"#) }
    let letters = try NATSLetters(NATSConfiguration(address: server.address), subject: "letters")
    let data = "\"\(String(repeating: "x", count: 1_100_000))\""
    let batch = try Events.batch([.init(id: "1", key: "a", data: data)])
    let letter = DeadLetter(
      OutgoingEvent(batch, batch.events[0]), reason: "x", attempts: 1, first: 0, last: 0, sink: "s")
    let failure = await #expect(throws: Failure.self) { try await elsewhere { try letters.append([letter]) } }
    #expect(failure?.kind.exitCode == 74 && failure?.advice?.description.contains("file or a table") == true)
  }
}

extension NATSTests {
  @Test func `a stream of the name that may not be looked at is no trouble if it takes the subjects`() async throws {
    try await NATSServer.with { server in
      let rights = "permissions: { publish: { deny: [\"$JS.API.STREAM.INFO.>\"] } }"
      try server.configure([
        "authorization { users: [ { user: relay, password: canary, \(rights) }, { user: judge, password: judge } ] }"
      ])
      let judge = "judge:judge@"
      try server.python("await js.add_stream(name='made', subjects=['made.>', 'x.>'], max_msgs=1000)", login: judge)
      for (route, first, isTaken) in [("made.{type}", 0, true), ("y.{type}", 5, false)] {
        let sink = try natsSink("nats://relay:canary@127.0.0.1:\(server.port)") {
          $0.route = Route(route) ?? $0.route
          $0.createdStream = "made"
        }
        async let delivered: Void = sink.deliver(try Events.batch(samples(first..<first + 5, keys: 2)))
        defer { sink.close() }
        if isTaken {
          try await delivered
          #expect(sink.health.failures == 0)
        } else {
          try await eventually("it is not told") { sink.health.lastReason.contains("no stream takes y.*") }
          try server.python(
            "await js.update_stream(name='made', subjects=['made.>', 'y.>'], duplicate_window=1)", login: judge)
          try await delivered
        }
      }
      #expect(try server.messages(of: "made", login: judge).map(\.subject).suffix(1) == ["y.OrderPlaced"])
    }
  }

  @Test func `a stream that is to be made takes letters too where their subject is among its own`() async throws {
    try await NATSServer.with { server in
      try server.python("await js.delete_stream('events')")
      var configuration = NATSConfiguration(address: server.address)
      configuration.createdStream = "made"
      let letters = try NATSLetters(configuration, subject: "outbox.event.dead.letters")
      try letters.check()
      let elsewhere = try NATSLetters(configuration, subject: "letters")
      let missing = #expect(throws: Failure.self) { try elsewhere.check() }
      #expect(missing?.kind.exitCode == 78 && missing?.description.contains("nats-create-stream") == false)
      let batch = try Events.batch(samples(0..<1, keys: 1))
      try letters.append([
        DeadLetter(OutgoingEvent(batch, batch.events[0]), reason: "x", attempts: 1, first: 0, last: 0, sink: "s")
      ])
      let sink = try natsSink(server.address) { $0.createdStream = "made" }
      try await sink.deliver(batch)
      #expect(try server.messages(of: "made").map(\.subject) == ["outbox.event.dead.letters", "outbox.event.order.k0"])
      // One that is gone since is not made again: whoever deletes it means it.
      try server.python("await js.delete_stream('made')")
      async let delivered: Void = sink.deliver(try Events.batch(samples(1..<2, keys: 1), from: 2))
      defer { sink.close() }
      try await eventually("it is not told") { sink.health.trouble?.hint?.contains("made again") == true }
      #expect(sink.health.trouble?.hint?.contains("nats-create-stream") == false)
      try server.python("await js.add_stream(name='made', subjects=['outbox.event.*.*'])")
      try await delivered
    }
  }

  @Test func `what is doubtful of a stream is known before an attempt is over, and after each connection`() async throws
  {
    try await NATSServer.with { server in
      try server.python(
        """
        await js.delete_stream('events')
        await js.add_stream(name='events', subjects=['outbox.event.>'], storage='memory')
        """)
      let first = try natsSink(server.address)
      try await first.deliver(try Events.batch(samples(0..<1, keys: 1)))
      #expect(first.health.doubt?.contains("kept in memory") == true)
      try server.python(
        """
        await js.delete_stream('events')
        await js.add_stream(name='events', subjects=['outbox.event.>'], retention='interest')
        """)
      try server.kill()
      try server.start()
      try await first.deliver(try Events.batch(samples(1..<2, keys: 1), from: 2))
      #expect(first.health.doubt?.contains("retention interest") == true, "\(String(describing: first.health.doubt))")
      first.close()
    }
  }
}
