// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
import IntegrationEvents
import Logging
import PostgresWire
import Synchronization
import TestDelivery
import Testing

@testable import Relay

@Suite struct RedriverTests {
  private let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

  private func letter(_ number: Int, key: String = "k") -> DeadLetter {
    DeadLetter(
      event: #"{"id":"\#(number)","partitionkey":"\#(key)","data":{}}"#, id: "\(number)", key: key,
      position: EventPosition(commitLSN: 1, ordinal: UInt64(number + 1)), reason: "status 422", status: 422,
      attempts: 1,
      firstAttempt: 0, lastAttempt: 0, sink: "")
  }

  /// Takes ids, refuses some, or never answers until it is closed.
  private struct Receiver: Publisher {
    final class Taken: Sendable {
      let ids = Mutex<[String]>([])
      let isAsked = Atomic(false)
    }

    let taken: Taken
    var refused: Set<String> = []
    var isSilent = false

    var destination: String { "here" }

    func publish(_ events: [OutgoingEvent]) async -> Attempt {
      if isSilent {
        taken.isAsked.store(true, ordering: .releasing)
        try? await Task.sleep(for: .seconds(600))
      }
      let id = events[0].text(events[0].event.id)
      if refused.contains(id) { return Attempt(.together(.refused(.init("no", status: 422)))) }
      taken.ids.withLock { $0.append(id) }
      return Attempt(.together(.published))
    }

    func close() {}
  }

  /// Runs on a thread of its own: it blocks.
  private func redrive(
    _ store: any DeadLetterStore, _ control: RunControl = RunControl(), drainTimeout: Duration = .seconds(30),
    to receiver: Receiver
  ) async throws -> Redriver.Result {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        let redriver = Redriver(store, control, drainTimeout: drainTimeout, log: quiet) { office in
          KeyedSink(receiver, KeyedDelivery(), deadLetters: office)
        }
        continuation.resume(with: Swift.Result { try redriver.run(LetterQuery()) })
      }
    }
  }

  @Test func `every letter is delivered once and gone, in order, though it is there twice`() async throws {
    let store = MemoryLetters()
    store.append(again: (0..<250).map { letter($0) } + (0..<250).map { letter($0) })
    let taken = Receiver.Taken()
    let result = try await redrive(store, to: Receiver(taken: taken))
    #expect(taken.ids.withLock(\.self) == (0..<250).map(String.init))
    #expect(result == Redriver.Result(delivered: 250, left: 0))
    #expect(store.all.isEmpty)
  }

  @Test func `letters of a key go by their positions, however they came into the store`() async throws {
    let store = MemoryLetters()
    store.append(again: (0..<1000).shuffled().map { letter($0, key: "key-\($0 % 3)") })
    let taken = Receiver.Taken()
    _ = try await redrive(store, to: Receiver(taken: taken))
    let numbers = taken.ids.withLock { $0.compactMap { Int($0) } }
    for key in 0..<3 { #expect(numbers.filter { $0 % 3 == key } == Array(stride(from: key, to: 1000, by: 3))) }
  }

  @Test func `a refused letter stays, and with it the later ones of its key`() async throws {
    let store = MemoryLetters()
    try store.append((0..<30).map { letter($0, key: "key-\($0 % 3)") })
    let result = try await redrive(store, to: Receiver(taken: Receiver.Taken(), refused: ["4"]))
    #expect(store.all.map(\.id) == stride(from: 4, to: 30, by: 3).map(String.init))
    #expect(result == Redriver.Result(delivered: 21, left: 9))
  }

  @Test(.timeLimit(.minutes(1)))
  func `a stop is heard while the receiver says nothing, and what was given up is not said to be known`() async throws {
    let store = MemoryLetters()
    try store.append([letter(0)])
    let control = RunControl()
    let receiver = Receiver(taken: Receiver.Taken(), isSilent: true)
    async let result = redrive(store, control, drainTimeout: .milliseconds(200), to: receiver)
    while !receiver.taken.isAsked.load(ordering: .acquiring) { try await Task.sleep(for: .milliseconds(10)) }
    control.stop()
    #expect(try await result == Redriver.Result(delivered: 0, left: nil))
  }

  @Test func `a store that cannot do its work for a while is waited for`() async throws {
    let store = FailingLetters(3)
    try store.letters.append((0..<40).map { letter($0, key: "key-\($0)") })
    let result = try await redrive(store, to: Receiver(taken: Receiver.Taken()))
    #expect(result == Redriver.Result(delivered: 40, left: 0))
    #expect(store.letters.all.isEmpty)
  }

  /// Fails some times, in a way that may heal.
  private final class FailingLetters: DeadLetterStore {
    let letters = MemoryLetters()
    private let left: Mutex<Int>

    init(_ times: Int) { left = Mutex(times) }

    private func fail() throws(Failure) {
      let isFailing = left.withLock { left in
        left -= 1
        return left >= 0
      }
      if isFailing { throw Failure(.connection, "not now") }
    }

    func append(_ letters: [DeadLetter]) throws(Failure) { try self.letters.append(letters) }
    func appendBehindOthers(_ letter: DeadLetter) throws(Failure) -> Parking { try letters.appendBehindOthers(letter) }
    func letters(matching query: LetterQuery, after mark: LetterMark?, limit: Int) throws(Failure) -> LetterPage {
      try fail()
      return try letters.letters(matching: query, after: mark, limit: limit)
    }
    func remove(_ letters: [DeadLetter]) throws(Failure) {
      try fail()
      try self.letters.remove(letters)
    }
  }
}
