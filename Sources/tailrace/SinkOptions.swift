import ArgumentParser
import Delivery
import FileDelivery
import IntegrationEvents
import PostgresWire

/// Where events go.
struct SinkOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Where events go: stdout, file:PATH, or an https:// address to post to.", valueName: "sink"))
  var sink = "stdout"

  @OptionGroup(title: "HTTP options") var http: HTTPOptions

  @Option(help: ArgumentHelp("Start a new file before it grows beyond this, such as 100MB.", valueName: "size"))
  var rotateSize: ByteSize?

  @Option(help: ArgumentHelp("Start a new file when it is older than this, such as 1h.", valueName: "duration"))
  var rotateInterval: TimeSpan?

  @Option(
    help: ArgumentHelp(
      "When a file's events are made to survive a crash of the machine: before they are confirmed, or never.",
      valueName: "when"))
  var fsync: Synchronization = .always

  enum Synchronization: String, ExpressibleByArgument, CaseIterable {
    case always, never
  }

  func validate() throws {
    if path == nil, rotateSize != nil || rotateInterval != nil {
      throw ValidationError("--rotate-size and --rotate-interval need --sink file:PATH")
    }
    if isHTTP {
      try http.validate(url: sink)
    } else if sink != "stdout", path == nil {
      throw ValidationError("--sink: '\(sink)' is not stdout, file:PATH or https://…")
    }
  }

  /// Makes the sink for a stream.
  func make(
    _ identity: StreamIdentity, _ envelope: EnvelopeEncoder.Envelope, _ deadLetters: DeadLetterOffice
  ) throws(SinkError) -> any Sink {
    if isHTTP { return try http.make(url: sink, deadLetters: deadLetters) }
    guard let path else { return StandardOutputSink() }
    var configuration = FileSink.Configuration(path: path)
    configuration.rotateSize = rotateSize?.bytes
    configuration.rotateInterval = rotateInterval.map { max(1, $0.duration.components.seconds) }
    configuration.synchronizes = fsync == .always
    configuration.linesHaveSequence = envelope == .cloudevents
    return try FileSink(configuration, of: identity)
  }

  /// Makes a sink for events that come from no stream. They may be older than what a file holds, so a file cannot be one.
  func makeDetached() throws -> any Sink {
    if isHTTP { return try http.make(url: sink, deadLetters: DeadLetterOffice()) }
    guard path == nil else { throw ValidationError("--sink: dead letters go to stdout or an https:// address") }
    return StandardOutputSink()
  }

  var isHTTP: Bool { sink.hasPrefix("http://") || sink.hasPrefix("https://") }

  private var path: String? {
    guard sink.hasPrefix("file:"), sink.utf8.count > 5 else { return nil }
    return String(sink.dropFirst(5))
  }
}
