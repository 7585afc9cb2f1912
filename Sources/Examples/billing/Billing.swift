// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Hummingbird
import Inbox
import Logging
import PostgresSession
import WebhookReceiver

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
    @OptionGroup var signatures: SignatureOptions
    @Option(help: "The address to listen at.") var host = "127.0.0.1"
    @Option(help: "The port to listen at.") var port = 8081

    func run() async throws {
      let verifier = try signatures.verifier()
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
