// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Delivery
import IntegrationEvents
import Logging
import OutboxMapping
import PostgresWire
import Relay
import Settings
import Supervision
import TableSource

/// `tailrace redeliver`: rows that are still in the outbox, sent again.
struct RedeliverCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "redeliver",
    abstract: "Sends events again whose rows are still in the outbox, beside a running relay.",
    discussion: """
      Each has the id and the data that it had, the attribute redelivery (true) and no sequence: the table does not know \
      where a row stands in the log. Rows go by their time, so those of an aggregate in their order. No slot is needed, and \
      none is moved. Say which rows: those that have all that is named.

      Examples:
        tailrace redeliver --since 2026-01-31T12:00:00Z --before 2026-01-31T14:00:00Z --dry-run
        tailrace redeliver --key 4711 --sink https://orders.example/events
      """)

  @OptionGroup var configured: ConfigurationOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var outbox: OutboxOptions
  @OptionGroup var selection: RowOptions
  @OptionGroup var contracts: ContractOptions
  @OptionGroup var sink: SinkOptions
  @OptionGroup var progress: ProgressOptions
  @OptionGroup var logging: LogOptions

  @Option(help: ArgumentHelp("Send no more than so many events a second.", valueName: "number"))
  var rate = 1000

  @Option(help: ArgumentHelp("How long a first SIGTERM or SIGINT waits for the sink.", valueName: "duration"))
  var drainTimeout = TimeSpan(.seconds(30))

  @Flag(help: "Only say how many events would be sent.")
  var dryRun = false

  func validate() throws {
    guard (1...1_000_000).contains(rate) else { throw ValidationError("--rate: from 1 to 1000000") }
    let settings = try settings()
    try Flags.checking { () throws(Failure) in try settings.validate() }
    if case .file = try Flags.checking({ () throws(Failure) in try settings.sink.place() }) {
      throw ValidationError(
        "--sink: what is sent again has no sequence, so no file; stdout, an https:// address or a broker")
    }
    guard try !settings.outbox.tableNames().isEmpty else {
      throw ValidationError("--table: logical messages are in no table; name the one of the rows")
    }
  }

  private func settings() throws -> RelaySettings {
    var settings = RelaySettings()
    settings.outbox = try outbox.settings()
    settings.contracts = contracts.settings
    settings.sink = sink.settings
    settings.retries = false
    settings.drainTimeout = drainTimeout
    return settings
  }

  func run() throws {
    try reportingErrors {
      let control = RunControl()
      try Signals.direct(to: control)
      let settings = try settings()
      for warning in settings.sink.warnings { say("warning: \(Flags.text(warning))") }
      do {
        guard dryRun else { return try deliver(settings, control) }
        let count = try choose(settings, control).progress.count
        say("info: would send \(count) events again to \(settings.sink.destination)")
      } catch let failure as Failure {
        // The server reads the values as their columns' types have them.
        guard failure.sqlState?.hasPrefix("22") == true, failure.kind == .settings else { throw failure }
        throw ValidationError("--id, --key, --type: \(failure.text(Flags.text))")
      }
    }
  }

  private func choose(_ settings: RelaySettings, _ control: RunControl) throws(Failure) -> TableSource {
    try TableSource(
      database: connection.resolved, settings.outbox.tableNames(), RowColumns(settings.outbox), selection.rows,
      rate: rate, isCancelled: { control.isStopRequested })
  }

  private func deliver(_ settings: RelaySettings, _ control: RunControl) throws {
    let (log, board, destination) = (logging.logger(), StatusBoard(), settings.sink.destination)
    var configuration = try settings.configuration()
    configuration.mapping.isRedelivery = true
    let hook = try settings.contracts.makeHook(for: settings.sink, tell: { log.warning("\($0)") })
    configuration.payloadHook = hook
    configuration.show = { Flags.text($0) }
    configuration.tell = log.tell
    settings.sink.watchReader { control.stop() }
    try settings.sink.checkDestination(isCancelled: { control.isStopRequested }) {
      say("warning: \($0.text(Flags.text)); trying again")
    }
    var relay = Relay(configuration, control: control, board: board, log: log)
    var chosen: TableProgress?
    do {
      let outcome = try relay.run(
        open: { (_) throws(Failure) in
          let source = try choose(settings, control)
          chosen = source.progress
          say("info: sends \(source.progress.count) events again to \(destination), no more than \(rate) a second")
          showProgress(board, settings, log)
          return source
        },
        sink: { (_) throws(Failure) in
          try settings.sink.makeDetached(DeadLetterOffice(), encoding: hook?.encoding)
        })
      if let chosen { report(chosen, isWhole: outcome.reason == .ended && !control.isStopRequested) }
    } catch {
      if let chosen { report(chosen, isWhole: false) }
      throw Self.advised(error)
    }
  }

  /// There are no letters here, nor a position that would wait: what is refused is left where it is, in the table.
  private static func advised(_ error: any Error) -> any Error {
    guard var failure = error as? Failure, [.refused, .row].contains(failure.kind) else { return error }
    failure.advice =
      "mend the receiver or the row and go on; or leave it out: \(setting: "id") sends those of the same time, \(setting: "since") those behind it"
    return failure
  }

  private func showProgress(_ board: StatusBoard, _ settings: RelaySettings, _ log: Logger) {
    var shown = progress
    if !shown.quiet, !Messages.isTerminal { shown.reportInterval = shown.reportInterval ?? TimeSpan(.seconds(10)) }
    shown.begin(board, settings.sink, log)
  }

  /// What was done, and if that is not all, how to go on.
  private func report(_ chosen: TableProgress, isWhole: Bool) {
    let gone = chosen.gone == 0 ? "" : "; \(chosen.gone) rows were gone when their turn came"
    guard !isWhole else { return say("info: sent \(chosen.delivered) events again\(gone)") }
    let way = chosen.resumption.map { " and --since \($0)" } ?? ""
    say(
      "warning: sent \(chosen.delivered) of \(chosen.count) events again\(gone); go on with the same command\(way): the "
        + "last ones may come twice")
  }
}
