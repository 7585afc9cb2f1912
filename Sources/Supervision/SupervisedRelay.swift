// SPDX-License-Identifier: Apache-2.0

import Logging
import Operations
package import PostgresWire
package import Relay
import Settings
import Synchronization

/// A relay of a process: it is run, and run again when it fails, with pauses that grow.
package final class SupervisedRelay: Sendable {
  /// Pauses lie between these, the first about as long as a person takes to read why.
  private static let (shortest, longest): (Duration, Duration) = (.seconds(1), .seconds(300))
  /// Who has run so long has not failed at the start.
  private static let trial: Duration = .seconds(60)

  package let planned: PlannedRelay
  package let board: StatusBoard
  package let observer: RelayObserver
  package let control = RunControl()
  private let isOver = Atomic(false)

  init(_ planned: PlannedRelay, isObserved: Bool) {
    self.planned = planned
    board = StatusBoard(isDetailed: isObserved)
    let source = planned.settings.source
    observer = RelayObserver(board, control, watch: SlotWatch(database: source.database, slot: source.slot))
  }

  /// Whether it has ended for good.
  var hasEnded: Bool { isOver.load(ordering: .acquiring) }

  func stop() { control.stop() }

  func reopen() { control.reopen() }

  /// Runs until it has ended for good; gives why, if that was a failure. Blocks its thread.
  func run() -> Failure? {
    var pause = Self.shortest
    var failures = 0
    defer { isOver.store(true, ordering: .releasing) }
    while true {
      let began = ContinuousClock.now
      do throws(Failure) {
        _ = try RelayRun(planned.settings, control, board, log: planned.log, show: planned.show).run()
        return nil
      } catch {
        guard planned.onFailure == .restart, !control.isStopRequested else { return error }
        if ContinuousClock.now - began >= Self.trial { (pause, failures) = (Self.shortest, 0) }
        failures += 1
        tell(error, failures, pause)
      }
      wait(pause * Double.random(in: 0.75...1.25))
      if control.isStopRequested { return nil }
      pause = min(pause * 2, Self.longest)
    }
  }

  /// The same again and again would fill a log: the first times are said, then each one that doubles their number.
  private func tell(_ failure: Failure, _ count: Int, _ pause: Duration) {
    let words = failure.text(planned.show)
    board.fail(words)
    guard count & (count - 1) == 0 else { return }
    let often = count == 1 ? "" : " (\(count) times in a row)"
    planned.log.error("\(words)\(often); it is started again in about \(pause.inSeconds)")
  }

  private func wait(_ pause: Duration) {
    let deadline = ContinuousClock.now + pause
    while !control.isStopRequested, case let left = deadline - .now, left > .zero {
      control.wait(for: nil, atMost: left)
    }
  }
}
