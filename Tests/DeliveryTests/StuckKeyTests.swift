// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import Synchronization
import TestDelivery
import Testing

/// Takes everything but the events of one key, as a broker does of whose queues one is full, until there is room.
private final class PartlyFull: Publisher {
  private let ids = Mutex<[String]>([])
  private let isFull = Atomic(true)

  var destination: String { "memory" }
  var taken: [String] { ids.withLock { $0 } }

  func makeRoom() { isFull.store(false, ordering: .relaxed) }

  func publish(_ events: [OutgoingEvent]) async -> Attempt {
    let isFull = isFull.load(ordering: .relaxed)
    return Attempt(
      .each(
        events.map { event in
          if isFull, event.text(event.event.key) == "stuck" {
            return .retry(
              .init("full", concernsReceiver: true, isLocal: true, longestPause: .milliseconds(20)))
          }
          ids.withLock { $0.append(event.text(event.event.id)) }
          return .published
        }))
  }

  func close() {}
}

struct StuckKeyTests {
  private func sink(_ publisher: PartlyFull) -> KeyedSink<PartlyFull> {
    var delivery = KeyedDelivery()
    delivery.attemptEvents = 100
    return KeyedSink(publisher, delivery, deadLetters: DeadLetterOffice())
  }

  private func batch(_ keys: [String], from first: Int) throws -> EventBatch {
    try Events.batch(
      keys.enumerated().map { .init(id: "\($0.element) \(first + $0.offset)", key: $0.element) }, from: UInt64(first))
  }

  private func eventually(_ what: Comment, _ isSo: () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(120)
    while !isSo() {
      try #require(ContinuousClock.now < deadline, what)
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  @Test func `keys that went together with one that cannot go on do not wait for it`() async throws {
    let publisher = PartlyFull()
    let sink = sink(publisher)
    let done = Atomic(0)
    let finish: @Sendable () -> Void = { done.add(1, ordering: .relaxed) }
    sink.submit(try batch(["stuck", "a", "b", "stuck"], from: 1)) { _ in finish() }
    try await eventually("it has failed") { sink.health.failures > 0 }
    for number in 1...50 {
      sink.submit(try batch(["a", "b"], from: number * 10)) { _ in finish() }
      try await eventually("the others go on") { done.load(ordering: .relaxed) == number }
    }
    #expect(publisher.taken.count == 102 && publisher.taken.allSatisfy { !$0.hasPrefix("stuck") })
    publisher.makeRoom()
    try await eventually("all are there") { done.load(ordering: .relaxed) == 51 }
    #expect(publisher.taken.filter { $0.hasPrefix("stuck") } == ["stuck 1", "stuck 4"])
    for key in ["a", "b"] {
      let own = publisher.taken.filter { $0.hasPrefix(key) }.compactMap { Int($0.dropFirst(2)) }
      #expect(own == own.sorted() && own.count == 51)
    }
    sink.close()
  }

  @Test func `each attempt of an event that cannot go on is counted, also when nothing else goes`() async throws {
    let publisher = PartlyFull()
    let sink = sink(publisher)
    sink.submit(try batch(["a", "stuck"], from: 1)) { _ in }
    try await eventually("it is told how often it failed") { (sink.health.trouble?.failures ?? 0) > 5 }
    #expect(sink.health.delivered == 1)
    sink.close()
  }
}
