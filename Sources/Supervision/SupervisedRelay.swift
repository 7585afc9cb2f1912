// SPDX-License-Identifier: Apache-2.0

import Files
import Logging
import Operations
package import PostgresWire
package import Relay
import Settings
import Synchronization

/// A relay of a process: it is run, and run again when it fails, with pauses that grow.
package final class SupervisedRelay: Sendable {
  private struct State {
    /// Whether it has failed, and is to be run again.
    var isPausing = false
    /// Whether the pause is to end now.
    var isHastened = false
    var hasEnded = false
    /// How often no thread was there for it.
    var misses = 0
    var isStopping = false
    /// What becomes of the others when it fails.
    var onFailure: FailurePolicy
  }

  /// Pauses lie between these, the first about as long as a person takes to read why.
  private static let (shortest, longest): (Duration, Duration) = (.seconds(1), .seconds(300))
  /// Who has run so long has not failed at the start.
  private static let trial: Duration = .seconds(60)

  package let planned: PlannedRelay
  package let board: StatusBoard
  package let observer: RelayObserver
  package let control = RunControl()
  private let state: Mutex<State>
  /// What it has, as it was found at first; a file may have another name by now.
  private let owned: Set<OwnedThing>

  init(_ planned: PlannedRelay, isObserved: Bool) {
    self.planned = planned
    owned = planned.owned
    state = Mutex(State(onFailure: planned.onFailure))
    board = StatusBoard(isDetailed: isObserved)
    let source = planned.settings.source
    observer = RelayObserver(board, control, watch: SlotWatch(database: source.database, slot: source.slot))
  }

  /// Whether it has ended for good.
  var hasEnded: Bool { state.withLock(\.hasEnded) }

  /// Whether it cannot run while another one does.
  func mustWait(for other: SupervisedRelay) -> Bool {
    planned.name == other.planned.name || !owned.isDisjoint(with: other.owned.union(other.planned.owned))
  }

  /// From now on that is so when it fails.
  func take(_ onFailure: FailurePolicy) { state.withLock { $0.onFailure = onFailure } }

  func stop() {
    state.withLock { $0.isStopping = true }
    control.stop()
  }

  func reopen() { control.reopen() }

  /// Ends the pause after a failure; false where there is none.
  func hasten() -> Bool {
    let isPausing = state.withLock { state in
      state.isHastened = state.isPausing
      return state.isPausing
    }
    if isPausing { control.askForStatus() }
    return isPausing
  }

  /// Runs on a thread of its own; false when there is none, and it has not begun.
  func start(then done: @escaping @Sendable (Failure?) -> Void) -> Bool {
    guard let reason = OwnThread.start({ done(self.run()) }) else { return true }
    let count = state.withLock { state in
      state.misses += 1
      return state.misses
    }
    tell("no thread can be started: \(reason.textInSentence); let the process have more", count, .seconds(1))
    return false
  }

  /// Runs until it has ended for good; gives why, if that was a failure. Blocks its thread.
  private func run() -> Failure? {
    var pause = Self.shortest
    var failures = 0
    board.begin()
    defer { state.withLock { $0.hasEnded = true } }
    while true {
      let began = ContinuousClock.now
      do throws(Failure) {
        _ = try RelayRun(planned.settings, control, board, log: planned.log, show: planned.show).run()
        if control.isStopRequested, !state.withLock(\.isStopping) { loseReader() }
        return nil
      } catch {
        if error.kind == .readerGone {
          loseReader()
          return nil
        }
        guard state.withLock(\.onFailure) == .restart, !control.isStopRequested else { return error }
        if ContinuousClock.now - began >= Self.trial { (pause, failures) = (Self.shortest, 0) }
        failures += 1
        state.withLock { ($0.isPausing, $0.isHastened) = (true, false) }
        tell(error.text(planned.show), failures, pause)
      }
      let isHastened = wait(pause * Double.random(in: 0.75...1.25))
      if control.isStopRequested { return nil }
      if isHastened { failures = 0 }
      pause = isHastened ? Self.shortest : min(pause * 2, Self.longest)
    }
  }

  /// Whoever read its output has gone: it ends, and is not started again, since nobody would come back to that output.
  private func loseReader() {
    let words = "whoever read its output has gone, so it has ended"
    board.fail(words)
    planned.log.warning("\(words); it is started again at SIGHUP")
  }

  /// The same again and again would fill a log: the first times are said, then each one that doubles their number.
  private func tell(_ words: String, _ count: Int, _ pause: Duration) {
    board.fail(words)
    guard count & (count - 1) == 0 else { return }
    let often = count == 1 ? "" : " (\(count) times in a row)"
    planned.log.error("\(words)\(often); it is started again in about \(pause.inSeconds)")
  }

  /// Waits after a failure; tells whether somebody has ended that.
  private func wait(_ pause: Duration) -> Bool {
    let deadline = ContinuousClock.now + pause
    while !control.isStopRequested, !state.withLock(\.isHastened), case let left = deadline - .now, left > .zero {
      control.wait(for: nil, atMost: left)
    }
    return state.withLock { state in
      state.isPausing = false
      return state.isHastened
    }
  }
}
