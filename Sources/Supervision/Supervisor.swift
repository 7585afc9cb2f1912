// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Logging
package import PostgresWire
import Relay
import Synchronization

/// The relays of a process: each has a thread of its own, and nothing else in common with the others.
package final class Supervisor: Sendable {
  /// How one of them has ended the process.
  package struct End: Sendable {
    package var relay: PlannedRelay
    package var failure: Failure
  }

  private struct State {
    /// In the order of the configuration.
    var relays: [SupervisedRelay] = []
    /// How many have not ended, those that wait to be started too.
    var running = 0
    /// Those that end because there are other plans for them, or none.
    var leaving: [SupervisedRelay] = []
    /// Those that are started when the ones that leave have ended with which they have something in common.
    var waiting: [SupervisedRelay] = []
    /// Those for which there was no thread.
    var threadless: [SupervisedRelay] = []
    var isStopping = false
    var end: End?

    /// Gives those that need not wait any more.
    mutating func takeStarting() -> [SupervisedRelay] {
      let starting = waiting.filter { relay in !leaving.contains { relay.mustWait(for: $0) } }
      waiting.removeAll { relay in starting.contains { $0 === relay } }
      return starting
    }
  }

  private let state: Mutex<State>
  private let isObserved: Bool
  /// All have ended, or one has found no thread.
  private let news = DispatchSemaphore(value: 0)

  /// Prepares relays, which do not run yet.
  ///
  /// - Parameter isObserved: whether somebody may ask how they stand, so that more is counted.
  package init(_ planned: [PlannedRelay], isObserved: Bool) {
    self.isObserved = isObserved
    state = Mutex(State(relays: planned.map { SupervisedRelay($0, isObserved: isObserved) }))
  }

  /// Those that there are now.
  package var relays: [SupervisedRelay] { state.withLock(\.relays) }

  /// Runs them until all have ended; gives the failure that has ended them, if one has. Blocks its thread.
  package func run() -> End? {
    let relays = state.withLock { state in
      state.running = state.relays.count
      return state.relays
    }
    for relay in relays { start(relay) }
    while true {
      let (isOver, isMissing) = state.withLock { ($0.running == 0, !$0.threadless.isEmpty) }
      if isOver { return state.withLock(\.end) }
      guard isMissing else {
        news.wait()
        continue
      }
      _ = news.wait(timeout: .now() + .seconds(1))
      let relays = state.withLock { state in
        defer { state.threadless = [] }
        return state.threadless
      }
      for relay in relays { start(relay) }
    }
  }

  /// Asks all for an orderly end.
  package func stop() {
    let relays = state.withLock { state in
      state.isStopping = true
      state.running -= state.waiting.count + state.threadless.count
      (state.waiting, state.threadless) = ([], [])
      return state.relays
    }
    for relay in relays { relay.stop() }
    news.signal()
  }

  /// Asks the sinks to start new outputs, and to read certificates again.
  package func reopen() { for relay in relays { relay.reopen() } }

  /// Puts other plans in force: what is the same goes on, with new outputs; what is not is drained and started anew, so that
  /// nothing is lost or comes twice in a file. One that has ended is started, one that pauses after a failure ends its pause.
  /// Nil when nothing is put in force any more, because all end.
  package func reload(_ planned: [PlannedRelay]) -> PlanChange? {
    typealias Step = (PlanChange, [SupervisedRelay], [SupervisedRelay], [SupervisedRelay])
    let step: Step? = state.withLock { state in
      guard !state.isStopping, state.running > 0 else { return nil }
      var change = PlanChange()
      let before = state.relays
      var (kept, fresh): ([SupervisedRelay], [SupervisedRelay]) = ([], [])
      state.relays = planned.map { plan in
        let old = before.first { $0.planned.name == plan.name }
        let isSame = old?.planned.isSame(as: plan) ?? false
        if let old, isSame, !old.hasEnded {
          old.take(plan.onFailure)
          kept.append(old)
          return old
        }
        change.note(plan.name, isNew: old == nil, hadEnded: old?.hasEnded ?? false, isSame: isSame)
        let relay = SupervisedRelay(plan, isObserved: isObserved)
        fresh.append(relay)
        return relay
      }
      let gone = before.filter { old in !state.relays.contains { $0 === old } }
      change.removed = gone.map(\.planned.name).filter { name in !planned.contains { $0.name == name } }
      // What an earlier change has left waiting, and this one has taken back, is not started at all.
      let dropped = state.waiting.filter { relay in gone.contains { $0 === relay } }
      state.waiting.removeAll { relay in dropped.contains { $0 === relay } }
      state.running += fresh.count - dropped.count
      let leaving = gone.filter { relay in !relay.hasEnded && !dropped.contains { $0 === relay } }
      state.leaving += leaving
      state.waiting += fresh
      let starting = state.takeStarting()
      for relay in state.waiting {
        let name = relay.planned.name
        let names = state.leaving.filter { relay.mustWait(for: $0) }.map(\.planned.name)
        relay.board.wait(for: names.map { $0 == name ? "its earlier run" : $0 }.joined(separator: ", "))
        let others = names.filter { $0 != name }
        if !others.isEmpty { change.delayed.append((name, others)) }
      }
      let running = kept.filter { relay in !state.waiting.contains { $0 === relay } }
      return (change, running, leaving, starting)
    }
    guard case .some((var told, let kept, let leaving, let starting)) = step else { return nil }
    for relay in kept { relay.reopen() }
    for relay in kept {
      if relay.hasten() { told.hastened.append(relay.planned.name) } else { told.kept.append(relay.planned.name) }
    }
    for relay in leaving { relay.stop() }
    for relay in starting { start(relay) }
    return told
  }

  private func start(_ relay: SupervisedRelay) {
    guard !relay.start(then: { self.finish(relay, $0) }) else { return }
    let mustEnd = state.withLock { state in
      let mustEnd = state.isStopping || state.leaving.contains { $0 === relay }
      if !mustEnd { state.threadless.append(relay) }
      return mustEnd
    }
    if mustEnd { finish(relay, nil) } else { news.signal() }
  }

  private func finish(_ relay: SupervisedRelay, _ failure: Failure?) {
    let (mustStop, starting, isLast) = state.withLock { state in
      let isLeaving = state.leaving.contains { $0 === relay }
      state.leaving.removeAll { $0 === relay }
      var mustStop = false
      if let failure, isLeaving {
        relay.planned.log.warning("\(failure.text(relay.planned.show))")
      } else if let failure, state.end == nil {
        state.end = End(relay: relay.planned, failure: failure)
        mustStop = !state.isStopping
      }
      let starting = mustStop ? [] : state.takeStarting()
      state.running -= 1
      return (mustStop, starting, state.running == 0)
    }
    if mustStop { stop() }
    for next in starting {
      next.planned.log.notice("it starts, now that \(relay.planned.name) has ended")
      start(next)
    }
    if isLast { news.signal() }
  }
}
