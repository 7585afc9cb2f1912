import Glibc
import IntegrationEvents
import Logging
import Octets
import PostgresWire

/// Writes a line to standard error, whole: `tailrace: error: …`. Where nobody else notes the time, it stands before it. Part of
/// the text may be what a server, a receiver or a row says.
func say(_ text: String) {
  let line = ForeignText(String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 }))
  let bytes = Array("\(Messages.time())tailrace: \(line)\n".utf8)
  _ = unsafe bytes.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
}

/// How things are said on standard error, by the log and at the end alike.
enum Messages {
  /// A terminal is looked at now, and the journal has a clock of its own.
  private static let hasTime = isatty(2) == 0 && Environment["JOURNAL_STREAM"] == nil

  /// Such as `2026-11-27T03:20:52Z ` (ISO 8601), or nothing.
  fileprivate static func time() -> String {
    guard hasTime else { return "" }
    return EventTime(unixMicroseconds: PostgresTimestamp.now.unixMicroseconds).map { "\("\($0)".prefix(19))Z " } ?? ""
  }
}

/// The log's way to standard error.
struct MessageHandler: LogHandler {
  var logLevel = Logger.Level.info
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let details = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
      .map { " \($0.key)=\($0.value)" }.joined()
    say("\(event.level): \(event.message)\(details)")
  }
}
