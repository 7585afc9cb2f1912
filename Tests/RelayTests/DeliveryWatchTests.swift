// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import Logging
import PostgresWire
import Synchronization
import Testing

@testable import Relay

/// What is told of deliveries, whatever the sink.
struct DeliveryWatchTests {
  /// A sink whose health a test sets.
  private final class PatientSink: Sink {
    private let state = Mutex(DeliveryHealth())

    var health: DeliveryHealth { state.withLock(\.self) }
    func change(_ body: (inout DeliveryHealth) -> Void) { state.withLock { body(&$0) } }
    func submit(_ batch: EventBatch, done: @escaping Done) { done(nil) }
    func close() {}
  }

  /// A watch, its sink, its log and its clock.
  private struct Scene: ~Copyable {
    let sink = PatientSink()
    let lines = LogLines()
    let start = ContinuousClock.now
    var now: ContinuousClock.Instant
    var watch: DeliveryWatch

    init() {
      let lines = lines
      sink.change { $0.destination = "there" }
      now = start
      watch = DeliveryWatch(RelayLog(logger: Logger(label: "test") { _ in lines }, tell: nil), now: start)
    }

    mutating func look(after seconds: Int, isBusy: Bool = true, isFull: Bool = false) -> [String] {
      now += .seconds(seconds)
      watch.look(at: sink, unconfirmed: 12_345_678, isFull: isFull, isBusy: isBusy, delivered: 0, now: now)
      return lines.take()
    }

    func fail(_ reason: String, failures: Int) {
      let (since, now) = (start, now)
      sink.change {
        $0.failures += 1
        $0.lastReason = reason
        $0.trouble = .init(
          reason: reason, failures: failures, since: now,
          oldest: .init(position: EventPosition(commitLSN: 16, ordinal: 1), time: "2026-01-01T00:00:00Z", since: since))
      }
    }
  }

