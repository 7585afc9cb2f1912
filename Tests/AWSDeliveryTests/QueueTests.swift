// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
import PostgresWire
import Synchronization
import TestDelivery
import Testing

@testable import AWSDelivery

/// Queues and topics of moto's, read by boto3.
@Suite(
  .serialized, .timeLimit(.minutes(5)),
  .enabled(if: QueueServer.isAvailable, "there is no moto: see Scripts/prerequisites --brokers-sqs"))
struct QueueTests {
  private func sink(_ server: QueueServer, _ address: String, letters: MemoryLetters? = nil) throws -> AWSSink {
    var delivery = KeyedDelivery()
    (delivery.attemptEvents, delivery.isOneOfEachKey) = (10, true)
    (delivery.retry.firstPause, delivery.retry.longestPause) = (.milliseconds(5), .milliseconds(50))
    return AWSSink(
      try AWSPublisher(AWSConfiguration(address: address, environment: server.environment)), delivery,
      deadLetters: .keeping(letters))
  }

  private func samples(_ range: Range<Int>, keys: Int) -> [Events.Sample] {
    range.map { .init(id: "\($0)", key: "k\($0 % keys)", data: #"{"n": \#($0), "t": "ä\"\\\n"}"#) }
  }

  @Test func `boto3 reads each event once, whole, in the order of its key, although it was sent twice`() async throws {
    try await QueueServer.with { server in
      let sink = try sink(server, server.address)
      try await sink.check()
      let batch = try Events.batch(samples(0..<60, keys: 7))
      try await sink.deliver(batch)
      try await sink.deliver(batch)
      #expect(sink.health.doubt == nil && sink.health.failures == 0)
      sink.close()
      let found = try server.take("orders.fifo")
      #expect(found.count == 60 && Set(found.map(\.id)).count == 60)
      let lines = Set(batch.events.map { String(decoding: batch.line(of: $0), as: UTF8.self) })
      #expect(Set(found.map(\.body)) == lines)
      for (group, messages) in Dictionary(grouping: found, by: \.group) {
        let numbers = messages.compactMap { Int($0.id) }
        #expect(numbers == numbers.sorted() && group == messages.first?.field("partitionkey"))
      }
      #expect(found.allSatisfy { $0.attributes == ["type": "OrderPlaced", "aggregatetype": "order"] })
    }
  }

  @Test func `what a topic is given comes to the queue that subscribes to it, as it was sent`() async throws {
    try await QueueServer.with { server in
      let sink = try sink(server, "sns:arn:aws:sns:eu-central-1:123456789012:orders.fifo")
      try await sink.check()
      let batch = try Events.batch(samples(0..<20, keys: 3))
      try await sink.deliver(batch)
      sink.close()
      let found = try server.take("fan.fifo")
      let lines = Set(batch.events.map { String(decoding: batch.line(of: $0), as: UTF8.self) })
      #expect(found.count == 20 && Set(found.map(\.body)) == lines)
      #expect(found.allSatisfy { $0.group == $0.field("partitionkey") })
    }
  }

  @Test func `a queue that is not there is told of at the check, waited for, and no reason for a letter`() async throws
  {
    try await QueueServer.with { server in
      let letters = MemoryLetters()
      let sink = try sink(server, server.queue("late"), letters: letters)
      let failure = await #expect(throws: Failure.self) { try await sink.check() }
      #expect(failure?.kind == .destination)
      async let delivery: Void = sink.deliver(try Events.batch(samples(0..<5, keys: 5)))
      while sink.health.failures < 3 { try await Task.sleep(for: .milliseconds(20)) }
      #expect(sink.health.lastReason.contains("QueueDoesNotExist"))
      try server.python(#"sqs.create_queue(QueueName="late")"#)
      try await delivery
      sink.close()
      #expect(letters.all.isEmpty)
      #expect(try server.take("late").count == 5)
    }
  }

  @Test func `what is larger than the queue takes is a letter, and the others are there`() async throws {
    try await QueueServer.with { server in
      try server.python(#"sqs.create_queue(QueueName="small", Attributes={"MaximumMessageSize": "2048"})"#)
      let letters = MemoryLetters()
      let sink = try sink(server, server.queue("small"), letters: letters)
      let large = Events.Sample(id: "large", key: "k1", data: "\"\(String(repeating: "x", count: 3000))\"")
      try await sink.deliver(try Events.batch([large] + samples(0..<5, keys: 2)))
      sink.close()
      #expect(letters.all.map(\.id) == ["large"])
      #expect(try server.take("small").count == 5)
    }
  }

  @Test func `letters go to a queue beside`() async throws {
    try await QueueServer.with { server in
      let configuration = AWSConfiguration(address: server.address, environment: server.environment)
      let letters = try AWSLetters(configuration, queue: "letters")
      try letters.check()
      #expect(throws: Failure.self) { try AWSLetters(configuration, queue: "nowhere").check() }
      #expect(throws: Failure.self) { try AWSLetters(configuration, queue: "no/where") }
    }
  }

  @Test func `a sink of queues is a sink`() async throws {
    try await QueueServer.with(["--set", "rights"]) { server in
      let number = Atomic(0)
      let conformance = SinkConformance {
        let name = "q\(number.add(1, ordering: .relaxed).newValue).fifo"
        try server.python(#"sqs.create_queue(QueueName="\#(name)", Attributes={"FifoQueue": "true"})"#)
        // Who reads a queue empties it.
        let read = Mutex<[String]>([])
        return .init(
          try sink(server, server.queue(name)),
          arrived: {
            let found = try server.take(name).map(\.id)
            return read.withLock {
              $0 += found
              return $0
            }
          },
          hold: { try server.allow($0 ? "sqs:GetQueueAttributes" : "sqs:*") })
      }
      let violations = try await conformance.violations()
      #expect(violations.isEmpty, "\(violations)")
    }
  }
}
