// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import PostgresSession
import Webhooks

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

struct SignatureOptions: ParsableArguments {
  @Option(help: "A file with the secrets that events are signed with, one a line: whsec_ and base64.")
  var secretFile: String

  func verifier() throws -> WebhookVerifier {
    do {
      let lines = try String(contentsOfFile: secretFile, encoding: .utf8).split(whereSeparator: \.isNewline)
      return try WebhookVerifier(secrets: lines.map(String.init))
    } catch is WebhookVerifier.SecretError {
      throw ValidationError("\(secretFile) has not one secret a line, each whsec_ and base64")
    } catch {
      throw ValidationError("\(secretFile) cannot be read")
    }
  }
}
