// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Hummingbird
import Inbox
import Logging
import PostgresSession
import WebhookReceiver
import Webhooks

@main struct Billing: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "billing",
    abstract: "Writes an invoice for each order that it is told of: the example of the manual's tutorial.",
    discussion: "The database is what psql would use: PGHOST, PGDATABASE, PGUSER, ~/.pgpass, …",
    subcommands: [Setup.self, Serve.self])

  struct Setup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Makes the tables that are not there.")

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let statements = try [Invoices.table] + Invoices.inbox().creation
      try await database.withSession { session in
        try await session.transaction { transaction in
          for statement in statements { try await transaction.execute(statement) }
        }
      }
    }
  }

  struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Takes events at /events, until SIGTERM.")

    @OptionGroup var database: DatabaseOptions
    @Option(help: "The address to listen at.") var host = "127.0.0.1"
    @Option(help: "The port to listen at.") var port = 8081
    @Option(help: "A file with the secrets that sign events, one a line: whsec_ and base64.") var secretFile: String

    func run() async throws {
      let lines = try String(contentsOfFile: secretFile, encoding: .utf8).split(whereSeparator: \.isNewline)
      let verifier = try WebhookVerifier(secrets: lines.map(String.init))
      try await database.withSession { session in
        // Better said now than to the first event.
        _ = try await session.query("SELECT FROM invoices, inbox LIMIT 0")
        let log = Logger(label: "billing")
        let router = Router()
        router.add(middleware: WebhookMiddleware(path: "/events", try Invoices.answering(session, verifier, log)))
        let application = Application(
          router: router, configuration: .init(address: .hostname(host, port: port)), logger: log)
        try await application.runService()
      }
    }
  }
}

struct DatabaseOptions: ParsableArguments {
  @Option(help: "The database, as a connection string of libpq; what it does not say, the environment does.")
  var database = ""

  /// Gives a session that is closed at the end.
  func withSession(_ body: (PostgresSession) async throws -> Void) async throws {
    var configuration = PostgresConfiguration(database: database)
    configuration.name = "billing"
    // A server that has gone without a word holds nobody up for long.
    configuration.answerLimit = .seconds(10)
    let session = PostgresSession(configuration)
    do {
      try await body(session)
    } catch {
      await session.close()
      throw error
    }
    await session.close()
  }
}
