import Delivery
import Foundation
import IntegrationEvents
import PostgresWire
import Synchronization
import TestDelivery
import Testing

@testable import Relay

@Suite struct RedriverTests {
  private func letter(_ number: Int, key: String = "k") -> DeadLetter {
    DeadLetter(
      event: #"{"id":"\#(number)","partitionkey":"\#(key)","data":{}}"#, id: "\(number)", key: key,
      position: EventPosition(commitLSN: 1, ordinal: UInt64(number + 1)), reason: "status 422", status: 422,
      attempts: 1,
      firstAttempt: 0, lastAttempt: 0, sink: "")
  }

  /// Takes ids, refuses some, or never answers until it is closed.
  private final class Receiver: Sink {
    let ids = Mutex<[String]>([])
    let refused: Set<String>
    let isSilent: Bool
    private let open = OpenBatches()

    init(refusing refused: Set<String> = [], isSilent: Bool = false) {
      self.refused = refused
      self.isSilent = isSilent
    }

    func submit(_ batch: EventBatch, done: @escaping Done) {
      guard let number = open.open(done), !isSilent else { return }
      let id = batch.text(batch.events[0].id)
      if refused.contains(id) { return open.fail(Failure(.refused, "no")) }
      ids.withLock { $0.append(id) }
      open.finish(number)
    }

    func close() { open.fail(.closed) }
  }

  /// Runs on a thread of its own: it blocks.
  private func redrive(
    _ store: any DeadLetterStore, _ control: RunControl = RunControl(), to makeSink: @escaping @Sendable () -> any Sink
  ) async throws -> Redriver.Result {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        var redriver = Redriver(store, control, sink: makeSink)
        continuation.resume(with: Swift.Result { try redriver.run(LetterQuery()) })
      }
    }
  }

  @Test func `every letter is delivered once and gone, in order, though it is there twice`() async throws {
    let store = MemoryLetters()
    try store.append((0..<250).map { letter($0) } + (0..<250).map { letter($0) })
    let receiver = Receiver()
    let result = try await redrive(store) { receiver }
    #expect(receiver.ids.withLock(\.self) == (0..<250).map(String.init))
    #expect(result == Redriver.Result(delivered: 250, left: 0))
    #expect(store.all.isEmpty)
  }

  @Test func `a refused letter stays, and with it the later ones of its key`() async throws {
    let store = MemoryLetters()
    try store.append((0..<30).map { letter($0, key: "key-\($0 % 3)") })
    let made = Mutex<[Receiver]>([])
    let result = try await redrive(store) {
      let receiver = Receiver(refusing: ["4"])
      made.withLock { $0.append(receiver) }
      return receiver
    }
    #expect(store.all.map(\.id) == stride(from: 4, to: 30, by: 3).map(String.init))
    #expect(result == Redriver.Result(delivered: 21, left: 9))
  }

  @Test(.timeLimit(.minutes(1)))
  func `a stop is heard while the receiver says nothing`() async throws {
    let store = MemoryLetters()
    try store.append([letter(0)])
    let control = RunControl()
    async let result = redrive(store, control) { Receiver(isSilent: true) }
    try await Task.sleep(for: .milliseconds(50))
    control.stop()
    #expect(try await result == Redriver.Result(delivered: 0, left: 1))
  }
}
