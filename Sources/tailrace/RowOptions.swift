// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IntegrationEvents
import TableSource

/// Which rows of the outbox: it must be said.
struct RowOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The one of an event id; may be repeated.", valueName: "id"))
  var id: [String] = []

  @Option(help: ArgumentHelp("Those of an aggregate id.", valueName: "key"))
  var key: String?

  @Option(help: ArgumentHelp("Those of an event type.", valueName: "type"))
  var type: String?

  @Option(help: ArgumentHelp("Those whose time is not before one such as 2026-01-31T12:00:00Z.", valueName: "time"))
  var since: RowTime?

  @Option(help: ArgumentHelp("Those whose time is before one.", valueName: "time"))
  var before: RowTime?

  func validate() throws {
    // A variable that is not set must not mean all of them.
    for (flag, value) in [("--key", key), ("--type", type)] + id.map({ ("--id", $0) }) where value == "" {
      throw ValidationError("\(flag): it is empty")
    }
    guard rows != RowSelection() else {
      throw ValidationError("say which: --id, --key, --type, --since or --before")
    }
    guard id.count <= 1000 else { throw ValidationError("--id: no more than 1000 of them") }
    if let since, let before, since.time >= before.time {
      throw ValidationError("--since: it is not earlier than --before")
    }
  }

  var rows: RowSelection {
    var rows = RowSelection()
    (rows.ids, rows.key, rows.type) = (id, key, type)
    (rows.since, rows.before) = (since.map { "\($0.time)" }, before.map { "\($0.time)" })
    return rows
  }
}

/// A time as RFC 3339 writes it.
struct RowTime: ExpressibleByArgument, Hashable {
  let time: EventTime

  init?(argument: String) {
    let bytes = Array(argument.utf8)
    guard let time = unsafe EventTime.parse(bytes.span.bytes, 0..<bytes.count) else { return nil }
    self.time = time
  }
}
