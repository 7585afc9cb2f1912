// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Operations
import PostgresWire
import Settings

/// `tailrace doctor`: what is wrong, and what to do.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Looks at all that a stream needs, says what is wrong and how to mend it, and changes nothing.",
    discussion: """
      Takes the options of the stream that is meant. Each check says what was found and what that means; where something is \
      wrong, SQL statements that mend it, in order, and what only a person can do. The role may be one that may do little: \
      what it cannot see is unknown. Ends with 78 when a check has failed.

      Example:
        tailrace doctor --publication orders --slot orders --sink https://orders.example/events
        tailrace doctor --config /etc/tailrace/tailrace.yaml --relay orders
      """)

  @OptionGroup var configured: ConfigurationOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var names: StreamNameOptions
  @OptionGroup var options: StreamOptions
  @OptionGroup var cleanUp: CleanUpOptions

  @Flag(help: "Print one JSON object.")
  var json = false

  @Flag(help: "End with 78 when there is a warning, too.")
  var strict = false

  func validate() throws {
    let settings = try settings()
    try Flags.checking { () throws(Failure) in try settings.validate() }
  }

  private func settings() throws -> RelaySettings {
    var settings = try options.settings(names.settings(connection))
    settings.cleanUp = cleanUp.settings
    return settings
  }

  func run() throws {
    try reportingErrors {
      let control = RunControl()
      try Signals.direct(to: control)
      let report = DoctorReport(checks: try settings().examine(isCancelled: { control.isStopRequested }))
      print(json ? report.json : report.text)
      if report.hasFailed(strictly: strict) { throw ExitCode(FailureKind.settings.exitCode) }
    }
  }
}
