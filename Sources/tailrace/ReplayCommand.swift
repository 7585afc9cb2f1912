// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Capture
import Delivery
import IntegrationEvents
import Logging
import PostgresWire
import Relay
import Settings

/// `tailrace replay`: the events of a recording, without a server.
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Delivers the events of a recorded stream, byte for byte as the live stream would have.",
    discussion: """
      Reads files made by tailrace capture, and dumps of pg_logical_slot_peek_binary_changes as lines of lsn|xid|data. \
      A damaged file is delivered as far as it is whole; then the error says where the damage is.
      """)

  @Argument(help: ArgumentHelp("The recording; - reads standard input.", valueName: "path"), completion: .file())
  var path: String

  @OptionGroup var outbox: OutboxOptions
  @OptionGroup var contracts: ContractOptions
  @OptionGroup var sink: SinkOptions
  @OptionGroup var poison: PoisonOptions
  @OptionGroup var spool: SpoolOptions
  @OptionGroup var progress: ProgressOptions
  @OptionGroup var logging: LogOptions

  @Option(help: ArgumentHelp("max, or a multiple of the recorded pace such as 1 or 10x.", valueName: "speed"))
  var speed: ReplaySpeed?

  @Option(help: ArgumentHelp("Stop after the transactions committed up to a position.", valueName: "lsn"))
  var until: RelayConfiguration.End?

  @Option(help: ArgumentHelp("How long a first SIGTERM or SIGINT waits for the sink.", valueName: "duration"))
  var drainTimeout = TimeSpan(.seconds(30))

  @Flag(help: "Check the whole file first and deliver nothing from one that is damaged.")
  var strict = false

  @Option(
    help: ArgumentHelp("The database's name, for the default source, where a dump does not tell.", valueName: "name"))
  var databaseName: String?

  func validate() throws {
    let settings = try settings()
    try Flags.checking { () throws(Failure) in try settings.validate() }
    if until == .now { throw ValidationError("--until: a recording has no present; give a position") }
    if strict, path == "-" { throw ValidationError("--strict needs a file, which is read twice") }
  }

  private func settings() throws -> RelaySettings {
    var settings = RelaySettings()
    settings.outbox = try outbox.settings()
    settings.contracts = contracts.settings
    settings.sink = sink.settings
    settings.poison = poison.settings
    settings.spool = spool.configuration()
    settings.until = until
    settings.retries = false
    settings.drainTimeout = drainTimeout
    return settings
  }

  func run() throws {
    try reportingErrors {
      let control = RunControl()
      try Signals.direct(to: control)
      if strict { try Inspection.check(path) }
      let settings = try settings()
      let (log, drainTimeout) = (logging.logger(), settings.drainTimeout.duration)
      let hook = try settings.contracts.makeHook(for: settings.sink, tell: { log.warning("\($0)") })
      let deadLetters = try settings.poison.makeOffice(
        database: try ConnectionOptions.parse([]).resolved, sink: settings.sink,
        isCancelled: { control.isStopRequested(since: drainTimeout) },
        onWait: { log.warning("\($0.text(Flags.text)); trying again") })
      for warning in settings.sink.warnings { log.warning("\(Flags.text(warning))") }
      var configuration = try settings.configuration()
      configuration.show = { Flags.text($0) }
      configuration.tell = log.tell
      configuration.payloadHook = hook
      settings.sink.watchReader { control.stop() }
      let board = StatusBoard()
      var relay = Relay(configuration, deadLetters: deadLetters, control: control, board: board, log: log)
      progress.begin(board, settings.sink, log)
      let pace = speed?.times.map { CaptureReader.Speed.recorded(times: $0) } ?? .unlimited
      _ = try relay.run(
        open: { (_) throws(Failure) in
          var reader = try CaptureReader(path: path, speed: pace)
          if let databaseName { reader.identity.database = databaseName }
          return reader
        },
        sink: { (identity) throws(Failure) in
          try settings.sink.make(
            identity, settings.outbox.envelope, deadLetters, encoding: hook?.encoding,
            onNotice: { log.warning("\(Flags.text($0))") })
        })
    }
  }
}
