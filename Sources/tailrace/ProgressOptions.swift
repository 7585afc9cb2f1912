// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Dispatch
import Glibc
import Logging
import Relay
import Settings
import Supervision
import Synchronization

/// What is shown of how it goes while it goes.
struct ProgressOptions: ParsableArguments {
  @Flag(help: "Show no line about the progress on a terminal.")
  var quiet = false

  @Option(
    help: ArgumentHelp(
      "Log a line of figures each time after so long, such as 1m. Default: never.", valueName: "duration"))
  var reportInterval: TimeSpan?

  /// Begins to show what the relays of a process put up, until it ends; a line that changes is for one relay.
  func begin(_ supervisor: Supervisor, _ log: Logger) {
    let hasOne = supervisor.relays.count == 1
    if let reportInterval, log.logLevel <= .info {
      let progress = Mutex<[String: Progress]>([:])
      ProgressTimer.start(every: reportInterval.duration) { _ in
        for relay in supervisor.relays {
          let name = relay.planned.name
          let words = progress.withLock { $0[name, default: Progress()].report(relay.board.current) }
          say("info: \(words)", of: hasOne ? nil : name)
        }
      }
    }
    guard hasOne, let relay = supervisor.relays.first else { return }
    var live = self
    live.reportInterval = nil
    live.begin(relay.board, relay.planned.settings.sink, log)
  }

  /// Begins to show what a relay puts up, until the process ends.
  func begin(_ board: StatusBoard, _ sink: SinkSettings, _ log: Logger) {
    if let reportInterval {
      // As often as it was asked for, however alike the lines are.
      if log.logLevel <= .info {
        ProgressTimer.start(every: reportInterval.duration) { progress in say("info: \(progress.report(board.current))")
        }
      }
    }
    guard !quiet, Messages.isTerminal, (try? sink.place()) != .standardOutput else { return }
    ProgressTimer.start(every: .milliseconds(500)) { progress in Messages.showLive(progress.line(board.current)) }
  }
}

/// Does something about progress again and again, on a thread of the system's, until the process ends.
private final class ProgressTimer: Sendable {
  private let progress = Mutex(Progress())
  private let body: @Sendable (inout Progress) -> Void
  private let pause: DispatchTimeInterval

  private init(_ pause: Duration, _ body: @escaping @Sendable (inout Progress) -> Void) {
    self.body = body
    self.pause = .milliseconds(Int(clamping: Int64(pause.seconds * 1000)))
  }

  static func start(every pause: Duration, _ body: @escaping @Sendable (inout Progress) -> Void) {
    ProgressTimer(pause, body).wait()
  }

  private func wait() {
    DispatchQueue.global().asyncAfter(deadline: .now() + pause) {
      self.progress.withLock { self.body(&$0) }
      self.wait()
    }
  }
}
