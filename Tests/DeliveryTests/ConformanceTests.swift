// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import PostgresWire
import Synchronization
import TestDelivery
import Testing

/// A sink as somebody writes one who knows no more of order than that an actor does one thing at a time.
private actor ActorSink: Sink {
  private nonisolated let open = OpenBatches()
  private nonisolated let destination: Destination

  init(_ destination: Destination) {
    self.destination = destination
  }

  nonisolated func submit(_ batch: EventBatch, done: @escaping Done) {
    guard let number = open.open(done) else { return }
    Task {
      do throws(Failure) {
        try await take(batch)
        open.finish(number)
      } catch {
        open.fail(error)
      }
    }
  }

  private func take(_ batch: EventBatch) async throws(Failure) {
    for event in batch.events { try await destination.take(batch.text(event.id)) }
  }

  nonisolated func close() {
    open.fail(.closed)
    destination.close()
  }
}

/// A sink that answers from inside `submit`.
private final class ImmediateSink: Sink {
  private let open = OpenBatches()
  private let ids = Mutex<[String]>([])

  var content: [String] { ids.withLock { $0 } }
  var window: DeliveryWindow { DeliveryWindow(bytes: 10_000, batches: 5) }

  func submit(_ batch: EventBatch, done: @escaping Done) {
    guard let number = open.open(done) else { return }
    ids.withLock { $0 += batch.events.map { batch.text($0.id) } }
    open.finish(number)
  }

  func close() { open.fail(.closed) }
}

/// Attempts that end in memory, some of them only at the second try.
private final class MemoryPublisher: Publisher {
  private let destination_: Destination
  private let attempts = Atomic(0)

  init(_ destination: Destination) { destination_ = destination }

  var destination: String { "memory" }

  func publish(_ events: [OutgoingEvent]) async -> Attempt {
    if attempts.add(1, ordering: .relaxed).newValue % 7 == 0 { return Attempt(.together(.retry(.init("seventh")))) }
    var verdicts: [Attempt.Verdict] = []
    for event in events {
      do throws(Failure) {
        try await destination_.take(event.text(event.event.id))
        verdicts.append(.published)
      } catch {
        verdicts.append(.stop(error))
      }
    }
    return Attempt(.each(verdicts))
  }

  func close() { destination_.close() }
}

/// Where ids arrive; may be held up, spoiled and closed.
private final class Destination: Sendable {
  private struct State {
    var ids: [String] = []
    var isHeld = false
    var isSpoiled = false
    var isClosed = false
  }

  private let state = Mutex(State())

  var content: [String] { state.withLock { $0.ids } }
  func hold(_ isHeld: Bool) { state.withLock { $0.isHeld = isHeld } }
  func spoil() { state.withLock { $0.isSpoiled = true } }
  func close() { state.withLock { $0.isClosed = true } }

  func take(_ id: String) async throws(Failure) {
    while state.withLock({ $0.isHeld && !$0.isClosed }) { try? await Task.sleep(for: .milliseconds(1)) }
    let isTaken = state.withLock { state in
      guard !state.isSpoiled, !state.isClosed else { return false }
      state.ids.append(id)
      return true
    }
    if !isTaken { throw Failure(.writeFailed, "spoiled") }
  }

  func subject(_ sink: any Sink) -> SinkConformance.Subject {
    SinkConformance.Subject(sink, arrived: { self.content }, hold: { self.hold($0) }, spoil: { self.spoil() })
  }
}

@Suite(.timeLimit(.minutes(1)))
struct ConformanceTests {
  @Test func `an actor that conforms naturally is right`() async throws {
    let conformance = SinkConformance {
      let destination = Destination()
      return destination.subject(ActorSink(destination))
    }
    #expect(try await conformance.violations() == [])
  }

  @Test func `a sink that answers at once is right`() async throws {
    let conformance = SinkConformance {
      let sink = ImmediateSink()
      return SinkConformance.Subject(sink, arrived: { sink.content })
    }
    #expect(try await conformance.violations() == [])
  }

  @Test(arguments: [1, 4])
  func `a publisher behind a keyed sink is right, also when attempts fail`(events: Int) async throws {
    let conformance = SinkConformance {
      let destination = Destination()
      var delivery = KeyedDelivery()
      delivery.attemptEvents = events
      delivery.retry.firstPause = .milliseconds(1)
      return destination.subject(
        KeyedSink(MemoryPublisher(destination), delivery, deadLetters: DeadLetterOffice()))
    }
    #expect(try await conformance.violations() == [])
  }

  /// The suite itself, against a sink that answers twice, and again after its end.
  @Test func `a sink that is wrong is told so`() async throws {
    final class Careless: Sink {
      func submit(_ batch: EventBatch, done: @escaping Done) {
        done(nil)
        done(nil)
      }
      func close() {}
    }
    let found = try await SinkConformance { SinkConformance.Subject(Careless(), arrived: { [] }) }.violations()
    #expect(found.contains { $0.contains("2 times") })
    #expect(found.contains { $0.contains("arrived as []") })
  }
}

/// Verdicts of each event of an attempt.
private final class Judge: Publisher {
  let destination = "judge"
  private let attempts = Atomic(0)
  let published = Mutex<[String]>([])

  func publish(_ events: [OutgoingEvent]) async -> Attempt {
    let isFirst = attempts.add(1, ordering: .relaxed).newValue == 1
    return Attempt(
      .each(
        events.map { event in
          let id = event.text(event.event.id)
          if id == "1" { return .refused(.init("no", status: 422)) }
          if isFirst { return .retry(.init("later")) }
          published.withLock { $0.append(id) }
          return .published
        }))
  }

  func close() {}
}

@Suite(.timeLimit(.minutes(1)))
struct VerdictTests {
  @Test func `what is left of an attempt follows a letter of its key, and others are published`() async throws {
    let letters = MemoryLetters()
    var delivery = KeyedDelivery()
    delivery.attemptEvents = 10
    delivery.retry.firstPause = .milliseconds(1)
    let judge = Judge()
    let sink = KeyedSink(judge, delivery, deadLetters: DeadLetterOffice(letters, parksKeys: true))
    try await sink.deliver(
      try Events.batch([.init(id: "1", key: "a"), .init(id: "2", key: "a"), .init(id: "3", key: "b")]))
    #expect(letters.all.map(\.id) == ["1", "2"])
    #expect(judge.published.withLock(\.self) == ["3"])
    sink.close()
  }

  @Test func `an event is published whose letters ahead are gone, although others stand behind it`() async throws {
    let letters = MemoryLetters()
    let judge = Judge()
    let sink = KeyedSink(judge, KeyedDelivery(), deadLetters: DeadLetterOffice(letters, parksKeys: true))
    try await sink.deliver(try Events.batch([.init(id: "1", key: "a")]))
    var behind = try #require(letters.all.first)
    try letters.remove([behind])
    behind.position.ordinal += 10
    try letters.append([behind])
    try await sink.deliver(try Events.batch([.init(id: "2", key: "a")]))
    #expect(letters.all == [behind])
    #expect(judge.published.withLock(\.self) == ["2"])
    sink.close()
  }
}
