// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Replication
import Testing

@testable import Operations
@testable import Supervision

/// How a relay stands by what its server says alone.
struct SlotJudgeTests {
  private let start = ContinuousClock.now

  /// A look at a slot that somebody reads from.
  private func look(confirmed: UInt64, end: UInt64) -> SlotLook {
    var look = SlotLook(end: LSN(rawValue: end), serverTime: 0)
    var facts = SlotFacts()
    (facts.plugin, facts.database, facts.confirmed, facts.isActive) = ("pgoutput", "d", LSN(rawValue: confirmed), true)
    (look.database, look.facts) = ("d", facts)
    look.walsender = .init(process: 7, sent: LSN(rawValue: end), wait: nil, lag: nil)
    return look
  }

  private func judge(_ looks: [(second: Int, look: SlotLook)]) -> [Verdict.State] {
    var judge = SlotJudge(slot: "s")
    return looks.map { judge.report($0.look, now: start + .seconds($0.second)).verdict.state }
  }

  @Test func `what has moved is live for a while, and idle again afterwards`() {
    let states = judge([
      (0, look(confirmed: 100, end: 100)), (1, look(confirmed: 200, end: 200)), (5, look(confirmed: 200, end: 200)),
      (20, look(confirmed: 200, end: 200)), (21, look(confirmed: 300, end: 300)),
      (60, look(confirmed: 300, end: 300)),
    ])
    #expect(states == [.idle, .live, .live, .idle, .live, .idle])
  }

  @Test func `work that waits for long is a stall, also when it was seen from the first look on`() {
    let states = judge([
      (0, look(confirmed: 100, end: 5000)), (10, look(confirmed: 100, end: 5000)),
      (30, look(confirmed: 100, end: 5000)), (31, look(confirmed: 5000, end: 5000)),
    ])
    #expect(states == [.live, .live, .stalled, .live])
  }

  @Test func `a slot that nobody can read from is not idle`() {
    var half = look(confirmed: 100, end: 100)
    half.facts?.confirmed = nil
    half.facts?.process = "4711"
    var abandoned = half
    abandoned.facts?.process = nil
    abandoned.facts?.isActive = false
    abandoned.walsender = nil
    var foreign = look(confirmed: 100, end: 100)
    foreign.facts?.plugin = "test_decoding"
    var elsewhere = look(confirmed: 100, end: 100)
    elsewhere.facts?.database = "other"
    var gone = half
    gone.facts = nil
    let all = [half, abandoned, foreign, elsewhere, gone]
    #expect(all.map { judge([(0, $0)])[0] } == [.starting, .down, .down, .down, .lost])
  }
}
