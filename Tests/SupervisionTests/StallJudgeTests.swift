// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import Operations
import PostgresWire
import Relay
import Testing

@testable import Supervision

/// When a relay counts as standing still.
struct StallJudgeTests {
  /// A relay that streams, its server, and a clock.
  private struct Scene {
    var judge = StallJudge()
    var status = RelayStatus()
    var look: SlotLook?
    var silence: String?
    var now = ContinuousClock.now

    init() {
      status.phase = .streaming
      status.identity = StreamIdentity(systemIdentifier: "1", timeline: 1, database: "d", slot: "s", publication: "p")
      status.received = LSN(rawValue: 1000)
      status.confirmed = LSN(rawValue: 1000)
      status.heard = now
      look = SlotLook(end: LSN(rawValue: 1000), serverTime: 0)
      look?.walsender = .init(process: 7, sent: LSN(rawValue: 1000), wait: "WalSenderWaitForWAL", lag: nil)
    }

    mutating func judge(after seconds: Int = 0) -> Verdict {
      now += .seconds(seconds)
      return judge.judge(status, look, silence: silence, asked: now, now: now)
    }
  }

  @Test func `silence alone is no stall`() {
    var scene = Scene()
    for _ in 0..<60 { #expect(scene.judge(after: 10).state == .idle) }
  }

  @Test func `a walsender that waits although there is something is a stall once nothing has been heard for long`() {
    var scene = Scene()
    scene.look?.end = LSN(rawValue: 5000)
    #expect(scene.judge(after: 1).isReady)
    #expect(scene.judge(after: 10).isReady)
    let verdict = scene.judge(after: 10)
    #expect(verdict.state == .stalled && !verdict.isReady && verdict.reason.contains("process 7"))
    scene.status.received = LSN(rawValue: 5000)
    scene.status.counts.receivedBytes += 1
    #expect(scene.judge(after: 1).isReady)
  }

  @Test func `after a long silence a second look soon after tells`() {
    var scene = Scene()
    scene.now += .seconds(600)
    scene.look?.end = LSN(rawValue: 5000)
    #expect(scene.judge().isReady && scene.judge.isUnsure)
    #expect(scene.judge(after: 2).isReady)
    #expect(!scene.judge(after: 3).isReady)
  }

  @Test func `a walsender that reads on, or works, is none`() {
    var scene = Scene()
    scene.look?.end = LSN(rawValue: 1 << 40)
    for step in 0..<30 {
      scene.look?.walsender?.sent = LSN(rawValue: UInt64(2000 + step))
      #expect(scene.judge(after: 5).isReady)
    }
    for step in 0..<30 {
      scene.look?.walsender?.wait = step % 2 == 0 ? nil : "ReorderBufferRead"
      #expect(scene.judge(after: 5).isReady)
    }
  }

  @Test func `what was sent and does not arrive is a stall, whatever else is written`() {
    var scene = Scene()
    for step in 1..<10 {
      let end = LSN(rawValue: UInt64(1000 + step * 1000))
      scene.look?.end = end
      scene.look?.walsender?.sent = end
      let verdict = scene.judge(after: 3)
      #expect(verdict.isReady == (step <= 5), "\(step)")
    }
  }

  @Test func `nothing delivered is a stall only while something is with the sink`() {
    var scene = Scene()
    scene.status.moved = scene.now
    #expect(scene.judge(after: 100).isReady)
    scene.status.batchesInFlight = 1
    scene.status.moved = scene.now
    #expect(scene.judge(after: 10).isReady)
    #expect(!scene.judge(after: 10).isReady)
    scene.status.moved = scene.now
    #expect(scene.judge(after: 1).isReady)
  }

  @Test func `back-pressure that moves on is none, although the server has more`() {
    var scene = Scene()
    scene.status.pausedSince = scene.now
    scene.look?.end = LSN(rawValue: 1 << 40)
    for _ in 0..<60 {
      scene.status.moved = scene.now
      scene.status.batchesInFlight = 3
      let verdict = scene.judge(after: 5)
      #expect(verdict.isReady && verdict.state == .catchingUp)
    }
  }

  @Test func `an event that fails again and again is one, others that heal are none`() {
    var scene = Scene()
    let start = scene.now
    func trouble(stuck: ContinuousClock.Instant) -> DeliveryHealth.Trouble {
      .init(
        reason: "it answered 503", failures: 9, since: start,
        oldest: .init(position: EventPosition(commitLSN: 1, ordinal: 1), time: "", since: start), stuckSince: stuck)
    }
    scene.now += .seconds(60)
    scene.status.health.trouble = trouble(stuck: scene.now - .seconds(2))
    #expect(scene.judge().isReady)
    (scene.status.batchesInFlight, scene.status.moved) = (1, scene.now - .seconds(20))
    #expect(scene.judge().reason.contains("has taken nothing for 20 s: it answered 503"))
    scene.status.batchesInFlight = 0
    scene.status.health.trouble = trouble(stuck: scene.now - .seconds(20))
    #expect(scene.judge().reason.contains("503"))
  }

  @Test func `a server that does not answer is one after a while, and a lost slot at once`() {
    var scene = Scene()
    (scene.look, scene.silence) = (nil, "silent")
    #expect(scene.judge(after: 1).isReady)
    #expect(!scene.judge(after: 20).isReady)
    var other = Scene()
    other.look?.walStatus = "lost"
    #expect(other.judge().state == .lost && !other.judge().isReady)
  }

  @Test func `connecting is starting at first, short after a loss it is no stall, later it is`() {
    var scene = Scene()
    scene.status.phase = .connecting
    scene.status.phaseSince = scene.now
    scene.status.lastFailure = "refused"
    #expect(scene.judge(after: 5) == Verdict(.starting, "connects to the server again: refused"))
    #expect(scene.judge(after: 15).state == .stalled)
    scene.status.identity = nil
    #expect(scene.judge().state == .starting && !scene.judge().isReady)
    scene.status.phase = .standby
    #expect(scene.judge() == Verdict(.standby, "another client has the slot"))
  }
}
