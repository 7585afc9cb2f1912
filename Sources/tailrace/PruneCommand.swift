// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Delivery
import Operations
import OutboxMapping
import PostgresWire
import Settings

/// `tailrace prune`: rows that have been delivered, removed.
struct PruneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Removes rows from the outbox that are old, and proved to have been delivered.",
    discussion: """
      A row goes only when the slot has confirmed what was in the log when its transaction had ended, when that was written \
      after the slot began (tailrace setup --prunable keeps when), and when it is no dead letter of the store that is named. \
      Without these proofs nothing goes. Run it from cron, beside the relay.

      Examples:
        tailrace prune --slot orders --older-than 7d --dry-run
        tailrace prune --slot orders --older-than 7d --dead-letters table:public.dead_letters
        tailrace prune --slot orders --older-than 7d --drop-partitions
      """)

  @OptionGroup var configured: ConfigurationOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var tables: TableOptions

  @Option(help: ArgumentHelp("The replication slot of the relay.", valueName: "name"))
  var slot: String

  @Option(help: ArgumentHelp("Only rows of which the time is so long ago, such as 7d.", valueName: "duration"))
  var olderThan: TimeSpan

  @Option(
    help: ArgumentHelp(
      "A column that is called otherwise than its role: id or occurred_at. May be repeated.", valueName: "role=column"))
  var column: [String] = []

  @Option(
    help: ArgumentHelp(
      "Where the relay's dead letters are, whose rows stay: file:PATH or table:SCHEMA.NAME.", valueName: "place"))
  var deadLetters: LetterPlace?

  @Option(help: ArgumentHelp("Remove no more than so many rows a second.", valueName: "number"))
  var rate = 5000

  @Option(
    help: ArgumentHelp("How long to wait until the slot has confirmed where the log ends now.", valueName: "duration"))
  var wait = TimeSpan(.seconds(30))

  @Flag(help: "Remove rows too that are older than the slot, which it has never brought.")
  var beforeSlot = false

  @Flag(help: "Drop partitions of which the time is over, if every row may go, instead of removing their rows.")
  var dropPartitions = false

  @Flag(help: "Only say how many rows would go.")
  var dryRun = false

  func validate() throws {
    guard (1...1_000_000).contains(rate) else { throw ValidationError("--rate: from 1 to 1000000") }
    guard deadLetters?.isReadable ?? true else {
      throw ValidationError("--dead-letters: letters at a broker are only written; redrive or drop them elsewhere")
    }
    let settings = try settings()
    _ = try Flags.checking { () throws(Failure) in try settings.configuration() }
    guard try !tables.names().isEmpty else { throw ValidationError("--table: logical messages are in no table") }
  }

  private func settings() throws -> OutboxSettings {
    var settings = tables.settings
    for mapping in column {
      guard let equals = mapping.firstIndex(of: "=") else {
        throw ValidationError("--column: '\(mapping)' is not of the form name=column")
      }
      settings.columns[String(mapping[..<equals])] = String(mapping[mapping.index(after: equals)...])
    }
    return settings
  }

  func run() throws {
    try reportingErrors {
      let control = RunControl()
      try Signals.direct(to: control)
      let store = try deadLetters.map {
        try $0.store(
          database: connection.resolved, isCancelled: { control.isStopRequested },
          onNotice: { say("warning: \(Flags.text($0))") })
      }
      let settings = try settings()
      for table in try tables.names() {
        var request = Pruner.Request(
          table: table, slot: slot, idColumns: settings.names(of: .id), timeColumns: settings.names(of: .time),
          age: olderThan.duration)
        (request.beforeSlot, request.dryRun, request.rate, request.wait) = (beforeSlot, dryRun, rate, wait.duration)
        request.dropsPartitions = dropPartitions
        let pruner = Pruner(
          request, database: connection.resolved, isCancelled: { control.isStopRequested },
          tell: { say("notice: \(Flags.text($0))") })
        report(try pruner.run(store), table, isStopped: control.isStopRequested)
      }
    }
  }

  private func report(_ result: Pruner.Result, _ table: TableName, isStopped: Bool) {
    let left = result.old - result.gone - result.busy
    let busy = result.busy == 0 ? "" : ", \(result.busy) are in use"
    let parts = dropPartitions ? " and \(result.partitions) partitions" : ""
    say(
      "info: \(table): \(dryRun ? "would remove" : "removed") \(result.gone) of \(result.old) old rows\(parts); \(left) stay, "
        + "for they are not proved to be delivered or are dead letters\(busy)\(isStopped ? "; stopped before the end" : "")"
    )
  }
}
