// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Operations
import PostgresWire
import Settings
import Supervision

/// `tailrace status`: how a relay stands.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Tells in one word and some figures how a relay stands.",
    discussion: """
      With --slot, from the database alone, so that it works also when the relay is down; with --admin, from the relay itself. \
      With both, from the relay if it answers. The word is starting, live, catching up, stalled, idle, standby, down or lost.

      Examples:
        tailrace status --slot orders
        tailrace status --admin 127.0.0.1:9464 --watch
      """)

  @OptionGroup var configured: ConfigurationOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var admin: AdminOptions

  @Option(help: ArgumentHelp("The replication slot.", valueName: "name"))
  var slot: String?

  @Flag(help: "Look again every second, in place.")
  var watch = false

  @Flag(help: "Print a JSON object a line.")
  var json = false

  func validate() throws {
    guard slot != nil || admin.admin != nil else {
      throw ValidationError("--slot or --admin says which relay is meant")
    }
    try Flags.checking { () throws(Failure) in try admin.settings.validate() }
  }

  func run() throws {
    try reportingErrors {
      for warning in admin.settings.warnings { say("warning: \(Flags.text(warning))") }
      let place = admin.admin.flatMap { AdminAddress($0) }
      var judge = SlotJudge(slot: slot ?? "")
      let server = slot.map { SlotWatch(database: connection.resolved, slot: $0, within: .seconds(30)) }
      var screen = Screen()
      var isFirst = true
      while true {
        do {
          screen.show(try look(place, server, &judge, isFirst: isFirst))
        } catch let failure as Failure {
          guard watch, failure.isRetryable else { throw failure }
          let words = failure.text(Flags.text)
          screen.show(json ? StatusReport.unknown(words).json : StatusReport.unknown(words).text)
        }
        guard watch else { return }
        isFirst = false
        sleep(1)
      }
    }
  }

  private func look(
    _ place: AdminAddress?, _ server: SlotWatch?, _ judge: inout SlotJudge, isFirst: Bool
  ) throws(Failure) -> String {
    if let place {
      do throws(Failure) {
        return try AdminClient.status(at: place, of: slot, tokenFile: admin.adminTokenFile, asText: !json)
      } catch {
        guard server != nil, error.isRetryable else { throw error }
      }
    }
    guard let server else { return "" }
    var report = judge.report(try server.look())
    if isFirst {
      // Rates and movement are seen between two looks.
      sleep(1)
      report = judge.report(try server.look())
    }
    return json ? report.json : report.text
  }
}
