// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Delivery
import Logging
import Operations
import PostgresWire
import Relay
import Replication
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
  @OptionGroup var options: StreamOptions

  func validate() throws {
    let settings = try settings()
    try Flags.checking { () throws(Failure) in try settings.validate() }
  }

  private func settings() throws -> RelaySettings { try options.settings(names.settings(connection)) }

  func run() throws {
    try reportingErrors {
      let control = RunControl()
      let log = options.logging.logger()
      let service = ServiceManager.ofProcess(log)
      let drainTimeout = options.drainTimeout.duration
      Signals.direct(
        to: control, onStop: { service?.stopping(drain: drainTimeout) }, onReopen: { service?.reloading() })
      defer { service?.stopping(drain: .zero) }
      let settings = try settings()
      try options.spool.check()
      let (board, adminServer) = try settings.openAdmin(control)
      if let adminServer { log.info("tells how it goes at \(adminServer.address)/status") }
      var replication = try settings.source.replication(tables: settings.outbox.tableNames())
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
      options.progress.begin(board, settings.sink, log)
      service?.watch([(settings.source.slot, board, control)])
      _ = try relay.run(
        open: { (request) throws(Failure) in
          if request.wholeTransactions { replication.streaming = .off }
          let stream = try SlotContention.open(
            replication, isFirst: request.isFirst,
            isCancelled: request.isCancelled,
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
