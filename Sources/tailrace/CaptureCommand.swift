// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Capture
import Logging
import OutboxMapping
import PostgresWire
import Relay
import Replication
import Settings

/// `tailrace capture`: records a stream.
struct CaptureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "capture",
    abstract: "Records the raw frames of a slot in a file and confirms nothing.",
    discussion: "Stops at SIGTERM or SIGINT, or at --until. The file holds row values; it is made with mode 0600.")

  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var names: StreamNameOptions
  @OptionGroup var tables: TableOptions
  @OptionGroup var logging: LogOptions

  @Option(name: .shortAndLong, help: ArgumentHelp("The file to make.", valueName: "path"), completion: .file())
  var output: String

  @Option(help: ArgumentHelp("Stop when the server is past a position, or past the present.", valueName: "lsn|now"))
  var until: RelayConfiguration.End?

  func run() throws {
    try reportingErrors {
      let control = RunControl()
      try Signals.direct(to: control)
      let settings = try names.settings(connection).replication(tables: try tables.names())
      let log = logging.logger()
      do throws(Failure) { try record(settings, under: control, log) } catch {
        guard control.isStopRequested, error.isRetryable else { throw error }
        log.info("stopped before anything was recorded")
      }
    }
  }

  private func record(_ settings: ReplicationSettings, under control: RunControl, _ log: Logger) throws(Failure) {
    var stream = try SlotContention.open(settings, isFirst: true, isCancelled: { control.isStopRequested })
    if let warning = stream.warning { log.warning("\(Flags.text(warning))") }
    // Whoever replays it may want other columns and rows than we know of.
    var ledger = TableLedger(settings.tables, PublishingNeeds(acceptsRowFilter: true))
    if let catalogue = stream.catalogue, !ledger.isEmpty {
      let findings = try catalogue.look(ledger.question())
      for warning in try ledger.take(findings) { log.warning("\(Flags.text(warning))") }
      for table in findings.tables where table.hasRowFilter {
        log.warning("table \(table.name) has a row filter: rows that it takes out are not in the recording")
      }
    }
    var writer = try CaptureWriter(
      path: output,
      header: CaptureHeader(
        identity: stream.identity, serverVersion: stream.serverVersion, options: stream.options,
        timelineHistory: stream.timelineHistory, tables: ledger.known, encoding: stream.encoding))
    let end: LSN? =
      switch until {
      case .lsn(let lsn): lsn
      case .now: stream.flushLSN
      case nil: nil
      }
    var recorder = Recorder(until: end, control: control)
    try recorder.run(&stream, to: &writer)
    log.info("recorded to \(output)")
  }
}
