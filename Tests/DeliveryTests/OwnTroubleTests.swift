// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import Synchronization
import TestDelivery
import Testing

/// Tells each event what a test says, and notes what it has stored.
private final class Teller: Publisher {
  private let told: @Sendable (_ id: String, _ attempt: Int) -> Attempt.Verdict
  private let seen = Mutex<(attempts: [String: Int], stored: [String])>(([:], []))

  init(_ told: @escaping @Sendable (_ id: String, _ attempt: Int) -> Attempt.Verdict) { self.told = told }

  var destination: String { "memory" }
  var stored: [String] { seen.withLock(\.stored) }
  func attempts(_ id: String) -> Int { seen.withLock { $0.attempts[id, default: 0] } }

  func publish(_ events: [OutgoingEvent]) async -> Attempt {
    var held: Set<String> = []
    let verdicts = events.map { (event) -> Attempt.Verdict in
      let id = event.text(event.event.id)
      let number = seen.withLock { seen in
        seen.attempts[id, default: 0] += 1
        return seen.attempts[id, default: 0]
      }
      let (verdict, key) = (told(id, number), event.text(event.event.key))
      guard !held.contains(key) else { return .retry(.init("behind another one", concernsReceiver: true)) }
      if verdict == .published { seen.withLock { $0.stored.append(id) } } else { held.insert(key) }
      return verdict
    }
    return Attempt(.each(verdicts))
  }

  func close() {}
}

/// Events that go together and fail for different reasons.
@Suite(.timeLimit(.minutes(1)))
struct OwnTroubleTests {
  private static let odd = Attempt.Verdict.retry(.init("odd"))
  private static let away = Attempt.Verdict.retry(.init("away", concernsReceiver: true))

  private func sink(_ teller: Teller, _ letters: MemoryLetters, isOneOfEachKey: Bool = true) -> KeyedSink<Teller> {
    var delivery = KeyedDelivery()
    (delivery.attemptEvents, delivery.isOneOfEachKey) = (10, isOneOfEachKey)
    (delivery.retry.firstPause, delivery.retry.longestPause) = (.milliseconds(1), .milliseconds(2))
    delivery.retry.maximumAttempts = 3
    return KeyedSink(teller, delivery, deadLetters: DeadLetterOffice(letters, parksKeys: false))
  }

  private func events(_ count: Int, keys: Int = 100) throws -> EventBatch {
    try Events.batch((0..<count).map { .init(id: "\($0)", key: "k\($0 % keys)") })
  }

  @Test(arguments: ["0", "3", "5"])
  func `of those that go together, only the one with a trouble of its own uses its attempts up`(_ bad: String)
    async throws
  {
    let teller = Teller { id, number in id == bad ? Self.odd : number <= 8 ? Self.away : .published }
    let letters = MemoryLetters()
    let sink = sink(teller, letters)
    try await sink.deliver(try events(6))
    sink.close()
    #expect(letters.all.map(\.id) == [bad] && letters.all.first?.reason == "given up: odd")
    #expect(letters.all.first?.attempts == 3 && teller.attempts(bad) == 3)
    #expect(teller.stored.sorted() == (0..<6).map(String.init).filter { $0 != bad })
  }

  @Test func `each is given up with its own reason`() async throws {
    let teller = Teller { id, _ in .retry(.init("odd \(id)")) }
    let letters = MemoryLetters()
    let sink = sink(teller, letters)
    try await sink.deliver(try events(4))
    sink.close()
    let reasons = Dictionary(letters.all.map { ($0.id, $0.reason) }) { first, _ in first }
    #expect(reasons == Dictionary(uniqueKeysWithValues: (0..<4).map { ("\($0)", "given up: odd \($0)") }))
  }

  @Test func `what is excused for a time is counted for what comes then`() async throws {
    let teller = Teller { _, number in number % 2 == 0 ? Self.away : Self.odd }
    let letters = MemoryLetters()
    let sink = sink(teller, letters)
    try await sink.deliver(try events(2))
    sink.close()
    #expect(teller.attempts("0") == 5 && teller.attempts("1") == 5 && letters.all.count == 2)
  }

  @Test func `of several that share an answer with a status, the one to blame is looked for, in order`() async throws {
    // One request has one answer: the bad one is in it as long as it is not alone.
    let teller = Teller { id, number in
      if id == "1" { return .retry(.init("status 400", status: 400)) }
      if id == "2", number < 6 { return Self.away }
      return number <= 3 ? .retry(.init("status 400", status: 400)) : .published
    }
    let letters = MemoryLetters()
    let sink = sink(teller, letters, isOneOfEachKey: false)
    try await sink.deliver(try events(8, keys: 4))
    sink.close()
    #expect(letters.all.map(\.id) == ["1"])
    for key in 0..<4 {
      let own = teller.stored.compactMap { Int($0) }.filter { $0 % 4 == key }
      #expect(own == own.sorted())
    }
    #expect(teller.stored.count == 7)
  }
}
