// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import OutboxMapping
import PostgresWire
import Settings

/// What becomes of rows after delivery.
struct CleanUpOptions: ParsableArguments {
  @Option(
    help:
      "What becomes of a row once its event is delivered, before its position is confirmed: it stays, is deleted, or marked."
  )
  var afterDelivery: AfterDelivery = .keep

  @Option(
    help: ArgumentHelp(
      "The column that says when, with --after-delivery mark: of type timestamptz. Default: dispatched_at.",
      valueName: "column"))
  var markColumn: String?

  var settings: CleanUpSettings {
    var settings = CleanUpSettings()
    settings.afterDelivery = afterDelivery
    settings.markColumn = markColumn
    return settings
  }
}

/// What becomes of the rows of letters that are removed.
struct LetterCleanUpOptions: ParsableArguments {
  @OptionGroup var rows: CleanUpOptions

  @Option(
    help: ArgumentHelp(
      "The outbox table that the rows are in; may be repeated where rows stay. Default: public.outbox.",
      valueName: "schema.name"))
  var table: [String] = []

  @Option(
    help: ArgumentHelp(
      "The id column, where it has another name: id=column. May be repeated.", valueName: "role=column"))
  var column: [String] = []

  /// The outbox, as far as letters' rows are concerned.
  var outbox: OutboxSettings {
    var settings = OutboxSettings()
    settings.tables = table
    if let id = column.last(where: { $0.hasPrefix("id=") }) { settings.columns["id"] = String(id.dropFirst(3)) }
    return settings
  }

  func validate() throws {
    try Flags.checking { () throws(Failure) in try rows.settings.validate(with: outbox) }
    guard rows.afterDelivery == .keep || table.count <= 1 else {
      throw ValidationError("--table: dead letters do not say which table their rows are in; name one")
    }
  }
}

extension AfterDelivery: ExpressibleByArgument {}
