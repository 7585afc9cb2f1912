// SPDX-License-Identifier: Apache-2.0

import Octets
import PostgresWire
import Relay

/// What a service manager is to be told, and when; each member is a message of systemd's protocol.
///
/// Source: systemd, sd_notify(3), sd_watchdog_enabled(3).
struct ServiceReport {
  /// What is seen of a relay at one moment.
  struct Sight {
    var name: String
    var status: RelayStatus
    /// Whether a new output has been asked for and is not begun.
    var isReopening = false
    /// Whether its loop waits for the disk, which takes as long as it takes.
    var isAtDisk = false
  }

  /// How long somebody who has asked for a reload waits for relays that have no stream just now.
  private static let reloadPatience: Duration = .seconds(30)
  /// Longer words are cut.
  private static let mostCharacters = 400

  private var judges: [StallJudge]
  private var hasBegun: [Bool]
  private var isReady = false
  private var isStopping = false
  private var reloadingSince: ContinuousClock.Instant?
  /// Whether what a reload reads has not been read yet.
  private var isReading = false
  private var words = ""
  /// What could not be told and still counts.
  private var untold: [String] = []
  private var last: ContinuousClock.Instant
  private let patience: Duration?

  /// Makes the report of so many relays.
  ///
  /// - Parameter patience: after how long the manager ends a process that gives no sign of life; nil for never.
  init(_ count: Int, patience: Duration?, now: ContinuousClock.Instant = .now) {
    judges = Array(repeating: StallJudge(), count: count)
    hasBegun = Array(repeating: false, count: count)
    self.patience = patience
    last = now
  }

  /// There are other relays now, or others as well. What was told stands.
  mutating func replace(by count: Int) {
    judges = Array(repeating: StallJudge(), count: count)
    hasBegun = Array(repeating: false, count: count)
  }

  /// Whether it is time for a closer look than usual.
  var isExpectant: Bool { !untold.isEmpty || !isStopping && (!isReady || reloadingSince != nil) }

  /// The manager could not be told, for its socket was not there or full. All but a sign of life and the beginning of a reload is
  /// told with what comes next: a start that is never told ends in the end of a relay that is well.
  mutating func missed(_ message: String) {
    let lines = message.split(separator: "\n").map(String.init)
    untold += lines.filter { line in ["READY=", "STOPPING=", "STATUS="].contains { line.hasPrefix($0) } }
    let newest = untold.last { $0.hasPrefix("STATUS=") }
    untold = untold.filter { !$0.hasPrefix("STATUS=") }.reduce(into: []) { lines, line in
      if !lines.contains(line) { lines.append(line) }
    }
    if let newest { untold.append(newest) }
  }

  /// Takes a look at the relays in, and gives what is to be told; nil when nothing is.
  ///
  /// - Parameter diskSince: since when somebody in this process has waited for the disk; nil where nobody does.
  mutating func look(
    _ relays: [Sight], diskSince: ContinuousClock.Instant?, now: ContinuousClock.Instant = .now
  ) -> String? {
    var lines = untold
    untold = []
    for (index, relay) in relays.enumerated() where [.streaming, .standby].contains(relay.status.phase) {
      hasBegun[index] = true
    }
    if !isReady, !isStopping, areUnderWay(relays) {
      isReady = true
      lines.append("READY=1")
    }
    if let since = reloadingSince,
      !isReading && !relays.contains(where: \.isReopening) || now - since >= Self.reloadPatience
    {
      reloadingSince = nil
      lines.append("READY=1")
    }
    if let patience, isReady, relays.allSatisfy({ isAlive($0, patience, diskSince, now) }) {
      lines.append("WATCHDOG=1")
    }
    let words = words(of: relays, now)
    if !isStopping, words != self.words {
      self.words = words
      lines.removeAll { $0.hasPrefix("STATUS=") }
      lines.append("STATUS=\(words)")
    }
    last = now
    return lines.isEmpty ? nil : lines.joined(separator: "\n")
  }

