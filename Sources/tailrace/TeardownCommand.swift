// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Operations
import Replication

/// `tailrace teardown`: removes slot and publication.
struct TeardownCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "teardown",
    abstract: "Removes the replication slot and the publication; the outbox table stays.",
    discussion: """
      What is not there is left at that. A slot that is in use is an error, and so is one with events that nobody has read: \
      they would be lost. A publication through which another slot may be read is kept. What setup --snapshot has kept of the \
      slot goes, too. With --polling it removes the trigger that tells of new rows.
      """)

  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var source: StreamOrPollOptions
  @OptionGroup var tables: TableOptions

  @Flag(help: "Remove the slot although it has events that nobody has read, which are then lost for the stream.")
  var force = false

  @Flag(help: "Print the SQL to standard output and change nothing.")
  var dryRun = false

  func validate() throws {
    if source.polling, force { throw ValidationError("--force does not go with --polling") }
  }

  func run() throws {
    try reportingErrors {
      let administration = try connection.administration()
      guard !source.polling else {
        let plan = Administration.PollPlan(tables: try tables.names())
        return try perform(
          administration.teardownSteps(plan), with: administration, dryRun: dryRun, done: "removed")
      }
      let plan = try source.names().plan(tables)
      let steps = try administration.teardownSteps(
        plan, discards: force, countsMessages: !tables.messagePrefix.isEmpty)
      if !dryRun { try administration.requireTeardownRights(plan, steps) }
      try perform(steps, with: administration, dryRun: dryRun, done: "removed")
    }
  }
}