  @Test func `an outage is told of at once, then after ever longer times, and once when it is over`() {
    var scene = Scene()
    #expect(scene.look(after: 1) == [])
    scene.fail("status 503", failures: 1)
    #expect(scene.look(after: 1) == ["delivery to there fails: status 503; it is tried again and again"])
    var told: [Int] = []
    for second in 1...3600 {
      scene.fail("status 503", failures: second)
      let lines = scene.look(after: 1)
      if !lines.isEmpty { told.append(second) }
      if second == 10 {
        #expect(
          lines == [
            """
            delivery to there still fails after 11 s: status 503, 10 attempts; the oldest event of 2026-01-01T00:00:00Z \
            at 0000000000000010-0000000001 has waited 12 s, 11.7 MB of log are not confirmed
            """
          ])
      }
    }
    #expect(told == [10, 30, 70, 150, 310, 630, 1230, 1830, 2430, 3030])
    scene.sink.change { $0.trouble = nil }
    #expect(scene.look(after: 1) == ["delivery to there works again after 60 min, 3600 failed attempts"])
    #expect(scene.look(after: 1) == [])
  }

  @Test func `an outage that ends because all that failed was given up is not told as a recovery`() {
    var scene = Scene()
    scene.fail("status 503", failures: 1)
    _ = scene.look(after: 1)
    scene.sink.change { ($0.trouble, $0.letters.count) = (nil, 1) }
    let lines = scene.look(after: 1)
    #expect(lines.contains { $0.contains("given up") } && !lines.contains { $0.contains("works") }, "\(lines)")
    scene.sink.change { ($0.failures, $0.lastReason, $0.letters.count) = (9, "status 500", 2) }
    let other = scene.look(after: 1)
    #expect(other.contains { $0.contains("given up") } && !other.contains { $0.contains("works") }, "\(other)")
    scene.sink.change { ($0.failures, $0.lastReason, $0.letters.count, $0.delivered) = (10, "status 501", 3, 1) }
    #expect(scene.look(after: 1).contains { $0.hasSuffix("it was tried again and works") })
  }

  @Test func `another reason is told at once, and that nothing more is read`() {
    var scene = Scene()
    scene.fail("status 503", failures: 1)
    _ = scene.look(after: 1)
    scene.fail("status 401", failures: 2)
    let lines = scene.look(after: 1, isFull: true)
    #expect(lines.count == 1)
    #expect(lines.first?.contains("status 401") == true)
    #expect(lines.first?.hasSuffix("nothing more is read until something is delivered") == true)
    scene.fail("status 503", failures: 3)
    #expect(scene.look(after: 1) == [], "it is known")
  }

  @Test func `a receiver that fails every now and then does not fill the log, but a new reason is told`() {
    var scene = Scene()
    var count = 0
    for round in 1...100 {
      scene.fail("status 503", failures: round)
      count += scene.look(after: 1).count
      scene.sink.change { $0.trouble = nil }
      count += scene.look(after: 1, isBusy: false).count
    }
    #expect(count < 30, "in 200 s")
    scene.fail("status 401", failures: 1)
    #expect(scene.look(after: 1).first?.contains("status 401") == true)
  }

  @Test func `a failure that is over before anybody looks is told in one line`() {
    var scene = Scene()
    scene.sink.change { ($0.failures, $0.lastReason) = (3, "status 500") }
    #expect(scene.look(after: 1) == ["delivery to there failed: status 500; it was tried again and works"])
  }

  @Test func `a sink that takes nothing and refuses nothing is told of, and when it goes on`() {
    var scene = Scene()
    _ = scene.look(after: 0)
    #expect(scene.look(after: 29) == [])
    #expect(scene.look(after: 1).first?.hasPrefix("there has taken nothing for 30 s, and has not refused it") == true)
    #expect(scene.look(after: 20) == [])
    #expect(scene.look(after: 10).count == 1)
    scene.sink.change { $0.delivered = 1 }
    #expect(scene.look(after: 1) == ["delivery to there goes on after 61 s"])
    // One that has nothing to do takes nothing either.
    #expect(scene.look(after: 1, isBusy: false) == [])
    #expect(scene.look(after: 500, isBusy: false) == [])
  }

  @Test func `a file that cannot be used any more is told of once, and again when it is well, each time`() {
    var scene = Scene()
    for _ in 1...2 {
      scene.sink.change { $0.complaints = ["token": "the file is empty"] }
      #expect(scene.look(after: 1) == ["token: the file is empty; what was there before is used"])
      #expect(scene.look(after: 60, isBusy: false) == [])
      scene.sink.change { $0.complaints["key"] = "it is too long" }
      #expect(scene.look(after: 1) == ["key: it is too long; what was there before is used"])
      scene.sink.change { $0.complaints = [:] }
      #expect(scene.look(after: 1) == ["key: can be used again", "token: can be used again"])
    }
  }

  @Test func `what makes delivery doubtful is told once, and again when it is something else`() {
    var scene = Scene()
    scene.sink.change { $0.doubt = "it keeps nothing" }
    #expect(scene.look(after: 1) == ["there: it keeps nothing"])
    #expect(scene.look(after: 60, isBusy: false) == [])
    scene.sink.change { $0.doubt = nil }
    #expect(scene.look(after: 1) == [])
    scene.sink.change { $0.doubt = "it keeps nothing" }
    #expect(scene.look(after: 1) == [])
    scene.sink.change { $0.doubt = "it keeps half" }
    #expect(scene.look(after: 1) == ["there: it keeps half"])
  }

  @Test func `dead letters are told of, many of them in few lines, and a remark once`() {
    var scene = Scene()
    var lines: [String] = []
    for number in 1...120 {
      scene.sink.change {
        $0.letters.count = number
        $0.letters.reason = "status 422"
        $0.remark = "its answers have bare line feeds"
      }
      lines += scene.look(after: 1)
    }
    #expect(lines.filter { $0.contains("bare line feeds") } == ["there: its answers have bare line feeds"])
    #expect(lines.count < 10)
    #expect(lines[1].hasSuffix("status 422 went to the dead letters"))
    #expect(lines[2].hasPrefix("10 events went to the dead letters"))
  }
}
