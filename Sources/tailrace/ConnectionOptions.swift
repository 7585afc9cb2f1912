import ArgumentParser
import Outbox
import Replication

/// Where the server is.
struct ConnectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The database: a connection URI or string, as psql takes it. Default: TAILRACE_DATABASE, else PGHOST, PGSERVICE "
        + "and the like.", valueName: "dsn"))
  var database: String?

  /// The connection string; empty leaves everything to libpq.
  var resolved: String { database ?? Environment["TAILRACE_DATABASE"] ?? "" }
}

/// Which stream of that server.
struct StreamNameOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The publication.", valueName: "name"))
  var publication: String

  @Option(help: ArgumentHelp("The replication slot: lower-case letters, digits and _.", valueName: "name"))
  var slot: String

  func validate() throws {
    let isSlotName = slot.utf8.allSatisfy {
      (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_")
    }
    guard isSlotName, (1...63).contains(slot.utf8.count) else {
      throw ValidationError("--slot: a slot's name has 1 to 63 lower-case letters, digits and underscores")
    }
    guard !publication.isEmpty else { throw ValidationError("--publication: the name is empty") }
  }

  func settings(_ connection: ConnectionOptions, _ tables: TableOptions) -> ReplicationSettings {
    var settings = ReplicationSettings(database: connection.resolved, slot: slot, publications: [publication])
    settings.tables = tables.names
    return settings
  }
}
