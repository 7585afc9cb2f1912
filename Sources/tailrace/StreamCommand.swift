// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
import Delivery
import Logging
import Operations
import PostgresWire
import Relay
public import Replication
import Settings
import Supervision

/// `tailrace stream`: the main job.
struct StreamCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stream",
    abstract: "Delivers the events of an outbox, from a replication slot, as they are committed.",
    discussion: """
      What has been delivered is confirmed to the server, which then forgets it; what has not comes again. SIGTERM and \
      SIGINT deliver and confirm what has been read, then end; SIGHUP starts a new output file.

      Examples:
        tailrace stream --publication orders --slot orders | jq -c .data
        tailrace stream --publication orders --slot orders --sink file:/var/lib/tailrace/events.ndjson
        tailrace stream --publication orders --slot orders --until now      # from cron
      """)

  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var names: StreamNameOptions
  @OptionGroup var outbox: OutboxOptions
  @OptionGroup var sink: SinkOptions
  @OptionGroup var poison: PoisonOptions
  @OptionGroup var spool: SpoolOptions
  @OptionGroup var admin: AdminOptions
  @OptionGroup var progress: ProgressOptions
  @OptionGroup var logging: LogOptions

  @Option(
    help: ArgumentHelp(
      "Stop after the transactions committed up to a position, or up to the present.", valueName: "lsn|now"))
  var until: RelayConfiguration.End?

  @Flag(help: "End with an error when the connection fails, instead of trying again.")
  var noRetry = false

  @Option(help: ArgumentHelp("How long a first SIGTERM or SIGINT waits for the sink.", valueName: "duration"))
  var drainTimeout = TimeSpan(.seconds(30))

  @Option(
    help: ArgumentHelp(
      "Keep the confirmed position in a file too, so that a server's crash that moves the slot back brings nothing again.",
      valueName: "path"))
  var checkpoint: String?

  @Flag(
    help: ArgumentHelp(
      "Go on although the slot is ahead of what was confirmed here, because somebody else has advanced it or made it anew, or although another table has the outbox's name now."
    ))
  var acceptGap = false

  @Flag(help: "Go on although the publication has a row filter: rows that it takes out never become events.")
  var acceptRowFilter = false

  @Option(
    help: ArgumentHelp(
      "Under a backlog, how long to let the socket fill between reads: auto, off, or a duration such as 200us.",
      valueName: "pacing"))
  var readPacing: ReadPacing.Mode = .automatic

  @Option(
    help: ArgumentHelp(
      "Take large transactions while they are in progress, so that they are soon out after their commit: on, off, or auto, where the server can (14 or later).",
      valueName: "on|off|auto"))
  var streaming = TransactionStreaming.automatic

  @Flag(help: "While another client has the slot, wait and take over when it is released: a hot standby.")
  var waitForSlot = false

  @Flag(help: "Use a temporary slot that goes with the connection: to try things out. Starts at the present.")
  var temporarySlot = false

  func validate() throws {
    let settings = try settings()
    try Flags.checking { () throws(Failure) in try settings.validate() }
  }

  private func settings() throws -> RelaySettings {
    var settings = RelaySettings()
    settings.source = names.settings(connection)
    settings.source.temporarySlot = temporarySlot
    settings.source.waitForSlot = waitForSlot
    settings.source.readPacing = readPacing
    settings.source.streaming = streaming
    settings.outbox = try outbox.settings()
    settings.outbox.acceptRowFilter = acceptRowFilter
    settings.sink = sink.settings
    settings.poison = poison.settings
    settings.spool = spool.configuration()
    settings.admin = admin.settings
    settings.until = until
    settings.checkpoint = checkpoint
    settings.acceptGap = acceptGap
    settings.drainTimeout = drainTimeout
    settings.retries = !noRetry
    return settings
  }

  func run() throws {
    try reportingErrors {
      let control = RunControl()
      Signals.direct(to: control)
      let log = logging.logger()
      let settings = try settings()
      let (board, adminServer) = try settings.openAdmin(control)
      if let adminServer { log.info("tells how it goes at \(adminServer.address)/status") }
      var replication = try settings.source.replication(tables: settings.outbox.tableNames())
      let drainTimeout = settings.drainTimeout.duration
      let deadLetters = settings.poison.makeOffice(
        database: settings.source.database, retries: settings.retries,
        isCancelled: { control.isStopRequested(since: drainTimeout) },
        onWait: { log.warning("\($0.text(Flags.text)); trying again") },
        onNotice: { log.warning("\(Flags.text($0))") })
      var configuration = try settings.configuration()
      configuration.show = { Flags.text($0) }
      configuration.tell = log.tell
      settings.sink.watchReader { control.stop() }
      var relay = Relay(configuration, deadLetters: deadLetters, control: control, board: board, log: log)
      progress.begin(board, settings.sink, log)
      _ = try relay.run(
        open: { (request) throws(Failure) in
          if request.wholeTransactions { replication.streaming = .off }
          let stream = try SlotContention.open(
            replication, isFirst: request.isFirst,
            isCancelled: { control.isStopRequested },
            onWait: {
              log.notice("another client has the slot; waiting until it is released")
              request.onTaken()
            })
          log.info(
            "streaming from slot \(replication.slot), confirmed up to \(stream.confirmedFlush), server \(stream.serverVersion), \(stream.transport)"
          )
          if let warning = stream.warning { log.warning("\(Flags.text(warning))") }
          return stream
        },
        sink: { (identity) throws(Failure) in
          for warning in settings.sink.warnings { log.warning("\(Flags.text(warning))") }
          return try settings.sink.make(
            identity, settings.outbox.envelope, deadLetters, isStandby: settings.source.waitForSlot,
            onNotice: { log.warning("\(Flags.text($0))") })
        })
    }
  }
}

extension TransactionStreaming: ExpressibleByArgument {}

extension ReadPacing.Mode: ExpressibleByArgument {
  /// `auto`, `off`, or a duration of up to 100 ms.
  public init?(argument: String) {
    switch argument {
    case "auto": self = .automatic
    case "off": self = .off
    default:
      guard let span = TimeSpan(argument: argument), span.duration <= .milliseconds(100) else { return nil }
      self = .fixed(span.duration)
    }
  }

  /// For `--help`.
  public var defaultValueDescription: String { "auto" }
}
