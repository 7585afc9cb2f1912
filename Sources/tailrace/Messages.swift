// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import IntegrationEvents
import Logging
import Octets
import PostgresWire
import Synchronization

/// Writes a line to standard error, whole: `tailrace: error: …`. Where nobody else notes the time, it stands before it. Part of
/// the text may be what a server, a receiver or a row says.
///
/// - Parameter relay: whose line it is, which is said where there are several.
func say(_ text: String, of relay: String? = nil) { Messages.write(text, relay) }

/// How things are said on standard error, by the log and at the end alike.
enum Messages {
  /// How a line is written.
  enum Format: String, CaseIterable, Sendable {
    /// For people.
    case text
    /// A JSON object: `time`, `level`, `message`, and `relay` where there are several.
    case json
  }

  private struct State {
    var format = Format.text
    /// What stands in the terminal's last line, to be written again below what is said.
    var live = ""
    var hasEnded = false
    var namesRelays = false
  }

  /// Whether a person looks at it who can be shown a line that changes.
  static let isTerminal = isatty(2) == 1 && Environment["TERM"] != "dumb"
  /// A terminal is looked at now, and the journal has a clock of its own.
  private static let hasTime = isatty(2) == 0 && Environment["JOURNAL_STREAM"] == nil
  private static let state = Mutex(State())
  private static let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]

  /// From now on lines are written so.
  static func use(_ format: Format) { state.withLock { $0.format = format } }

  /// From now on lines name the relay that they are about: there are several.
  static func nameRelays() { state.withLock { $0.namesRelays = true } }

  /// Shows a line that takes the place of the one before, and stays below what is said.
  static func showLive(_ line: String) {
    state.withLock { state in
      let line = String(line.prefix(max(20, columns - 1)))
      guard !state.hasEnded, line != state.live else { return }
      state.live = line
      put("\r\(ForeignText(line))\u{1B}[K")
    }
  }

  /// Takes the line away that is shown.
  static func endLive() {
    state.withLock { state in
      state.hasEnded = true
      if !state.live.isEmpty { put("\r\u{1B}[K") }
      state.live = ""
    }
  }

  fileprivate static func write(_ text: String, _ relay: String?) {
    let text = withoutPasswords(String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 }))
    state.withLock { state in
      let relay = state.namesRelays ? relay : nil
      let line =
        state.format == .json
        ? json(text, relay) : "\(hasTime ? time() + " " : "")tailrace: \(ForeignText(plain(text, relay)))"
      put(state.live.isEmpty ? line + "\n" : "\r\u{1B}[K\(line)\n\(ForeignText(state.live))\u{1B}[K")
    }
  }

  /// The last door: whatever was quoted, such as a file's name that is the address of a server, no password of it gets out.
  private static func withoutPasswords(_ text: String) -> String {
    text.replacing(/:\/\/([^\/@\s:]*):(?![0-9]+(?:\/|\s|$))\S*@/) { "://\($0.output.1):…@" }
      .replacing(/(?i)\b(passw(?:or)?d|pwd|secret|token)\s*=\s*(?:'(?:[^'\\]|\\.)*'|[^\s'"…;]+)/) { "\($0.output.1)=…" }
  }

  /// Level and message, where a level stands before it.
  private static func parts(_ text: String) -> (level: String?, message: String) {
    let level = levels.first { text.hasPrefix("\($0): ") }
    return (level, level.map { String(text.dropFirst($0.count + 2)) } ?? text)
  }

  /// `error: [orders] …`
  private static func plain(_ text: String, _ relay: String?) -> String {
    guard let relay, case let (level, message) = parts(text) else { return text }
    return "\(level.map { "\($0): " } ?? "")[\(relay)] \(message)"
  }

  private static func json(_ text: String, _ relay: String?) -> String {
    let (level, message) = parts(text)
    let whose = relay.map { ",\"relay\":\(JSONText.string($0))" } ?? ""
    return "{\"time\":\"\(time())\",\"level\":\"\(level ?? "info")\"\(whose),\"message\":\(JSONText.string(message))}"
  }

  private static func put(_ text: String) {
    let bytes = Array(text.utf8)
    _ = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(2, $0.baseAddress, $0.count) }
  }

  /// Such as `2026-11-27T03:20:52Z` (ISO 8601).
  private static func time() -> String {
    EventTime(unixMicroseconds: PostgresTimestamp.now.unixMicroseconds).map { "\("\($0)".prefix(19))Z" } ?? ""
  }

  private static var columns: Int {
    var size = winsize()
    guard unsafe ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}

/// The log's way to standard error.
struct MessageHandler: LogHandler {
  /// Whose lines they are.
  var relay: String?
  var logLevel = Logger.Level.info
  var metadata: Logger.Metadata = [:]

  private static let repeats = Mutex(Repeats())

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let details = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
      .map { " \($0.key)=\($0.value)" }.joined()
    let text = "\(event.level): \(event.message)\(details)"
    let verdict = Self.repeats.withLock { $0.take(text, of: relay) }
    switch verdict {
    case .say: say(text, of: relay)
    case .count(until: let time):
      guard let time else { return }
      let (seconds, attoseconds) = max(.zero, time - .now).components
      let pause = DispatchTimeInterval.milliseconds(Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000) + 1)
      DispatchQueue.global().asyncAfter(deadline: .now() + pause) { Self.summarize(all: false) }
    }
  }

  /// Says how often what was not said came.
  static func summarize(all: Bool) {
    for (text, relay) in repeats.withLock({ $0.summaries(all: all) }) { say(text, of: relay) }
  }
}
