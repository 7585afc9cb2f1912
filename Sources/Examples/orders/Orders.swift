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
      try await database.make(try Tables.all())
    }
  }

  struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Takes orders at /orders and its own events at /events, until SIGTERM.")

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var signatures: SignatureOptions
    @OptionGroup var address: AddressOptions

    func run() async throws {
      let verifier = try signatures.verifier()
      try await database.withSession { session in
        try await database.look(
          session, for: ["orders", "items", "customer_totals", "shipments", "inbox", "outbox"])
        let log = Logger(label: "orders")
        let router = Router()
        router.add(middleware: WebhookMiddleware(path: "/events", try OwnInbox.answering(session, verifier, log)))
        OrdersAPI(session, log).add(to: router)
        try await address.serve(router, log)
      }
    }
  }
}