  /// A reload has been asked for; nil where the manager need not know.
  ///
  /// - Parameter clock: the microseconds of the system's monotonic clock.
  mutating func reloading(clock: Int64, now: ContinuousClock.Instant = .now) -> String? {
    isReading = true
    guard isReady, !isStopping else { return nil }
    reloadingSince = now
    return "RELOADING=1\nMONOTONIC_USEC=\(clock)"
  }

  /// What a reload reads has been read.
  mutating func reloaded() { isReading = false }

  /// It is about to end, which may take so long; nil if that has been told.
  mutating func stopping(within limit: Duration) -> String? {
    guard !isStopping else { return nil }
    isStopping = true
    reloadingSince = nil
    words = "delivers what has been read, in order to end"
    return "STOPPING=1\nEXTEND_TIMEOUT_USEC=\(limit.microseconds)\nSTATUS=\(words)"
  }

  /// There is nothing more to do.
  mutating func ended() -> String {
    isStopping = true
    return "STOPPING=1\nSTATUS=has ended"
  }

  /// Whether one has a stream, and each other one has had one too, or has failed and is tried again. One that is wrong must not
  /// keep the manager from handing over a reload, by which it would be mended, while others deliver. As long as nobody has had
  /// a stream, nothing is delivered that a restart would interrupt.
  private func areUnderWay(_ relays: [Sight]) -> Bool {
    hasBegun.contains(true)
      && zip(relays, hasBegun).allSatisfy { $1 || $0.status.phase == .ended || $0.status.lastFailure != nil }
  }

  /// Each was asked at the last look how it stands. Whose loop turns has told since then.
  /// One that waits for the disk does so as long as that takes; so does one that has been silent since somebody else waits for it,
  /// for it may want what that one holds. Waits of others that have begun since are no excuse.
  private func isAlive(
    _ relay: Sight, _ patience: Duration, _ diskSince: ContinuousClock.Instant?, _ now: ContinuousClock.Instant
  ) -> Bool {
    let status = relay.status
    // One that waits until others have ended has no loop yet.
    return status.phase == .ended || status.waitsFor != nil || relay.isAtDisk || status.time >= last
      || now - status.time <= patience / 2
      || diskSince.map { $0 <= status.time + patience / 2 } ?? false
  }

  private mutating func words(of relays: [Sight], _ now: ContinuousClock.Instant) -> String {
    var (unwell, well): ([String], [String]) = ([], [])
    for (index, relay) in relays.enumerated() {
      let verdict = judges[index].judge(relay.status, nil, silence: nil, asked: now, now: now)
      let letters = relay.status.counts.deadLetters + relay.status.counts.keptEvents + relay.status.keptRows
      let counts = ", \(relay.status.deliveredEvents) events" + (letters > 0 ? ", \(letters) dead letters" : "")
      let text = (relays.count > 1 ? "\(relay.name) " : "") + "\(verdict.state.rawValue): \(verdict.reason)\(counts)"
      let shown = "\(ForeignText(text.replacing("\n", with: " ")))"
      if verdict.isReady { well.append(shown) } else { unwell.append(shown) }
    }
    return Self.line(unwell, well)
  }

  /// One line: first what is not well, of which each has a part of the room, then the rest, or how many they are.
  private static func line(_ unwell: [String], _ well: [String]) -> String {
    let parts = unwell + well
    guard parts.reduce(0, { $0 + $1.count + 2 }) > mostCharacters else { return parts.joined(separator: "; ") }
    let share = max(mostCharacters / max(1, min(unwell.count, 4)) - 30, 60)
    var (shown, room): ([String], Int) = ([], mostCharacters - 40)
    for part in unwell {
      let text = part.count <= share ? part : "\(part.prefix(share))…"
      guard text.count + 2 <= room else { break }
      room -= text.count + 2
      shown.append(text)
    }
    let unsaid = unwell.count - shown.count
    if unsaid > 0 { shown.append("\(unsaid) more not well") }
    if !well.isEmpty { shown.append("\(well.count) well") }
    return shown.joined(separator: "; ")
  }
}

extension Duration {
  /// Whole microseconds.
  fileprivate var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
