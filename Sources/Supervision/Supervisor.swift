// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Logging
package import PostgresWire
import Synchronization

/// The relays of a process: each has a thread of its own, and nothing else in common with the others.
package final class Supervisor: Sendable {
  /// How one of them has ended the process.
  package struct End: Sendable {
    package var relay: PlannedRelay
    package var failure: Failure
  }

  /// What other plans have led to, by names.
  package struct Change: Hashable, Sendable {
    package var kept: [String] = []
    package var restarted: [String] = []
    package var added: [String] = []
    package var removed: [String] = []
  }

  private struct State {
    /// In the order of the configuration.
    var relays: [SupervisedRelay] = []
    /// How many have not ended, those that wait to be started too.
    var running = 0
    /// Those that end because there are other plans for them, or none.
    var leaving: Set<ObjectIdentifier> = []
    /// Those that are started when these have ended: they may want the same slot, or the same file.
    var waiting: [SupervisedRelay] = []
    var isStopping = false
    var end: End?
  }

  private let state: Mutex<State>
  private let isObserved: Bool
  private let ended = DispatchSemaphore(value: 0)

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
    ended.wait()
    return state.withLock(\.end)
  }

  /// Asks all for an orderly end.
  package func stop() {
    let relays = state.withLock { state in
      state.isStopping = true
      return state.relays
    }
    for relay in relays { relay.stop() }
  }

  /// Asks the sinks to start new outputs, and to read certificates again.
  package func reopen() { for relay in relays { relay.reopen() } }

  /// Puts other plans in force: what is the same goes on, with new outputs; what is not is drained and started anew, so that
  /// nothing is lost or comes twice in a file.
  package func reload(_ planned: [PlannedRelay]) -> Change {
    let (change, kept, leaving, starting) = state.withLock { state in
      var change = Change()
      guard !state.isStopping, state.running > 0 else {
        return (change, [SupervisedRelay](), [SupervisedRelay](), [SupervisedRelay]())
      }
      let before = state.relays
      var fresh: [SupervisedRelay] = []
      state.relays = planned.map { plan in
        let old = before.first { $0.planned.name == plan.name }
        if let old, old.planned.isSame(as: plan) {
          change.kept.append(plan.name)
          return old
        }
        if old == nil { change.added.append(plan.name) } else { change.restarted.append(plan.name) }
        let relay = SupervisedRelay(plan, isObserved: isObserved)
        fresh.append(relay)
        return relay
      }
      let now = Set(state.relays.map(ObjectIdentifier.init))
      let leaving = before.filter { !now.contains(ObjectIdentifier($0)) && !$0.hasEnded }
      change.removed = before.map(\.planned.name).filter { name in !planned.contains { $0.name == name } }
      state.leaving.formUnion(leaving.map(ObjectIdentifier.init))
      state.running += fresh.count
      // What an earlier change has left waiting, and this one has taken back, is not started at all.
      let dropped = state.waiting.filter { !now.contains(ObjectIdentifier($0)) }
      state.running -= dropped.count
      state.leaving.subtract(dropped.map(ObjectIdentifier.init))
      state.waiting = state.waiting.filter { now.contains(ObjectIdentifier($0)) } + fresh
      let starting = state.leaving.isEmpty ? state.waiting : []
      if state.leaving.isEmpty { state.waiting = [] }
      return (change, state.relays.filter { relay in !fresh.contains { $0 === relay } }, leaving, starting)
    }
    for relay in kept { relay.reopen() }
    for relay in leaving { relay.stop() }
    for relay in starting { start(relay) }
    return change
  }

  private func start(_ relay: SupervisedRelay) {
    // A queue of its own has a thread of its own while it blocks.
    DispatchQueue(label: "tailrace.relay.\(relay.planned.name)").async {
      self.finish(relay, relay.run())
    }
  }

  private func finish(_ relay: SupervisedRelay, _ failure: Failure?) {
    let (mustStop, starting, isLast) = state.withLock { state in
      let isLeaving = state.leaving.remove(ObjectIdentifier(relay)) != nil
      var mustStop = false
      if let failure, isLeaving {
        relay.planned.log.warning("\(failure.text(relay.planned.show))")
      } else if let failure, state.end == nil {
        state.end = End(relay: relay.planned, failure: failure)
        mustStop = !state.isStopping
      }
      var starting: [SupervisedRelay] = []
      if state.leaving.isEmpty { swap(&starting, &state.waiting) }
      state.running -= 1
      if state.isStopping || mustStop {
        state.running -= starting.count
        starting = []
      }
      return (mustStop, starting, state.running == 0)
    }
    if mustStop { stop() }
    for relay in starting { start(relay) }
    if isLast { ended.signal() }
  }
}
