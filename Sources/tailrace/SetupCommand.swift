// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Octets
import Operations
import OutboxMapping
import PostgresWire
import Replication
import Settings

/// `tailrace setup`: makes publication, slot and, if asked to, the table.
struct SetupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "setup",
    abstract: "Makes the publication and the replication slot for an outbox, and the table if asked to.",
    discussion: """
      What is there and right is left alone; what is there and different is an error that says how. Run it as a role \
      that owns the table and has REPLICATION. --dry-run prints the SQL instead, with a role of least privilege. With \
      --polling it makes what tables that are polled are better off with: a column that counts up, its index, and a trigger.
      """)

  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var source: StreamOrPollOptions
  @OptionGroup var tables: TableOptions

  @Flag(help: "Make outbox tables that are missing.")
  var createTable = false

  @Option(
    help: ArgumentHelp(
      "Make outbox tables that are missing in parts by time, and parts ahead where they are missing: day.",
      valueName: "span"))
  var partitionBy: PartitionSpan?

  @Option(help: ArgumentHelp("Make a table for dead letters.", valueName: "schema.name"))
  var deadLetterTable: String?

  @Flag(help: "Keep in a table when the slot begins, so that rows that it has delivered can be pruned.")
  var prunable = false

  @Flag(
    help: "Keep in a table what the outbox holds when the slot begins, so that stream --initial-rows can deliver it.")
  var snapshot = false

  @Flag(help: "Make a slot that follows a failover to a standby (PostgreSQL 17 and later).")
  var failover = false

  @Flag(help: "Only prove that a slot can be made: it goes when this command ends. Then use stream --temporary-slot.")
  var temporary = false

  @Flag(help: "Leave a publication alone that has a row filter: rows that it takes out never become events.")
  var acceptRowFilter = false

  @Option(
    help: ArgumentHelp(
      "With --polling, the column in which rows are to be marked that are delivered; made where it is missing.",
      valueName: "column"))
  var markColumn: String?

  @Flag(help: "Print the SQL to standard output and change nothing.")
  var dryRun = false

  func validate() throws {
    if source.polling {
      let others = [
        (partitionBy != nil, "--partition-by"),
        (prunable, "--prunable"), (snapshot, "--snapshot"), (failover, "--failover"), (temporary, "--temporary"),
        (acceptRowFilter, "--accept-row-filter"), (!tables.messagePrefix.isEmpty, "--message-prefix"),
      ]
      if let other = others.first(where: \.0) { throw ValidationError("\(other.1) does not go with --polling") }
      if markColumn == "" { throw ValidationError("--mark-column: the name is empty") }
      if let markColumn, ColumnRole.allCases.contains(where: { $0.usualNames.contains(markColumn) }) {
        throw ValidationError(
          "--mark-column: column \(markColumn) has something of the event; name one that says nothing else")
      }
    } else if markColumn != nil {
      throw ValidationError("--mark-column: it needs --polling")
    }
    if temporary, failover { throw ValidationError("--temporary does not go with --failover") }
    if snapshot, temporary { throw ValidationError("--snapshot does not go with --temporary") }
    if prunable, temporary { throw ValidationError("--prunable does not go with --temporary") }
    if let deadLetterTable, TableName(deadLetterTable) == nil {
      throw ValidationError("--dead-letter-table: '\(deadLetterTable)' is not a table name such as public.dead_letters")
    }
  }

  func run() throws {
    try reportingErrors {
      let control = RunControl()
      try Signals.direct(to: control)
      let administration = try connection.administration(control)
      guard !source.polling else {
        var plan = Administration.PollPlan(tables: try tables.names())
        (plan.createsTables, plan.mark) = (createTable, markColumn)
        var steps = try administration.setupSteps(plan)
        let letters = deadLetterTable.flatMap { TableName($0) }
        if let letters { steps += try administration.letterTableSteps(letters, beside: steps) }
        if !dryRun { try administration.requireRights(plan, steps, letters: letters) }
        for warning in try administration.warnings(plan, steps) { say("warning: \(Flags.text(warning))") }
        return try perform(steps, with: administration, dryRun: dryRun, done: "made")
      }
      var plan = try source.names().plan(tables)
      plan.createsTables = createTable || partitionBy != nil
      plan.isByDay = partitionBy == .day
      plan.failover = failover
      plan.isTemporary = temporary
      plan.takesSnapshot = snapshot
      var outbox = tables.settings
      outbox.acceptRowFilter = acceptRowFilter
      plan.needs = try outbox.configuration().publishingNeeds
      var steps = try administration.setupSteps(plan)
      let letters = deadLetterTable.flatMap { TableName($0) }
      if let letters { steps += try administration.letterTableSteps(letters, beside: steps) }
      if !temporary { steps += try administration.pruneSteps(plan, after: steps, makesTable: prunable) }
      if !dryRun { try administration.requireRights(plan, steps, letters: letters) }
      for warning in try administration.warnings(plan) { say("warning: \(Flags.text(warning))") }
      try perform(steps, with: administration, dryRun: dryRun, done: "made")
      if dryRun { printRights(administration, letters, snapshots: snapshot ? plan.tables : []) }
    }
  }
}

/// How much time one part of a table has.
enum PartitionSpan: String, ExpressibleByArgument {
  case day
}

extension SetupCommand {
  fileprivate func printRights(
    _ administration: borrowing Administration, _ letters: TableName?, snapshots: [TableName]
  ) {
    print("-- a role with no more rights than are used; set its password with \\password tailrace")
    for statement in Administration.roleStatements(letters: letters) { print(statement) }
    for statement in Administration.initialRowGrants(snapshots) { print(statement) }
    print(
      "-- with --message-prefix, every role that may connect can make events, unless a superuser takes that right away;"
    )
    print("-- then GRANT EXECUTE on the same functions to those that are to make them")
    for statement in administration.messageStatements { print((tables.messagePrefix.isEmpty ? "-- " : "") + statement) }
  }
}

extension ConnectionOptions {
  /// Connects, and says what there is to be said about that.
  func administration(_ control: RunControl = RunControl()) throws(Failure) -> Administration {
    let administration = try Administration(
      database: resolved, isCancelled: { control.isStopRequested },
      onWait: { say("notice: \(Flags.text($0))") })
    if let warning = administration.connectionWarning { say("warning: \(Flags.text(warning))") }
    return administration
  }
}

extension StreamNameOptions {
  func plan(_ tables: TableOptions) throws -> Administration.Plan {
    Administration.Plan(publication: publication, slot: slot, tables: try tables.names())
  }
}

/// Does the steps and says so, or prints them.
func perform(
  _ steps: [Administration.Step], with administration: borrowing Administration, dryRun: Bool, done: String
) throws(Failure) {
  // As on our own connections: whoever runs it by hand must not run what the database's owner calls like the system's.
  if dryRun {
    print("SET search_path = '';")
    if try administration.databaseOnlyReads { print("SET default_transaction_read_only = off;") }
  }
  for step in steps {
    if let left = step.left {
      dryRun
        ? print("-- \(ForeignText(step.subject)) \(Flags.text(left))")
        : say("warning: \(step.subject) \(Flags.text(left))")
      continue
    }
    guard let sql = step.sql else {
      dryRun ? print("-- \(ForeignText(step.subject)): nothing to do") : say("info: \(step.subject): nothing to do")
      continue
    }
    if dryRun {
      print(sql)
    } else {
      try administration.run(step)
      say("info: \(step.subject): \(done)")
    }
  }
}
