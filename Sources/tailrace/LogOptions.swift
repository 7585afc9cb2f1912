public import ArgumentParser
public import Logging
import Octets

/// What is said on standard error.
struct LogOptions: ParsableArguments {
  @Option(help: "How much is said on standard error.")
  var logLevel: Logger.Level = .info

  func logger() -> Logger {
    Logger(label: "tailrace") { _ in MessageHandler(logLevel: logLevel) }
  }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

/// Writes messages as they may be shown, whatever a server, a receiver or a row has put into them.
private struct ShownLog: LogHandler {
  var inner: StreamLogHandler

  var logLevel: Logger.Level {
    get { inner.logLevel }
    set { inner.logLevel = newValue }
  }

  var metadata: Logger.Metadata {
    get { inner.metadata }
    set { inner.metadata = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { inner[metadataKey: key] }
    set { inner[metadataKey: key] = newValue }
  }

  func log(event: LogEvent) {
    var event = event
    event.message = "\(ForeignText(event.message.description).description)"
    inner.log(event: event)
  }
}
