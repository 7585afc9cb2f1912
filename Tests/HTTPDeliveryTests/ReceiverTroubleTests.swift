// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import PostgresWire
import Synchronization
import TestDelivery
import Testing

@testable import Delivery
@testable import HTTPDelivery

/// Answers that speak of the receiver, and events that stay behind.
@Suite(.timeLimit(.minutes(2)))
struct ReceiverTroubleTests {
  @Test(arguments: [301, 302, 307, 308, 401, 403, 404, 405, 407, 421])
  func `an answer that speaks of the receiver is tried again without end, whatever the attempts, and makes no letter`(
    status: Int
  ) async throws {
    let receiver = try await Receiver { request in
      request.number <= 9 ? .status(status, headers: [("location", "http://127.0.0.1:1/")]) : .status(200)
    }
    let store = MemoryLetters()
    let samples: [Events.Sample] = (0..<3).map { .init(id: "\($0)", key: "\($0)") }
    try await deliver(samples, to: receiver, DeadLetterOffice(store, parksKeys: false)) {
      $0.delivery.retry.maximumAttempts = 2
    }
    #expect(store.all.isEmpty)
    #expect(receiver.accepted.count == 3)
    #expect(Set(receiver.requests.map(\.path)) == ["/events"], "a redirect is not followed")
    await receiver.close()
  }

  @Test func `a status can be made final again`() async throws {
    let receiver = try await Receiver { _ in .status(404) }
    let store = MemoryLetters()
    try await deliver([.init(id: "a", key: "k")], to: receiver, DeadLetterOffice(store, parksKeys: false)) {
      $0.http.answers.refused = [404]
    }
    #expect(store.all.map(\.status) == [404])
    #expect(receiver.requests.count == 1)
    await receiver.close()
  }

  @Test func `a receiver that is gone for good stops everything, and makes no letter`() async throws {
    let receiver = try await Receiver { _ in .status(410) }
    let store = MemoryLetters()
    let error = await #expect(throws: Failure.self) {
      try await deliver([.init(id: "a", key: "k")], to: receiver, DeadLetterOffice(store, parksKeys: false))
    }
    #expect(error?.kind == .receiverGone)
    #expect(error?.kind.exitCode == 65)
    #expect(store.all.isEmpty)
    await receiver.close()
  }

  @Test(arguments: [HTTPConfiguration.Mode.structured, .batch])
  func `an event that becomes too old is given up, and with it those of its key, but no others`(
    mode: HTTPConfiguration.Mode
  ) async throws {
    let receiver = try await Receiver { $0.body.contains("stuck") ? .status(503) : .status(200) }
    let store = MemoryLetters()
    var parts = SinkParts(url: receiver.url)
    parts.http.mode = mode
    parts.delivery.attemptEvents = 4
    parts.delivery.maximumAge = .milliseconds(1500)
    let sink = try parts.sink(DeadLetterOffice(store, parksKeys: false))
    let samples: [Events.Sample] = (0..<12).map {
      .init(id: "\($0)", key: "\($0 % 3)", type: $0 % 3 == 0 ? "stuck" : "fine")
    }
    let start = ContinuousClock.now
    try await sink.deliver(try Events.batch(samples))
    #expect(ContinuousClock.now - start >= .milliseconds(1500))
    #expect(Set(store.all.map(\.id)) == ["0", "3", "6", "9"])
    #expect(store.all.allSatisfy { $0.status == 503 && $0.reason.contains("given up") })
    #expect(sink.health.letters.count == 4)
    #expect(sink.health.delivered == 8)
    sink.close()
    await receiver.close()
  }

  @Test func `an event may be old as long as nothing fails`() async throws {
    let receiver = try await Receiver { _ in .status(200, after: .milliseconds(300)) }
    let store = MemoryLetters()
    try await deliver(
      (0..<4).map { .init(id: "\($0)", key: "k") }, to: receiver, DeadLetterOffice(store, parksKeys: false)
    ) { $0.delivery.maximumAge = .milliseconds(100) }
    #expect(store.all.isEmpty)
    await receiver.close()
  }

  @Test func `what fails is to be seen while it fails, and not any more when it is over`() async throws {
    let isMended = Atomic(false)
    let receiver = try await Receiver { request in
      isMended.load(ordering: .acquiring) || request.body.contains("fine") ? .status(200) : .status(401)
    }
    let sink = try SinkParts(url: receiver.url).sink(DeadLetterOffice())
    #expect(sink.health.trouble == nil)
    let batch = try Events.batch([
      .init(id: "1", key: "a", type: "fine"), .init(id: "2", key: "a"), .init(id: "3", key: "b"),
    ])
    async let delivery: Void = sink.deliver(batch)
    while sink.health.trouble.map({ $0.failures < 4 }) ?? true { try await Task.sleep(for: .milliseconds(5)) }
    let trouble = try #require(sink.health.trouble)
    #expect(trouble.reason == "status 401")
    #expect(trouble.hint?.contains("credentials") == true)
    #expect(trouble.oldest.position == batch.events[1].position)
    #expect(trouble.oldest.time == "2023-11-14T22:13:20.000000Z")
    isMended.store(true, ordering: .releasing)
    try await delivery
    while sink.health.trouble != nil { try await Task.sleep(for: .milliseconds(5)) }
    #expect(sink.health.delivered == 3)
    sink.close()
    await receiver.close()
  }
}
