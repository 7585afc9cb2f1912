import PostgresWire
import TestStream
import Testing

@testable import Relay

@Suite struct ProgressTests {
  @Test func `only what has nothing unfinished before it counts`() {
    var progress = Progress()
    let numbers = (1...3).map { progress.start(size: 10, confirms: LSN(rawValue: $0 * 10)) }
    #expect(numbers == [0, 1, 2])
    #expect(progress.bytesInFlight == 30)
    progress.finish(2)
    progress.finish(1)
    #expect(progress.flushed == .zero)
    #expect(progress.bytesInFlight == 30)
    progress.finish(0)
    #expect(progress.flushed == LSN(rawValue: 30))
    #expect(progress.bytesInFlight == 0)
    #expect(progress.isIdle)
    #expect(progress.start(size: 1, confirms: .zero) == 3, "numbers go on")
  }

  @Test func `with something in flight the stream's own position does not count`() {
    var progress = Progress(flushed: LSN(rawValue: 5))
    let number = progress.start(size: 1, confirms: LSN(rawValue: 10))
    progress.advance(to: LSN(rawValue: 100))
    #expect(progress.flushed == LSN(rawValue: 5))
    progress.finish(number)
    #expect(progress.flushed == LSN(rawValue: 10))
    progress.advance(to: LSN(rawValue: 100))
    #expect(progress.flushed == LSN(rawValue: 100))
    progress.advance(to: LSN(rawValue: 50))
    #expect(progress.flushed == LSN(rawValue: 100))
  }

  /// Batches that finish in any order, against the definition.
  @Test(arguments: 0..<40 as Range<UInt64>)
  func `confirmed never passes an unfinished batch and never goes back`(seed: UInt64) {
    var random = Randomness(seed: seed)
    var progress = Progress()
    var batches: [(confirms: UInt64, size: Int, isDone: Bool)] = []
    var last: UInt64 = 0
    var highest: UInt64 = 0
    for _ in 0..<500 {
      let open = batches.indices.filter { !batches[$0].isDone }
      if open.isEmpty || Bool.random(using: &random) {
        // Mostly rising, now and then as after a reconnect.
        highest =
          Int.random(in: 0..<10, using: &random) == 0 ? highest / 2 : highest + UInt64.random(in: 0...9, using: &random)
        let size = Int.random(in: 1...100, using: &random)
        let number = progress.start(size: size, confirms: LSN(rawValue: highest))
        #expect(number == batches.count)
        batches.append((highest, size, false))
      } else if let number = open.randomElement(using: &random) {
        progress.finish(number)
        batches[number].isDone = true
      }
      let done = batches.prefix { $0.isDone }
      #expect(progress.flushed.rawValue == done.map(\.confirms).max() ?? 0)
      #expect(progress.bytesInFlight == batches.dropFirst(done.count).map(\.size).reduce(0, +))
      #expect(progress.flushed.rawValue >= last)
      last = progress.flushed.rawValue
    }
  }
}

@Suite struct BackoffTests {
  @Test func `pauses grow to half a minute and start small again`() {
    var backoff = Backoff()
    var ceiling = Backoff.first
    for _ in 0..<20 {
      let pause = backoff.next()
      #expect(pause <= ceiling)
      #expect(pause >= ceiling * 0.1)
      ceiling = min(ceiling * 2, Backoff.longest)
    }
    #expect(ceiling == .seconds(30))
    backoff.reset()
    #expect(backoff.next() <= .milliseconds(200))
  }
}

@Suite struct ShutdownDetectorTests {
  private let start = ContinuousClock.now

  /// Asks in a form that `#expect` can take.
  private func ask(
    _ detector: inout ShutdownDetector, _ questions: Int, at position: UInt64 = 5, heartbeat: Duration = .seconds(10),
    after time: Duration = .zero
  ) -> Bool {
    detector.isShuttingDown(
      after: questions, at: LSN(rawValue: position), heartbeat: heartbeat, now: start + time)
  }

  @Test func `questions at one position over a while mean a shutdown`() {
    var detector = ShutdownDetector()
    for _ in 0..<100 {
      #expect(ask(&detector, 1) == false, "the sink may take a moment")
    }
    #expect(ask(&detector, 1, after: ShutdownDetector.patience - .milliseconds(1)) == false)
    #expect(ask(&detector, 1, after: ShutdownDetector.patience) == true)
    #expect(ask(&detector, 50, at: 6, after: ShutdownDetector.patience) == false, "the stream moves on")
  }

  @Test func `few questions, or questions far apart, mean nothing`() {
    var few = ShutdownDetector()
    var apart = ShutdownDetector()
    #expect(ask(&few, 1) == false)
    #expect(ask(&apart, 1000, heartbeat: .milliseconds(10)) == false)
    #expect(ask(&few, ShutdownDetector.limit - 2, after: ShutdownDetector.patience) == false)
    #expect(ask(&few, 1, after: ShutdownDetector.patience) == true)
    #expect(ask(&apart, 1000, heartbeat: .milliseconds(10), after: ShutdownDetector.patience) == false)
  }
}
