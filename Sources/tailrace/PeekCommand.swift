// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Capture
import IntegrationEvents
import Logging
import Octets
import PostgresWire
import Relay
import Replication
import Settings

/// `tailrace peek`: what would be delivered next.
struct PeekCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peek",
    abstract: "Shows the next events of a slot, or of a recording, and where each would go, and moves nothing.",
    discussion: """
      A slot is read through a temporary copy of it, which is gone afterwards: a relay may run meanwhile. Prints a header and a \
      line an event, by position: position, type, id, key, and where it would go (at a broker with its topic or routing key), \
      or why the row would be no event. --json has each event whole.

      Examples:
        tailrace peek --publication orders --slot orders --count 5
        tailrace peek recording --json
      """)

  @Argument(
    help: ArgumentHelp("A recording, instead of a slot; - reads standard input.", valueName: "path"),
    completion: .file())
  var path: String?

  @OptionGroup var configured: ConfigurationOptions
  @OptionGroup var connection: ConnectionOptions

  @Option(help: ArgumentHelp("The publication.", valueName: "name"))
  var publication: String?

  @Option(help: ArgumentHelp("The replication slot.", valueName: "name"))
  var slot: String?

  @OptionGroup var options: StreamOptions
  @OptionGroup var cleanUp: CleanUpOptions

  @Option(help: ArgumentHelp("Show no more than so many.", valueName: "number"))
  var count = 10

  @Flag(help: "Print a JSON object a line.")
  var json = false

  func validate() throws {
    guard (1...100_000).contains(count) else { throw ValidationError("--count: from 1 to 100000") }
    guard path == nil || slot == nil && publication == nil else {
      throw ValidationError("a recording goes without --slot and --publication")
    }
    guard path != nil || slot != nil && publication != nil else {
      throw ValidationError("name --publication and --slot, or a recording")
    }
    // What a file or the environment says is the stream's; nobody means it here.
    guard Flags.values(of: "--after-delivery", CommandLine.arguments).isEmpty else {
      throw ValidationError("--after-delivery: what is only shown is not delivered")
    }
    let settings = try settings()
    try Flags.checking { () throws(Failure) in
      try settings.validate()
      if path == nil { _ = try settings.source.replication(tables: []) }
    }
  }

  private func settings() throws -> RelaySettings {
    var source = SourceSettings()
    source.database = connection.resolved
    source.publication = publication ?? ""
    source.slot = slot ?? ""
    var settings = try options.settings(source)
    // What it reads from is a copy of its own, which goes soon.
    settings.source.streaming = .off
    (settings.source.temporarySlot, settings.source.waitForSlot) = (false, false)
    (settings.checkpoint, settings.until, settings.initialRows) = (nil, nil, false)
    return settings
  }

  func run() throws {
    try reportingErrors {
      let control = RunControl()
      try Signals.direct(to: control)
      let settings = try settings()
      for warning in settings.sink.warnings + settings.admin.warnings { say("warning: \(Flags.text(warning))") }
      if path == nil, options.initialRows { say("notice: rows from before the slot (--initial-rows) are not shown") }
      var configuration = try settings.configuration()
      configuration.show = { Flags.text($0) }
      let hook = try settings.contracts.makeHook(for: nil, tell: { say("warning: \($0)") })
      configuration.payloadHook = hook
      let log = LogOptions.logger(.error)
      let destination = settings.sink.destination
      let found: (items: [Peek.Item], failure: Failure?)
      if let path {
        let peek = Peek(configuration, routing: settings.sink.routing(), count: count, control: control, log: log)
        found = peek.run(open: { (_) throws(Failure) in try CaptureReader(path: path) })
      } else {
        configuration.end = .now
        let peek = Peek(configuration, routing: settings.sink.routing(), count: count, control: control, log: log)
        var replication = try settings.source.replication(tables: settings.outbox.tableNames())
        replication.copiesSlot = true
        found = peek.run(open: { (_) throws(Failure) in
          try ReplicationStream(replication, isCancelled: { control.isStopRequested })
        })
      }
      if !json, !found.items.isEmpty { print("position\ttype\tid\tkey\tgoes to") }
      for item in found.items { print(json ? Self.json(item, destination) : Self.line(item, destination)) }
      if let words = hook?.closingWords() { say("warning: \(words)") }
      if let failure = found.failure { throw failure }
    }
  }

  private static func line(_ item: Peek.Item, _ destination: String) -> String {
    let words =
      switch item {
      case .event(let position, let id, let type, let key, let route, _):
        [position.sequence, type, id, key, destination + (route.map { " \($0)" } ?? "")]
      case .refused(let position, let id, let type, let key, let reason, _):
        [position.sequence, type, id, key, "nowhere: \(reason)"]
      }
    return words.map { "\(ForeignText($0))" }.joined(separator: "\t")
  }

  private static func json(_ item: Peek.Item, _ destination: String) -> String {
    let text =
      switch item {
      case .event(let position, _, _, _, let route, let line):
        "{\"position\": \(JSONText.string(position.sequence)), \"to\": \(JSONText.string(destination)), "
          + (route.map { "\"route\": \(JSONText.string($0)), " } ?? "") + "\"event\": \(line)}"
      case .refused(let position, _, _, _, let reason, let row):
        "{\"position\": \(JSONText.string(position.sequence)), \"to\": null, \"reason\": \(JSONText.string(reason)), "
          + "\"row\": \(row)}"
      }
    return "\(ForeignText(text))"
  }
}
