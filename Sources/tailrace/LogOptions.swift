// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import Logging
import Relay

/// What is said on standard error.
struct LogOptions: ParsableArguments {
  @Option(help: "How much is said on standard error.")
  var logLevel: Logger.Level = .info

  @Option(help: "How it is written: for people, or as a JSON object a line.")
  var logFormat = Messages.Format.text

  func validate() { Messages.use(logFormat) }

  func logger() -> Logger { Self.logger(logLevel) }

  /// - Parameter relay: whose lines they are, which is said where there are several.
  static func logger(_ level: Logger.Level, of relay: String? = nil) -> Logger {
    Logger(label: "tailrace") { _ in MessageHandler(relay: relay, logLevel: level) }
  }
}

extension Logger {
  /// Says what a relay has to say.
  @Sendable func tell(_ notice: Notice) { log(level: notice.level, "\(Flags.text(notice.words))") }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

extension Messages.Format: ExpressibleByArgument {}
