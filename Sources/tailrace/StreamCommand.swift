// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Logging
import PostgresWire
import Relay
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
  @OptionGroup var cleanUp: CleanUpOptions

  func validate() throws {
    let settings = try settings()
    try Flags.checking { () throws(Failure) in try settings.validate() }
  }

  func settings() throws -> RelaySettings {
    var settings = try options.settings(names.settings(connection))
    settings.cleanUp = cleanUp.settings
    return settings
  }

  func run() throws {
    try reportingErrors {
      let control = RunControl()
      let log = options.logging.logger()
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
      options.progress.begin(board, settings.sink, log)
      service?.watch([.init(settings.source.slot, board, control, drain: options.drainTimeout.duration)])
      _ = try relay.run()
    }
  }
}
