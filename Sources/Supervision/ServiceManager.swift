// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Files
package import PostgresWire
package import Relay
import Synchronization

/// Tells the service manager that has started this process how its relays get on: systemd's protocol, without its library.
package final class ServiceManager: Sendable {
  /// A relay that is told of.
  package struct Watched: Sendable {
    var name: String
    var board: StatusBoard
    var control: RunControl
    /// How long its end may wait for deliveries.
    var drain: Duration

    package init(_ name: String, _ board: StatusBoard, _ control: RunControl, drain: Duration) {
      (self.name, self.board, self.control, self.drain) = (name, board, control, drain)
    }
  }

  private struct State {
    var relays: [Watched] = []
    /// Until when those that are not among them any more may still drain.
    var lastDrain = ContinuousClock.now
    var report: ServiceReport
    /// Counts the looks, so that each but the newest one that is waited for is left out.
    var turn = 0
  }

  /// How often it is looked whether all has begun, and whether a reload is done.
  private static let expectantPause: Duration = .milliseconds(200)
  /// How often at least the words about its state follow it.
  private static let longestPause: Duration = .seconds(5)
  /// What an end takes beside the time in which deliveries may be waited for.
  private static let goodbye: Duration = .seconds(15)

  private let socket: DatagramSocket
  /// How long the process may give no sign of life; nil for as long as it likes.
  private let patience: Duration?
  private let onNotice: @Sendable (Wording) -> Void
  private let hasFailed = Atomic(false)
  private let state: Mutex<State>
  private let queue = DispatchQueue(label: "tailrace.service")

  /// Whom the environment names; nil where nobody wants to know.
  ///
  /// - Parameters:
  ///   - process: this process: the time limit may be meant for another one.
  ///   - environment: `NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`.
  ///   - onNotice: hears why nothing can be told.
  package init?(
    process: Int32, environment: (String) -> String?, onNotice: @escaping @Sendable (Wording) -> Void
  ) {
    guard let name = environment("NOTIFY_SOCKET") else { return nil }
    do { socket = try DatagramSocket(to: name) } catch {
      onNotice("NOTIFY_SOCKET: the service manager cannot be told how it goes: \(error.textInSentence)")
      return nil
    }
    let isMeant = environment("WATCHDOG_PID").map { $0 == "\(process)" } ?? true
    let limit = environment("WATCHDOG_USEC").flatMap { Int64($0) }
    patience = isMeant ? limit.flatMap { $0 > 0 ? .microseconds($0) : nil } : nil
    self.onNotice = onNotice
    state = Mutex(State(report: ServiceReport(0, patience: patience)))
  }

  /// Tells from now on how these relays get on; called again when there are others.
  package func watch(_ relays: [Watched]) {
    state.withLock { state in
      for old in state.relays where !relays.contains(where: { $0.board === old.board }) {
        state.lastDrain = max(state.lastDrain, .now + old.drain)
      }
      state.relays = relays
      state.report.replace(by: relays.count)
    }
    look(after: .zero)
  }

  /// A reload has been asked for.
  package func reloading() {
    let clock = SuspendingClock().systemEpoch.duration(to: .now).components
    let microseconds = clock.seconds * 1_000_000 + clock.attoseconds / 1_000_000_000_000
    if let message = state.withLock({ $0.report.reloading(clock: microseconds) }) { send(message) }
  }

  /// It has been read what was to be read, and new outputs have been asked for.
  package func reloaded() {
    state.withLock { $0.report.reloaded() }
    look(after: Self.expectantPause)
  }

  /// It is about to end; what has been read is delivered for as long as the relays of now may take.
  package func stopping() {
    let message = state.withLock { state in
      let drain = max(state.relays.map(\.drain).max() ?? .zero, state.lastDrain - .now)
      return state.report.stopping(within: drain + Self.goodbye)
    }
    if let message { send(message) }
  }

  /// All has been done.
  package func ended() { send(state.withLock { $0.report.ended() }) }

  private func look(after pause: Duration) {
    let turn = state.withLock { state in
      state.turn += 1
      return state.turn
    }
    queue.asyncAfter(deadline: .now() + .milliseconds(Int(pause.seconds * 1000))) {
      if self.state.withLock({ $0.turn == turn }) { self.look() }
    }
  }

  private func look() {
    let (message, relays, isExpectant) = state.withLock { state in
      let sights = state.relays.map { relay in
        let status = relay.board.current
        return ServiceReport.Sight(
          name: relay.name, status: status, isReopening: relay.control.isReopenRequested,
          isAtDisk: status.thread.map(DiskWaits.isWaiting) ?? false)
      }
      let message = state.report.look(sights, diskSince: DiskWaits.oldest)
      return (message, state.relays, state.report.isExpectant)
    }
    if let message { send(message) }
    for relay in relays { relay.control.askForStatus() }
    let pause = isExpectant ? Self.expectantPause : Self.longestPause
    look(after: max(.milliseconds(1), min(pause, (patience ?? pause) / 2)))
  }

  private func send(_ message: String) {
    do throws(SystemFailure) { try socket.send(message) } catch {
      state.withLock { $0.report.missed(message) }
      guard !hasFailed.exchange(true, ordering: .relaxed) else { return }
      onNotice("NOTIFY_SOCKET: the service manager cannot be told how it goes: \(error.textInSentence)")
    }
  }
}
