import Logging
import PostgresWire

/// The log, for words in which settings and commands are data: shown as whoever runs the relay writes them.
struct RelayLog: Sendable {
  let logger: Logger
  let show: @Sendable (Wording) -> String

  func warning(_ words: Wording) { logger.warning("\(show(words))") }

  func notice(_ words: Wording) { logger.notice("\(show(words))") }

  func info(_ words: Wording) { logger.info("\(show(words))") }
}
