// SPDX-License-Identifier: Apache-2.0

import Delivery
import Files
package import Operations
package import PostgresWire
package import Relay
import Synchronization

/// Looks at a relay and at its slot when somebody asks, and remembers what was seen.
///
/// Nothing is done while nobody asks. Those who ask at the same time share one look.
package final class RelayObserver: Sendable {
  private struct Memory {
    var last: (observation: Observation, began: ContinuousClock.Instant)?
    var look: (result: Result<SlotLook, Failure>, asked: ContinuousClock.Instant)?
    var judge = StallJudge()
    var history = TrendHistory()
    var delivered = KindLedger()
  }

  /// The server is not asked more often.
  private static let spacing: Duration = .milliseconds(900)
  /// How long to look again and again before a stall is believed.
  private static let doubt: Duration = .milliseconds(4500)
  /// How long a loop may take to put up how it stands.
  private static let loopPatience: Duration = .seconds(3)

  package let board: StatusBoard
  private let control: RunControl
  private let watch: SlotWatch?
  private let memory = Mutex(Memory())
  private let queue = OwnQueue()
  private let loopQueue = OwnQueue()

  /// Observes the relay that has this board.
  ///
  /// - Parameter watch: how its slot is looked at; nil to ask the relay alone.
  package init(_ board: StatusBoard, _ control: RunControl, watch: SlotWatch?) {
    (self.board, self.control, self.watch) = (board, control, watch)
  }

  /// The slot that is looked at; empty for none.
  var slot: String { watch?.slot ?? "" }

  /// Observes on a thread of its own.
  package func observe(_ done: @escaping @Sendable (Observation) -> Void) {
    let asked = ContinuousClock.now
    queue.async { done(self.observation(asked)) }
  }

  /// Whether the loop turns; asked on a thread of its own, so that a server that does not answer holds nobody up.
  package func isLoopTurning(_ done: @escaping @Sendable (Bool) -> Void) {
    loopQueue.async { done(self.hasTurned()) }
  }

  private func hasTurned() -> Bool {
    let status = board.current
    guard status.phase == .streaming || status.phase == .draining, ContinuousClock.now - status.time > .seconds(1)
    else { return true }
    return refresh(within: Self.loopPatience) || ContinuousClock.now - board.current.time < StallJudge.patience
  }

  /// Has the relay put up how it stands now; false when it does not.
  private func refresh(within patience: Duration) -> Bool {
    let asked = ContinuousClock.now
    control.askForStatus()
    while board.current.time < asked {
      guard ContinuousClock.now - asked < patience else { return false }
      Wakeup.sleep(.milliseconds(2))
    }
    return true
  }

  private func observation(_ asked: ContinuousClock.Instant) -> Observation {
    if let last = memory.withLock(\.last), last.began >= asked { return last.observation }
    let began = ContinuousClock.now
    while true {
      let round = ContinuousClock.now
      // While it connects, nobody is there who could put anything up.
      _ = refresh(within: board.current.phase == .streaming ? .seconds(1) : .milliseconds(50))
      look()
      let (found, isUnsure) = memory.withLock { observe(&$0) }
      memory.withLock { $0.last = (found, round) }
      let status = found.status
      let isLongSilent = status.heard.map { ContinuousClock.now - $0 >= StallJudge.patience } ?? false
      guard isUnsure, isLongSilent, found.verdict.isReady, ContinuousClock.now - began < Self.doubt else {
        return found
      }
      Wakeup.sleep(.milliseconds(500))
      memory.withLock { $0.look = nil }
    }
  }

  /// Asks the server, unless that was done just now.
  private func look() {
    guard let watch,
      memory.withLock({ memory in memory.look.map { ContinuousClock.now - $0.asked >= Self.spacing } ?? true })
    else { return }
    let asked = ContinuousClock.now
    let result: Result<SlotLook, Failure>
    do throws(Failure) { result = .success(try watch.look()) } catch { result = .failure(error) }
    memory.withLock { $0.look = (result, asked) }
  }

  private func observe(_ memory: inout Memory) -> (Observation, isUnsure: Bool) {
    let now = ContinuousClock.now
    let status = board.current
    var (look, silence): (SlotLook?, String?) = (nil, nil)
    switch memory.look?.result {
    case .success(let found): look = found
    case .failure(let failure): silence = "\(failure.what)"
    case nil: break
    }
    let verdict = memory.judge.judge(
      status, look, silence: silence, asked: memory.look?.asked ?? now, now: now)
    var observation = Observation(status: status, look: look, silence: silence, verdict: verdict)
    observation.trend = memory.history.add(
      .init(
        time: now, events: status.deliveredEvents, bytes: status.counts.deliveredBytes, confirmed: status.confirmed,
        end: look?.end, serverTime: look?.serverTime), observation.ladder)
    (observation.delivered, observation.letters) = memory.delivered.split(status.counts)
    return (observation, memory.judge.isUnsure)
  }
}
