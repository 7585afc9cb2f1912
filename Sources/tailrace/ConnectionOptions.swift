// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import PostgresClient
import PostgresWire
import Settings

/// Where the server is.
struct ConnectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The database: a connection URI or string, as psql takes it. Default: TAILRACE_DATABASE, else PGHOST, PGSERVICE "
        + "and the like.", valueName: "dsn"))
  var database: String?

  @Option(
    help: ArgumentHelp("A file with the password, which is read at each connect.", valueName: "path"),
    completion: .file())
  var passwordFile: String?

  @Option(
    help: ArgumentHelp(
      "A command that prints the password, which is run at each connect, for tokens that do not last: a program and its "
        + "arguments, without a shell.", valueName: "command"))
  var passwordCommand: String?

  func validate() throws {
    if passwordFile != nil, passwordCommand != nil {
      throw ValidationError("--password-file: excludes --password-command")
    }
    if let passwordCommand, PasswordSource.words(of: passwordCommand) == nil {
      throw ValidationError("--password-command: it names no program, or a quote in it is not closed")
    }
  }

  /// The connection string, and where its password is; empty leaves everything to libpq.
  var resolved: String {
    let text = database ?? Environment["TAILRACE_DATABASE"] ?? ""
    if let passwordFile { return ConnectionString.adding(.file(passwordFile), to: text) }
    if let passwordCommand { return ConnectionString.adding(.command(passwordCommand), to: text) }
    if let path = Environment["TAILRACE_PASSWORD_FILE"] { return ConnectionString.adding(.file(path), to: text) }
    guard let command = Environment["TAILRACE_PASSWORD_COMMAND"] else { return text }
    return ConnectionString.adding(.command(command), to: text)
  }
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

/// The same where a table may be polled instead.
struct StreamOrPollOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The publication; none with --polling.", valueName: "name"))
  var publication: String?

  @Option(
    help: ArgumentHelp(
      "The replication slot: lower-case letters, digits and _; none with --polling.", valueName: "name"))
  var slot: String?

  @Flag(help: "For tables that tailrace poll reads: no publication and no slot.")
  var polling = false

  func validate() throws {
    guard !polling else {
      if publication != nil || slot != nil {
        throw ValidationError("--polling: it needs neither --publication nor --slot")
      }
      return
    }
    try names().validate()
  }

  /// The stream's.
  func names() throws -> StreamNameOptions {
    guard let publication else { throw ValidationError("Missing expected argument '--publication <name>'") }
    guard let slot else { throw ValidationError("Missing expected argument '--slot <name>'") }
    var names = StreamNameOptions()
    (names.publication, names.slot) = (publication, slot)
    return names
  }
}
