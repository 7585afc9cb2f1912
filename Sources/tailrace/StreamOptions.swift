// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
import PostgresWire
import Relay
public import Replication
import Settings

/// All that can be said of a stream beside its name and its server: the same for whoever runs it and for whoever looks at it.
struct StreamOptions: ParsableArguments {
  @OptionGroup var outbox: OutboxOptions
  @OptionGroup var contracts: ContractOptions
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
      valueName: "path"), completion: .file())
  var checkpoint: String?

  @Flag(
    help: ArgumentHelp(
      "Go on although the slot is ahead of what was confirmed here, because somebody else has advanced it or made it anew, or although another table has the outbox's name now."
    ))
  var acceptGap = false

  @Flag(
    help:
      "Deliver first the rows that the outbox held when the slot was made with setup --snapshot; later it does nothing."
  )
  var initialRows = false

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

  /// The settings of a relay of this source.
  func settings(_ source: SourceSettings) throws -> RelaySettings {
    var settings = RelaySettings()
    settings.source = source
    settings.source.temporarySlot = temporarySlot
    settings.source.waitForSlot = waitForSlot
    settings.source.readPacing = readPacing
    settings.source.streaming = streaming
    settings.outbox = try outbox.settings()
    settings.outbox.acceptRowFilter = acceptRowFilter
    settings.contracts = contracts.settings
    settings.sink = sink.settings
    settings.poison = poison.settings
    settings.spool = spool.configuration()
    settings.admin = admin.settings
    settings.until = until
    settings.checkpoint = checkpoint
    settings.acceptGap = acceptGap
    settings.initialRows = initialRows
    settings.drainTimeout = drainTimeout
    settings.retries = !noRetry
    return settings
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
