// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import PostgresWire
import Settings

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

  func validate() throws { _ = try Flags.checking { () throws(Failure) in try named.replication(tables: []) } }

  func settings(_ connection: ConnectionOptions) -> SourceSettings {
    var settings = named
    settings.database = connection.resolved
    return settings
  }

  private var named: SourceSettings {
    var settings = SourceSettings()
    settings.publication = publication
    settings.slot = slot
    return settings
  }
}
