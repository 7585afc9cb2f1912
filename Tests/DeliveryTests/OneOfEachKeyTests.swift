// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import Synchronization
import TestDelivery
import Testing

/// Notes what each attempt has, and holds the first one until it is let go.
private final class Recorder: Publisher {
  let destination = "recorder"
  let attempts = Mutex<[[String]]>([])
  let isFree = Atomic(false)

  func publish(_ events: [OutgoingEvent]) async -> Attempt {
    attempts.withLock { $0.append(events.map { $0.text($0.event.id) }) }
    while !isFree.load(ordering: .acquiring) { try? await Task.sleep(for: .milliseconds(1)) }
    return Attempt(.together(.published))
  }

  func close() {}
}

@Suite(.timeLimit(.minutes(1)))
struct OneOfEachKeyTests {
  private func sink(_ recorder: Recorder, atMost events: Int, linger: Duration) -> KeyedSink<Recorder> {
    var delivery = KeyedDelivery()
    (delivery.attemptEvents, delivery.isOneOfEachKey, delivery.linger) = (events, true, linger)
    return KeyedSink(recorder, delivery, deadLetters: DeadLetterOffice())
  }

  @Test func `an attempt has no two events of a key`() async throws {
    let recorder = Recorder()
    recorder.isFree.store(true, ordering: .releasing)
    let sink = sink(recorder, atMost: 3, linger: .milliseconds(1))
    try await sink.deliver(try Events.batch((0..<6).map { .init(id: "\($0)", key: $0 < 3 ? "a" : "k\($0)") }))
    let ofOneKey = recorder.attempts.withLock(\.self).map { $0.filter { "012".contains($0) } }
    #expect(ofOneKey.allSatisfy { $0.count <= 1 } && Array(ofOneKey.joined()) == ["0", "1", "2"])
    sink.close()
  }

  @Test
  func `keys that went one by one go together as soon as they are free, and wait for nobody who is not on the way`()
    async throws
  {
    let recorder = Recorder()
    let sink = sink(recorder, atMost: 2, linger: .seconds(3600))
    async let first: Void = sink.deliver(try Events.batch((1...3).map { .init(id: "a\($0)", key: "a") }))
    while recorder.attempts.withLock(\.isEmpty) { try await Task.sleep(for: .milliseconds(1)) }
    async let second: Void = sink.deliver(try Events.batch((1...2).map { .init(id: "b\($0)", key: "b") }))
    try await Task.sleep(for: .milliseconds(20))
    recorder.isFree.store(true, ordering: .releasing)
    try await first
    try await second
    #expect(recorder.attempts.withLock(\.self).map(Set.init) == [["a1"], ["b1", "a2"], ["b2", "a3"]])
    sink.close()
  }
}
