// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Hummingbird
import Logging
import NIOCore
import PostgresSession
import PostgresWire
import Webhooks

struct DatabaseOptions: ParsableArguments {
  @Option(help: "The database, as a connection string of libpq; what it does not say, the environment does.")
  var database = ""

  /// Makes what is not there, all or nothing, and says where.
  func make(_ statements: [String]) async throws {
    try await withSession { session in
      let place = try await session.transaction { transaction in
        for statement in statements { try await transaction.execute(statement) }
        return try await transaction.query("SELECT current_database()")
      }
      print("all tables are there, in database \(place.first?.first.flatMap { $0 } ?? "?")")
    }
  }

  /// Looks whether tables are there and may be read: better said now than to the first who asks.
  func look(_ session: PostgresSession, for tables: [String]) async throws {
    do {
      _ = try await session.query("SELECT FROM \(tables.joined(separator: ", ")) LIMIT 0")
    } catch let failure as Failure where failure.sqlState == "42P01" {
      throw Trouble(
        "\(failure.what); make it in that database with orders setup, and the outbox with tailrace setup --create-table"
      )
    }
  }

  /// Gives a session that is closed at the end.
  func withSession(_ body: (PostgresSession) async throws -> Void) async throws {
    var configuration = PostgresConfiguration(database: database)
    configuration.name = "orders"
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

struct SignatureOptions: ParsableArguments {
  @Option(help: "A file with the secrets that events are signed with, one a line: whsec_ and base64.")
  var secretFile: String

  func verifier() throws -> WebhookVerifier {
    do {
      let lines = try String(contentsOfFile: secretFile, encoding: .utf8).split(whereSeparator: \.isNewline)
      return try WebhookVerifier(secrets: lines.map(String.init))
    } catch let error as WebhookVerifier.SecretError {
      throw Trouble("the file \(secretFile): \(error)")
    } catch {
      throw Trouble("the file \(secretFile) cannot be read: \(error.localizedDescription)")
    }
  }
}

struct AddressOptions: ParsableArguments {
  @Option(help: "The address to listen at.") var host = "127.0.0.1"
  @Option(help: "The port to listen at. Default: 8080.") var port: Int?

  func validate() throws {
    guard (1...65535).contains(port ?? 1) else { throw ValidationError("--port: from 1 to 65535") }
  }

  private static func words(_ error: IOError) -> String {
    POSIXErrorCode(rawValue: error.errnoCode).map { POSIXError($0).localizedDescription } ?? "\(error)"
  }

  /// Serves until SIGTERM.
  func serve(_ router: Router<BasicRequestContext>, _ log: Logger) async throws {
    let port = port ?? 8080
    let application = Application(
      router: router, configuration: .init(address: .hostname(host, port: port)), logger: log)
    do {
      try await application.runService()
    } catch let error as IOError {
      throw Trouble(
        "cannot listen at \(host):\(port): \(Self.words(error)); give another --port")
    }
  }
}

/// What is wrong around the service, in a line.
struct Trouble: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
