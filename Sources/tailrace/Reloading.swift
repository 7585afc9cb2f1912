// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Files
import Glibc
import Logging
import PostgresWire
import Supervision
import Synchronization

/// Reads the configuration again while its relays run.
final class Reloading: Sendable {
  /// Who writes a file has done so when it has been the same for so long.
  private static let rest: Duration = .seconds(1)
  /// A file that changes all the time is not waited for longer.
  private static let patience: Duration = .seconds(10)

  private let path: String
  private let options: [String]
  private let supervisor: Supervisor
  private let service: ServiceManager?
  /// What is in force of the process itself.
  private let first: ConfiguredProcess
  private let current: Mutex<ConfiguredProcess>
  /// One after another, beside the thread that hears signals.
  private let queue = OwnQueue()
  private let isAsked = Atomic(false)

  init(
    _ path: String, _ options: [String], _ configured: ConfiguredProcess, _ supervisor: Supervisor,
    _ service: ServiceManager?
  ) {
    (self.path, self.options, self.supervisor, self.service) = (path, options, supervisor, service)
    first = configured
    current = Mutex(configured)
  }

  /// Begins; what is done is said.
  func begin() {
    service?.reloading()
    // One that has not begun does for all who ask before it does.
    guard !isAsked.exchange(true, ordering: .acquiringAndReleasing) else { return }
    queue.async { self.reload() }
  }

  private func reload() {
    isAsked.store(false, ordering: .releasing)
    defer { service?.reloaded() }
    let log = current.withLock(\.log)
    waitUntilWritten()
    do {
      let fresh = try ConfiguredProcess(path, flags: options)
      try RelayRoom.make(for: fresh.relays.count)
      try fresh.checkSpools()
      for warning in fresh.warnings { log.warning("\(warning)") }
      current.withLock { $0 = fresh }
      let left = fresh.changesOfProcess(since: first)
      if !left.isEmpty {
        log.warning("\(path): \(left.joined(separator: ", ")): what has changed there takes a restart")
      }
      if fresh.relays.count > 1 { Messages.nameRelays() }
      guard let change = supervisor.reload(fresh.planned) else {
        return log.notice("\(path) is not used any more: all end")
      }
      service?.watch(supervisor)
      log.notice("\(path) was read again: \(Self.words(change))")
    } catch {
      if let mistakes = error as? Mistakes {
        mistakes.say()
      } else {
        let words = (error as? Failure)?.text { Flags.text($0, [], usesKeys: true) }
        say("error: \(words ?? Tailrace.message(for: error))")
      }
      supervisor.reopen()
      log.warning("\(path) is not used as it is now: what was read before stays in force; new output files are begun")
    }
  }

  private static func words(_ change: PlanChange) -> String {
    let waits = change.delayed.map { ([$0.name], "starts when \($0.others.joined(separator: ", ")) has ended") }
    let added = change.added.filter { name in !change.delayed.contains { $0.name == name } }
    let parts =
      [
        (change.restarted, "is drained, then started anew"), (added, "is started"),
        (change.revived, "had ended, and is started again"), (change.hastened, "was down, and is tried again at once"),
        (change.removed, "is drained, then ends"),
        (change.kept, "goes on, with a new output file and secrets read again"),
      ] + waits
    return parts.filter { !$0.0.isEmpty }.map { "\($0.0.joined(separator: ", ")): \($0.1)" }.joined(separator: "; ")
  }

  /// Waits while somebody writes the file.
  private func waitUntilWritten() {
    let deadline = ContinuousClock.now + Self.patience
    while ContinuousClock.now < deadline {
      guard let status = (try? FileStatus(path: path)) ?? nil, status.isRegular else { return }
      var now = timespec()
      unsafe clock_gettime(CLOCK_REALTIME, &now)
      let age = Int64(now.tv_sec) &* 1_000_000_000 &+ Int64(now.tv_nsec) &- status.touched
      // A clock that was set back tells nothing.
      guard (0..<Self.rest.components.seconds * 1_000_000_000).contains(age) else { return }
      usleep(100_000)
    }
  }
}

extension ConfiguredProcess {
  /// The keys of the process whose values are others than before.
  fileprivate func changesOfProcess(since before: ConfiguredProcess) -> [String] {
    SettingTable.keys.filter { $0.isOfProcess && ofProcess[$0.name]?.values != before.ofProcess[$0.name]?.values }
      .map(\.name)
  }
}
