import ArgumentParser
import IntegrationEvents
import PostgresWire
import Sinks

/// Where events go.
struct SinkOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Where events go: stdout, or file:PATH.", valueName: "sink"))
  var sink = "stdout"

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
    if sink == "stdout" {
      guard rotateSize == nil, rotateInterval == nil else {
        throw ValidationError("--rotate-size and --rotate-interval need --sink file:PATH")
      }
    } else if path == nil {
      throw ValidationError("--sink: '\(sink)' is neither stdout nor file:PATH")
    }
  }

  /// Makes the sink for a stream.
  func make(_ identity: StreamIdentity, _ envelope: EnvelopeEncoder.Envelope) throws(SinkError) -> any Sink {
    guard let path else { return StandardOutputSink() }
    var configuration = FileSink.Configuration(path: path)
    configuration.rotateSize = rotateSize?.bytes
    configuration.rotateInterval = rotateInterval.map { max(1, $0.duration.components.seconds) }
    configuration.synchronizes = fsync == .always
    configuration.linesHaveSequence = envelope == .cloudevents
    return try FileSink(
      configuration,
      origin: StreamOrigin(
        systemIdentifier: identity.systemIdentifier, timeline: identity.timeline, slot: identity.slot))
  }

  private var path: String? {
    guard sink.hasPrefix("file:"), sink.utf8.count > 5 else { return nil }
    return String(sink.dropFirst(5))
  }
}
