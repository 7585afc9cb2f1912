// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Testing

@testable import Relay

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
