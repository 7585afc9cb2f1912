// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
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
    try await eventually("it is not told: \(sink.health.reasons)") {
      sink.health.failures > 4 && sink.health.lastReason.contains(words)
    }
    #expect(sink.health.trouble?.hint != nil && !sink.health.lastReason.contains("canary"))
    isHealed.store(true, ordering: .relaxed)
    try await delivered
    #expect(letters.all.isEmpty && sink.health.delivered == 3)
    sink.close()
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
        if isTaken {
          try await delivered
          #expect(sink.health.failures == 0)
        } else {
          try await eventually("it is not told") { sink.health.lastReason.contains("no stream takes y.*") }
          try server.python(
            "await js.update_stream(name='made', subjects=['made.>', 'y.>'], duplicate_window=1)", login: judge)
          try await delivered
        }
        sink.close()
      }
      #expect(try server.messages(of: "made", login: judge).map(\.subject).suffix(1) == ["y.OrderPlaced"])
    }
  }
}
