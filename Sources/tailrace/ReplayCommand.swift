import ArgumentParser
import Capture
import Delivery
import IntegrationEvents
import PgOutput
import PostgresWire
import Relay

/// `tailrace replay`: the events of a recording, without a server.
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Delivers the events of a recorded stream, byte for byte as the live stream would have.",
    discussion: """
      Reads files made by tailrace capture, and dumps of pg_logical_slot_peek_binary_changes as lines of lsn|xid|data. \
      A damaged file is delivered as far as it is whole; then the error says where the damage is.
      """)

  @Argument(help: ArgumentHelp("The recording; - reads standard input.", valueName: "path"))
  var path: String

  @OptionGroup var outbox: OutboxOptions
  @OptionGroup var sink: SinkOptions
  @OptionGroup var poison: PoisonOptions
  @OptionGroup var spool: SpoolOptions
  @OptionGroup var logging: LogOptions

  @Option(help: ArgumentHelp("max, or a multiple of the recorded pace such as 1 or 10x.", valueName: "speed"))
  var speed: ReplaySpeed?

  @Option(help: ArgumentHelp("Stop after the transactions committed up to a position.", valueName: "lsn"))
  var until: RelayConfiguration.End?

  @Flag(help: "Check the whole file first and deliver nothing from one that is damaged.")
  var strict = false

  @Option(
    help: ArgumentHelp("The database's name, for the default source, where a dump does not tell.", valueName: "name"))
  var databaseName: String?

  func validate() throws {
    if sink.isHTTP, outbox.envelope != .cloudevents {
      throw ValidationError("--envelope payload: over HTTP, --http-mode binary has the bare payload in the body")
    }
    if until == .now { throw ValidationError("--until: a recording has no present; give a position") }
    if strict, path == "-" { throw ValidationError("--strict needs a file, which is read twice") }
  }

  func run() throws {
    try reportingErrors {
      let control = RunControl()
      Signals.direct(to: control)
      if strict { try Inspection.check(path) }
      var configuration = RelayConfiguration(outbox: try outbox.configuration())
      configuration.envelope = outbox.envelope
      configuration.end = until
      configuration.retries = false
      configuration.spool = spool.configuration()
      let deadLetters = try poison.office(try ConnectionOptions.parse([]))
      var relay = Relay(configuration, deadLetters: deadLetters, control: control, log: logging.logger())
      let pace = speed?.times.map { CaptureReader.Speed.recorded(times: $0) } ?? .unlimited
      _ = try relay.run(
        open: { (_, _, _) throws(StreamError) in
          var reader = try CaptureReader(path: path, speed: pace)
          if let databaseName { reader.identity.database = databaseName }
          return reader
        }, sink: { (identity) throws(SinkError) in try sink.make(identity, outbox.envelope, deadLetters) })
    }
  }
}
