// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
import TestDelivery
import Testing

@testable import NATSDelivery

/// What a stream had already under an id: the same event, or another one.
extension NATSTests {
  @Test(arguments: [BindingMode.binary, .structured])
  func `another outbox's event of the same id is not taken for stored, and is stored when the stream has forgotten`(
    mode: BindingMode
  ) async throws {
    try await NATSServer.with { server in
      try server.python(
        "await js.update_stream(name='events', subjects=['outbox.event.>'], duplicate_window=6)")
      let letters = MemoryLetters()
      let first = try natsSink(server.address) { $0.mode = mode }
      try await first.deliver(try Events.batch(samples(0..<20, keys: 3)))
      // The same events again: those of another mode too.
      for again in [BindingMode.binary, .structured] {
        let sink = try natsSink(server.address) { $0.mode = again }
        try await sink.deliver(try Events.batch(samples(0..<20, keys: 3)))
        #expect(sink.health.remark?.contains("were sent again") == true, "\(String(describing: sink.health.remark))")
        #expect(sink.health.failures == 0)
        sink.close()
      }
      #expect(try server.messages().count == 20)
      let other = try natsSink(server.address, letters: letters) { $0.mode = mode }
      async let delivered: Void = other.deliver(try Events.batch(samples(0..<20, keys: 3), source: ["shop", "b"]))
      try await eventually("it is not told") {
        other.health.lastReason.contains("has an event of /shop/public.outbox under the same id")
      }
      #expect(other.health.delivered == 0)
      try await delivered
      #expect(letters.all.isEmpty && other.health.delivered == 20)
      for sink in [first, other] { sink.close() }
      let ids = try server.messages().map(\.id)
      #expect(ids.count == 40 && ids.prefix(20).sorted() == ids.suffix(20).sorted())
    }
  }

  @Test func `where a stream cannot be read, what it had already counts as stored, and that is told`() async throws {
    try await NATSServer.with { server in
      let rights = "permissions: { publish: { deny: [\"$JS.API.STREAM.MSG.GET.>\"] } }"
      try server.configure(["authorization { users: [ { user: relay, password: canary, \(rights) } ] }"])
      for round in 0..<2 {
        let sink = try natsSink("nats://relay:canary@127.0.0.1:\(server.port)")
        try await sink.deliver(try Events.batch(samples(0..<50, keys: 20)))
        #expect(sink.health.failures == 0 && sink.health.delivered == 50)
        #expect((sink.health.remark?.contains("cannot be looked up") ?? false) == (round == 1))
        sink.close()
      }
      #expect(try server.messages(login: "relay:canary@").count == 50)
    }
  }

  @Test func `an event that is too long to be looked at counts as stored, and the connection lives on`() async throws {
    try await NATSServer.with { server in
      var large = samples(0..<1, keys: 1)
      large[0].data = "\"\(String(repeating: "x", count: 3_000_000))\""
      for round in 0..<2 {
        let sink = try natsSink(server.address)
        try await sink.deliver(try Events.batch(large + samples(1..<10, keys: 1)))
        #expect(sink.health.failures == 0 && sink.health.delivered == 10)
        #expect((sink.health.remark != nil) == (round == 1))
        sink.close()
      }
      #expect(try server.messages().count == 10)
    }
  }
}
