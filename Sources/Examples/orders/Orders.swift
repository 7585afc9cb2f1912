// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Hummingbird
import Logging
import PostgresSession
import WebhookReceiver

@main struct Orders: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "orders",
    abstract: "Takes orders over HTTP, and tells others of them: the example of the manual's tutorial.",
    discussion: "The database is what psql would use: PGHOST, PGDATABASE, PGUSER, ~/.pgpass, …",
    subcommands: [Setup.self, Serve.self])

  struct Setup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Makes the tables that are not there.")

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await database.withSession { try await Tables.make($0) }
    }
  }

  struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Takes orders at /orders and its own events at /events, until SIGTERM.")

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var signatures: SignatureOptions
    @Option(help: "The address to listen at.") var host = "127.0.0.1"
    @Option(help: "The port to listen at.") var port = 8080

    func run() async throws {
      let verifier = try signatures.verifier()
      try await database.withSession { session in
        // Better said now than to the first client.
        _ = try await session.query("SELECT FROM orders, items, customer_totals, shipments, inbox, outbox LIMIT 0")
        let log = Logger(label: "orders")
        let router = Router()
        router.add(middleware: WebhookMiddleware(path: "/events", try OwnInbox.answering(session, verifier, log)))
        OrdersAPI(session, log).add(to: router)
        let application = Application(
          router: router, configuration: .init(address: .hostname(host, port: port)), logger: log)
        try await application.runService()
      }
    }
  }
}
