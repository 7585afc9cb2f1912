// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Logging
import OutboxMapping
import PostgresWire
import Relay
import Settings
import Supervision

/// `tailrace poll`: the same job without a slot.
struct PollCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "poll",
    abstract: "Delivers the events of an outbox by asking its table again and again, where no slot can be had.",
    discussion: """
      It needs no logical replication, and a role with no more than SELECT and DELETE, or UPDATE of the mark. A row that is \
      delivered is deleted or marked, or kept as it is: say which with --after-delivery. Several pollers share the keys of a \
      table whose rows are deleted or marked. Each event comes at least once, into a file too.

      Examples:
        tailrace poll --after-delivery delete | jq -c .data
        tailrace poll --after-delivery mark --sink https://orders.example/events
        tailrace poll --after-delivery delete --until now      # from cron
        tailrace poll --after-delivery keep --checkpoint orders.progress
      """)

  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var outbox: OutboxOptions
  @OptionGroup var contracts: ContractOptions
  @OptionGroup var sink: SinkOptions
  @OptionGroup var poison: PoisonOptions
  @OptionGroup var admin: AdminOptions
  @OptionGroup var progress: ProgressOptions
  @OptionGroup var logging: LogOptions

  @Option(
    help:
      "What becomes of a row once its event is delivered: delete, mark in a column, or keep. What is kept is known by the transaction that wrote it, which needs --checkpoint."
  )
  var afterDelivery: AfterDelivery

  @Option(
    help: ArgumentHelp(
      "The column that says when, with --after-delivery mark: of type timestamptz. Default: dispatched_at.",
      valueName: "column"))
  var markColumn: String?

  @Option(
    help: ArgumentHelp(
      "By which column rows are ordered. Default: an identity column, else the time.", valueName: "column"))
  var orderBy: String?

  @Option(
    help: ArgumentHelp(
      "How long the pauses between looks become while nothing comes; they begin with 1ms.", valueName: "duration"))
  var pollInterval = TimeSpan(.seconds(1))

  @Option(help: ArgumentHelp("End once there is nothing more: now.", valueName: "now"))
  var until: Until?

  @Flag(help: "End with an error when the connection fails, instead of trying again.")
  var noRetry = false

  @Option(help: ArgumentHelp("How long a first SIGTERM or SIGINT waits for the sink.", valueName: "duration"))
  var drainTimeout = TimeSpan(.seconds(30))

  @Option(
    help: ArgumentHelp(
      "Keep in a file what is delivered, with --after-delivery keep, and the last position, so that positions go on behind it whatever becomes of the server's log.",
      valueName: "path"), completion: .file())
  var checkpoint: String?

  enum Until: String, ExpressibleByArgument, CaseIterable {
    case now
  }

  func validate() throws {
    let settings = try settings()
    try Flags.checking { () throws(Failure) in try settings.validate() }
  }

  private func settings() throws -> RelaySettings {
    var polling = PollSettings()
    polling.orderBy = orderBy
    polling.interval = pollInterval
    polling.endsWhenEmpty = until == .now
    var settings = RelaySettings()
    settings.source.database = connection.resolved
    settings.polling = polling
    settings.outbox = try outbox.settings()
    settings.contracts = contracts.settings
    settings.sink = sink.settings
    settings.poison = poison.settings
    settings.cleanUp.afterDelivery = afterDelivery
    settings.cleanUp.markColumn = markColumn
    settings.admin = admin.settings
    settings.checkpoint = checkpoint
    settings.drainTimeout = drainTimeout
    settings.retries = !noRetry
    return settings
  }

  func run() throws {
    try reportingErrors {
      let control = RunControl()
      let log = logging.logger()
      let service = ServiceManager.ofProcess(log)
      try Signals.direct(
        to: control, onStop: { service?.stopping() },
        onReopen: {
          service?.reloading()
          service?.reloaded()
        })
      defer { service?.ended() }
      let settings = try settings()
      let (board, adminServer) = try settings.openAdmin(control, log)
      if let adminServer { log.info("tells how it goes at \(adminServer.address)/status") }
      let relay = RelayRun(settings, control, board, log: log, show: { Flags.text($0) })
      progress.begin(board, settings.sink, log)
      service?.watch([.init("poll", board, control, drain: drainTimeout.duration)])
      _ = try relay.run()
    }
  }
}
