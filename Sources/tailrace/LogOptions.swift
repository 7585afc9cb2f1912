public import ArgumentParser
public import Logging

/// What is said on standard error.
struct LogOptions: ParsableArguments {
  @Option(help: "How much is said on standard error.")
  var logLevel: Logger.Level = .info

  func logger() -> Logger {
    Logger(label: "tailrace") { _ in MessageHandler(logLevel: logLevel) }
  }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
