// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
import IntegrationEvents
import PostgresWire
import Synchronization
import TestDelivery
import Testing

@testable import AMQPDelivery

/// A real broker, read by pika.
@Suite(.serialized, .timeLimit(.minutes(5)), .enabled(if: RabbitMQ.isAvailable, "there is no RabbitMQ"))
struct RabbitMQTests {
  @Test func `pika reads an event as CloudEvents have it, with the bytes of the row`() async throws {
    try await RabbitMQ.with { broker in
      let sink = try amqpSink(broker.address)
      try await sink.check()
      let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      try await sink.deliver(
        try Events.batch([.init(id: "id-1", key: "größe", data: #"{ "n" : 1.0 }"#, traceParent: trace)]))
      sink.close()
      let message = try #require(try broker.messages().first)
      #expect(message.key == "order.OrderPlaced" && message.body == #"{ "n" : 1.0 }"#)
      #expect(message.id == "id-1" && message.deliveryMode == 2 && message.timestamp == 1_700_000_000)
      #expect(message.contentType == "application/json" && message.headers["traceparent"] == trace)
      #expect(message.headers["ce-id"] == "id-1" && message.headers["ce-type"] == "OrderPlaced")
      #expect(message.headers["ce-partitionkey"] == "größe" && message.headers["ce-aggregatetype"] == "order")
      #expect(message.headers["ce-specversion"] == "1.0" && message.headers["ce-source"] != nil)
      #expect(message.headers["ce-time"] == "2023-11-14T22:13:20.000000Z")

      let structured = try amqpSink(broker.address) {
        $0.mode = .structured
        $0.headerPrefix = "cloudEvents:"
      }
      let batch = try Events.batch([.init(id: "2", key: "a")])
      try await structured.deliver(batch)
      structured.close()
      let whole = try #require(try broker.messages().first)
      #expect(Array(whole.body.utf8) == Array(batch.line(of: batch.events[0])))
      #expect(whole.contentType == "application/cloudevents+json; charset=UTF-8")

      var empty = EventBatch()
      var event = IntegrationEvent(source: EventSource(path: ["shop"]), time: .epoch)
      let row = Array("idtype".utf8)
      (event.id, event.type, event.aggregateType) = (0..<2, 2..<6, 2..<6)
      try empty.encode(event, from: row)
      let plain = try amqpSink(broker.address)
      try await plain.deliver(empty)
      plain.close()
      let nothing = try #require(try broker.messages().first)
      #expect(nothing.body.isEmpty && nothing.contentType == nil && nothing.id == "id")
    }
  }

  @Test func `a broker that is killed and started again loses nothing, and keeps the order of each key`() async throws {
    try await RabbitMQ.with { broker in
      let sink = try amqpSink(broker.address)
      let done = Atomic(0)
      let failed = Atomic(0)
      let rounds = 60
      for round in 0..<rounds {
        if round == 20 {
          try await eventually("nothing is delivered") { done.load(ordering: .relaxed) == round }
          // What the broker knows of a queue's place is on its disk a while after the queue is made.
          try await Task.sleep(for: .seconds(3))
          try broker.kill()
        }
        if round == 25 { try broker.start() }
        sink.submit(try Events.batch(samples(round * 50..<round * 50 + 50, keys: 17), from: UInt64(round * 50 + 1))) {
          if $0 != nil { failed.add(1, ordering: .relaxed) }
          done.add(1, ordering: .relaxed)
        }
        try await Task.sleep(for: .milliseconds(10))
      }
      try await eventually("not all is delivered", within: .seconds(120)) { done.load(ordering: .relaxed) == rounds }
      #expect(failed.load(ordering: .relaxed) == 0 && sink.health.failures > 0)
      sink.close()
      let orders = firstSeen(try broker.messages().compactMap { $0.id.flatMap { Int($0) } }, keys: 17)
      #expect(orders.values.map(\.count).reduce(0, +) == rounds * 50)
      for (key, ids) in orders { #expect(ids == ids.sorted(), "\(key)") }
    }
  }

  @Test func `a routing key that no queue takes is refused, and a missing exchange waited for`() async throws {
    try await RabbitMQ.with { broker in
      try broker.pika("c.exchange_declare('lonely', 'topic')")
      let letters = MemoryLetters()
      let sink = try amqpSink(broker.address, letters: letters, exchange: "lonely")
      try await sink.deliver(try Events.batch([.init(id: "1", key: "a"), .init(id: "2", key: "b")]))
      sink.close()
      #expect(letters.all.map(\.id).sorted() == ["1", "2"] && letters.all.allSatisfy { $0.status == 312 })

      let missing = try amqpSink(broker.address, letters: letters, exchange: "later")
      let failure = await #expect(throws: Failure.self) { try await missing.check() }
      #expect(failure?.description.contains("there is no exchange later") == true)
      async let delivered: Void = missing.deliver(try Events.batch(samples(0..<20, keys: 3)))
      try await eventually("it is not told") { missing.health.failures > 0 }
      try broker.pika("c.exchange_declare('later', 'topic'); c.queue_bind('events', 'later', '#')")
      try await delivered
      // It is deleted while messages are on their way.
      try broker.pika("c.exchange_delete('later')")
      async let again: Void = missing.deliver(try Events.batch(samples(20..<40, keys: 3), from: 21))
      let failures = missing.health.failures
      try await eventually("it is not told") { missing.health.failures > failures }
      try broker.pika("c.exchange_declare('later', 'topic'); c.queue_bind('events', 'later', '#')")
      try await again
      missing.close()
      let stored = Set(try broker.messages().compactMap(\.id))
      #expect(letters.all.count == 2 && stored.count == 40)
    }
  }

  @Test func `an event that is too large is refused alone`() async throws {
    try await RabbitMQ.with(["max_message_size=10000"]) { broker in
      let letters = MemoryLetters()
      let sink = try amqpSink(broker.address, letters: letters)
      var all = samples(0..<100, keys: 10)
      all[33].data = "\"\(String(repeating: "x", count: 20_000))\""
      try await sink.deliver(try Events.batch(all))
      sink.close()
      #expect(letters.all.map(\.id) == ["33"] && letters.all.first?.status == 406)
      let orders = firstSeen(try broker.messages().compactMap { $0.id.flatMap { Int($0) } }, keys: 10)
      #expect(orders.values.map(\.count).reduce(0, +) == 99)
      for (key, ids) in orders { #expect(ids == ids.sorted(), "\(key)") }
    }
  }

  @Test func `a memory alarm is waited for over one connection`() async throws {
    try await RabbitMQ.with { broker in
      let sink = try amqpSink(broker.address) { $0.heartbeat = .seconds(1) }
      try await sink.deliver(try Events.batch(samples(0..<10, keys: 3)))
      _ = try broker.control("set_vm_memory_high_watermark", "absolute", "1")
      async let delivered: Void = sink.deliver(try Events.batch(samples(10..<500, keys: 50), from: 11))
      try await eventually("it is not told") { sink.health.obstacle != nil }
      try await Task.sleep(for: .seconds(4))
      let before = try broker.control("list_connections", "pid").split(separator: "\n")
        .count { $0.hasPrefix("<") }
      #expect(before == 1 && sink.health.failures == 0)
      _ = try broker.control("set_vm_memory_high_watermark", "0.4")
      try await delivered
      #expect(sink.health.obstacle == nil)
      sink.close()
      let stored = Set(try broker.messages().compactMap(\.id))
      #expect(stored.count == 500)
    }
  }

  @Test func `a full queue that rejects is waited for`() async throws {
    try await RabbitMQ.with { broker in
      try broker.pika(
        """
        c.exchange_declare('narrow', 'topic')
        c.queue_declare('short', arguments={'x-max-length': 5, 'x-overflow': 'reject-publish'})
        c.queue_bind('short', 'narrow', '#')
        """)
      let letters = MemoryLetters()
      let sink = try amqpSink(broker.address, letters: letters, exchange: "narrow")
      let isDone = Atomic(false)
      sink.submit(try Events.batch(samples(0..<30, keys: 2))) { isDone.store($0 == nil, ordering: .relaxed) }
      try await eventually("it is not told") { sink.health.lastReason.contains("basic.nack") }
      #expect(sink.health.trouble?.hint?.contains("full") == true && !isDone.load(ordering: .relaxed))
      var ids: [Int] = []
      try await eventually("it never ends") {
        ids += try broker.messages(in: "short").compactMap { $0.id.flatMap { Int($0) } }
        return isDone.load(ordering: .relaxed)
      }
      sink.close()
      ids += try broker.messages(in: "short").compactMap { $0.id.flatMap { Int($0) } }
      #expect(letters.all.isEmpty && firstSeen(ids, keys: 2).values.allSatisfy { $0 == $0.sorted() && $0.count == 15 })
    }
  }

  @Test func `a queue by its name is waited for while it is not there`() async throws {
    try await RabbitMQ.with { broker in
      let letters = MemoryLetters()
      let sink = try amqpSink(broker.address, letters: letters, exchange: "") { $0.route = Route(literal: "letters") }
      let failure = await #expect(throws: Failure.self) { try await sink.check() }
      #expect(failure?.description.contains("there is no queue letters") == true)
      async let delivered: Void = sink.deliver(try Events.batch(samples(0..<5, keys: 2)))
      try broker.pika("c.queue_declare('letters', durable=True)")
      try await delivered
      try broker.pika("c.queue_delete('letters')")
      async let again: Void = sink.deliver(try Events.batch(samples(5..<10, keys: 2), from: 6))
      try await eventually("it is not told") { sink.health.lastReason.contains("there is no queue letters") }
      try broker.pika("c.queue_declare('letters', durable=True)")
      try await again
      sink.close()
      let stored = Set(try broker.messages(in: "letters").compactMap(\.id))
      #expect(letters.all.isEmpty && stored.count == 5)
    }
  }

  @Test func `a wrong password and a missing virtual host fail the check, and a new password is read`() async throws {
    try await RabbitMQ.with { broker in
      let file = "\(broker.directory)/hush"
      try "wrong\n".write(toFile: file, atomically: true, encoding: .utf8)
      let sink = try amqpSink(broker.address) { $0.passwordFile = file }
      let failure = await #expect(throws: Failure.self) { try await sink.check() }
      #expect(failure?.description.contains("does not take the user or the password") == true)
      try "guest\n".write(toFile: file, atomically: true, encoding: .utf8)
      try await sink.deliver(try Events.batch(samples(0..<3, keys: 1)))
      sink.close()
      let elsewhere = try amqpSink("\(broker.address)/nowhere")
      let other = await #expect(throws: Failure.self) { try await elsewhere.check() }
      #expect(other?.description.contains("no such virtual host") == true)
      elsewhere.close()
    }
  }

  @Test func `it holds to what every sink has to hold to`() async throws {
    try await RabbitMQ.with { broker in
      let conformance = SinkConformance {
        _ = try broker.messages()
        return SinkConformance.Subject(
          try amqpSink(broker.address), arrived: { try broker.messages().compactMap(\.id) },
          hold: { hold in
            _ =
              hold
              ? try broker.control("set_vm_memory_high_watermark", "absolute", "1")
              : try broker.control("set_vm_memory_high_watermark", "0.4")
          })
      }
      let violations = try await conformance.violations()
      #expect(violations == [])
    }
  }
}
