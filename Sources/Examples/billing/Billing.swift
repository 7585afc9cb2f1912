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
      try await database.make([Invoices.table] + Invoices.inbox().creation)
    }
  }

  struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Takes events at /events, until SIGTERM.")

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var signatures: SignatureOptions
    @OptionGroup var address: AddressOptions

    func run() async throws {
      let verifier = try signatures.verifier()
      try await database.withSession { session in
        try await database.look(session, for: ["invoices", "inbox"])
        let log = Logger(label: "billing")
        let router = Router()
        router.add(middleware: WebhookMiddleware(path: "/events", try Invoices.answering(session, verifier, log)))
        try await address.serve(router, log)
      }
    }
  }
}
