// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Logging
import PostgresWire
import Relay
import Settings
import Supervision

/// `tailrace run`: one relay or several, as a file says.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs the relays of a configuration file, one or several, until it is stopped.",
    discussion: """
      Each relay has its own source, sink and state; one that fails does not stop the others unless it says so. Every option of \
      stream can be given too, and counts more than the file, where there is one relay; where there are several, those of the \
      process. SIGTERM and SIGINT deliver and confirm what has been read, then end. SIGHUP reads the file again, starts new \
      output files, and reads secrets and certificates again.

      Example:
        tailrace run --config /etc/tailrace/tailrace.yaml
      """)

  @Option(help: ArgumentHelp("The configuration.", valueName: "file"), completion: .file())
  var config: String

  @Argument(parsing: .allUnrecognized, help: ArgumentHelp("Options of stream.", valueName: "options"))
  var options: [String] = []

  func run() throws {
    var speech = Flags.speech
    speech.usesKeys = true
    try Flags.$speech.withValue(speech) { try runRelays() }
  }

  private func runRelays() throws {
    try reportingErrors {
      let configured = try ConfiguredProcess(config, flags: options)
      let log = configured.log
      if configured.relays.count > 1 { Messages.nameRelays() }
      for warning in configured.warnings { log.warning("\(warning)") }
      try RelayRoom.make(for: configured.relays.count)
      let admin = try configured.admin.place()
      try configured.checkSpools()
      let supervisor = Supervisor(configured.planned, isObserved: admin != nil)
      let service = ServiceManager.ofProcess(log)
      let reloading = Reloading(config, options, configured, supervisor, service)
      try Signals.direct(
        stop: {
          supervisor.stop()
          // Who has other relays since a moment ago has their limits too.
          service?.watch(supervisor)
          service?.stopping()
        }, reopen: { reloading.begin() })
      defer { service?.ended() }
      if let admin {
        let server = try AdminServer(configured.admin, at: admin, .this, warn: log.warn) {
          supervisor.relays.map { ($0.planned.name, $0.observer) }
        }
        log.info("tells how it goes at \(server.address)/status")
      }
      service?.watch(supervisor)
      try configured.progress.begin(supervisor, log)
      guard let end = supervisor.run() else { return }
      MessageHandler.summarize(all: true)
      say("error: \(end.failure.text(end.relay.show))", of: end.relay.name)
      throw ExitCode(end.failure.kind.exitCode)
    }
  }
}

extension ServiceManager {
  func watch(_ supervisor: Supervisor) {
    watch(
      supervisor.relays.map { relay in
        let drain = relay.planned.settings.drainTimeout.duration
        return Watched(relay.planned.name, relay.board, relay.control, drain: drain)
      })
  }
}

extension ConfiguredProcess {
  /// What is shown of how it goes.
  var progress: ProgressOptions {
    get throws {
      let names = OptionTypes.of(ProgressOptions.self)
      return try ProgressOptions.parse(ofProcess.ordered.filter { names[$0.key.flag] != nil }.flatMap(\.arguments))
    }
  }

  /// Tries the places for large transactions that somebody has named.
  func checkSpools() throws(Failure) {
    for relay in relays where relay.settings.spool.isNamed {
      do { try relay.settings.spool.check() } catch {
        var failure = error
        if relays.count > 1 { failure.what = "relay \(relay.name): " + failure.what }
        throw failure
      }
    }
  }
}
