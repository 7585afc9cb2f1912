// SPDX-License-Identifier: Apache-2.0

import Dispatch
package import PostgresWire
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
    /// How many threads there are.
    var running = 0
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

  /// Asks the sinks to start new outputs.
  package func reopen() { for relay in relays { relay.reopen() } }

  private func start(_ relay: SupervisedRelay) {
    // A queue of its own has a thread of its own while it blocks.
    DispatchQueue(label: "tailrace.relay.\(relay.planned.name)").async {
      self.finish(relay, relay.run())
    }
  }

  private func finish(_ relay: SupervisedRelay, _ failure: Failure?) {
    let mustStop = state.withLock { state in
      guard let failure, state.end == nil else { return false }
      state.end = End(relay: relay.planned, failure: failure)
      return !state.isStopping
    }
    if mustStop { stop() }
    if state.withLock({ state in
      state.running -= 1
      return state.running == 0
    }) {
      ended.signal()
    }
  }
}
