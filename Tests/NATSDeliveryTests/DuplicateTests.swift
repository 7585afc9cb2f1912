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

  @Test(arguments: [BindingMode.binary, .structured])
  func `an id that comes again with other content is another event's, and positions alone make none`(
    mode: BindingMode
  ) async throws {
    try await NATSServer.with { server in
      try server.python("await js.update_stream(name='events', subjects=['outbox.event.>'], duplicate_window=12)")
      let all = samples(0..<12, keys: 3)
      let first = try natsSink(server.address) { $0.mode = mode }
      try await first.deliver(try Events.batch(all))
      // The same rows at other places, as a table that is polled has them, or a slot that is made anew; in another mode too.
      for (number, again) in [BindingMode.binary, .structured].enumerated() {
        let polled = try natsSink(server.address) { $0.mode = again }
        try await polled.deliver(try Events.batch(all, from: UInt64(number + 1) * 1000))
        #expect(polled.health.failures == 0 && polled.health.remark?.contains("were sent again") == true)
        polled.close()
      }
      // The same places with data that is written otherwise since.
      let written = try natsSink(server.address) { $0.mode = mode }
      try await written.deliver(try Events.batch(changed(all) { $0.data = #"{"n":1}"# }))
      #expect(written.health.failures == 0 && written.health.delivered == 12)
      #expect(try server.messages().count == 12)

      // A sequence that began anew, or another server with a database and a table of the same name.
      let others = [
        changed(all[0..<3]) { $0.data = #"{"n": 99}"# }, changed(all[3..<6]) { $0.type = "OrderPaid" },
        changed(all[6..<9]) { $0.key += "x" }, changed(all[9..<12]) { $0.aggregateType = "parcel" },
      ].flatMap(\.self)
      let letters = MemoryLetters()
      let other = try natsSink(server.address, letters: letters) { $0.mode = mode }
      async let delivered: Void = other.deliver(try Events.batch(others, from: 5000))
      defer { other.close() }
      try await eventually("it is not told: \(other.health.reasons)") {
        other.health.lastReason.contains("has an event of /shop/public.outbox with other content under the same id")
      }
      #expect(other.health.delivered == 0)
      try await delivered
      #expect(letters.all.isEmpty && other.health.delivered == 12 && other.health.remark == nil)
      for sink in [first, written] { sink.close() }
      #expect(try server.messages().count == 24)
    }
  }

  private func changed(
    _ samples: some Collection<Events.Sample>, _ change: (inout Events.Sample) -> Void
  ) -> [Events.Sample] {
    samples.map { sample in
      var sample = sample
      change(&sample)
      return sample
    }
  }

  @Test func `what a stream had and does not show any more is sent until it has forgotten the id`() async throws {
    try await NATSServer.with { server in
      try server.python(
        """
        await js.update_stream(name='events', subjects=['outbox.event.>'], duplicate_window=12)
        await js.add_stream(name='work', subjects=['work.>'], retention='workqueue', duplicate_window=12)
        """)
      // One is taken out of a stream, one is consumed, and one is too long to be looked at.
      var all = samples(0..<5, keys: 5)
      all[4].data = "\"\(String(repeating: "x", count: 3_000_000))\""
      for (route, hide) in [
        (NATSConfiguration.defaultRoute, "await js.delete_msg('events', 1)"),
        (
          Route("work.", ["aggregatetype", "aggregateid"], joinedBy: "."),
          "await (await (await js.pull_subscribe('work.>', 'w')).fetch(1))[0].ack_sync()"
        ),
      ] {
        let letters = MemoryLetters()
        for round in 0..<2 {
          var delivery = KeyedDelivery.impatient
          delivery.retry.maximumAttempts = 2
          var configuration = NATSConfiguration(address: server.address)
          configuration.route = route
          configuration.stopsAtRefusal = false
          let sink = NATSSink(try NATSPublisher(configuration), delivery, deadLetters: .keeping(letters))
          try await sink.deliver(try Events.batch(all))
          #expect(letters.all.isEmpty && sink.health.delivered == 5)
          if round == 1 {
            let reasons = sink.health.reasons.keys.joined(separator: "\n")
            #expect(
              reasons.contains("it is gone from there") && reasons.contains("too long to be looked at"), "\(reasons)")
            #expect(sink.health.remark?.contains("were sent again") == true)
          }
          sink.close()
          if round == 0 { try server.python(hide) }
        }
        let stream = route == NATSConfiguration.defaultRoute ? "events" : "work"
        let ids = try server.python(
          "print((await js.stream_info('\(stream)')).state.messages)"
        ).trimmingCharacters(in: .whitespacesAndNewlines)
        // Five, of which one went and came again, and the long one twice; more where the machine is slower than the stream forgets.
        #expect(Int(ids) ?? 0 >= 6, "\(stream): \(ids)")
      }
    }
  }
}
