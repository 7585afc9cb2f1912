// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hummingbird
import Inbox
import IntegrationEvents
import NIOCore
import PostgresSession
import WebhookReceiver
import Webhooks

/// A consumer for tests: takes events at `/events`, and writes each into the table `effects` as its effect.
///
/// usage: test-receiver DATABASE LAYOUT [--all-modes] SECRET...     LAYOUT: rows, days, or positions:SOURCE
///
/// Prints its port when it can be posted to. An event whose type is `Refused` is refused, one that is called `Unknown` has no handler.
@main struct Service {
  static func main() async throws {
    let arguments = CommandLine.arguments
    let layout: InboxLayout =
      switch arguments[2] {
      case "rows": .rows
      case "days": .days
      default: .positions(source: String(arguments[2].dropFirst("positions:".count)))
      }
    let inbox = try Inbox(
      consumer: "billing", layout: layout,
      retention: Retention(.seconds(30 * 86_400), longestRedelivery: .seconds(30 * 86_400)),
      versionAttribute: "aggregateversion")
    var configuration = PostgresConfiguration(database: arguments[1])
    configuration.connections = 20
    let sessions = PostgresSession(configuration)
    try await sessions.transaction { @Sendable transaction in
      for statement in inbox.creation + inbox.partitions() { _ = try await transaction.execute(statement, []) }
    }
    let secrets = arguments.dropFirst(3).filter { $0 != "--all-modes" }
    let reading = WebhookReading(
      verifier: secrets.isEmpty ? nil : try WebhookVerifier(secrets: secrets),
      modes: arguments.contains("--all-modes") ? Set(WebhookReading.Mode.allCases) : nil)
    let answering = WebhookAnswering(reading, into: inbox, handlers()) { body in
      try await sessions.transaction { transaction in try await body(&transaction) }
    }
    let router = Router()
    router.add(middleware: WebhookMiddleware(path: "/events", answering))
    router.get("/other") { _, _ in "other" }
    router.post("/forget") { _, _ in
      // As a service would, every so often: each batch in a transaction of its own.
      var removed: [Int] = []
      repeat {
        removed.append(try await sessions.transaction { try await inbox.removeOld(in: &$0, atMost: 100) })
      } while removed.last == 100
      return "\(removed) \(try await sessions.transaction { try await inbox.dropOldPartitions(in: &$0) }.count)"
    }
    let application = Application(
      router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { channel in
        FileHandle.standardOutput.write(Data("\(channel.localAddress?.port ?? 0)\n".utf8))
      })
    try await application.runService()
  }

  private static func handlers() -> EventHandlers<PostgresTransaction> {
    var handlers = EventHandlers<PostgresTransaction>()
    for type in ["Placed", "OrderPlaced", "Gäste geladen"] {
      handlers.on(type: type) { event, transaction in
        _ = try await transaction.execute(
          "INSERT INTO effects (id, type, subject, data) VALUES ($1, $2, $3, $4)",
          [event.id, event.type, event.subject, event.data.map { String(decoding: $0, as: UTF8.self) }])
      }
    }
    handlers.on(type: "Refused") { event, transaction in
      _ = try await transaction.execute("INSERT INTO effects (id, type) VALUES ($1, 'Refused')", [event.id])
      throw EventRefusal("there is no such order")
    }
    return handlers
  }
}
