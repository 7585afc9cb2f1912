// SPDX-License-Identifier: Apache-2.0

import Testing

/// All tests of the program against real servers. What they share, one server a version, lives as long as they run.
@Suite(.sharedServers, .enabled(if: TestServer.isAvailable, "needs the programs of a PostgreSQL server"))
enum Integration {
  /// The server that tests share which leave it as it is.
  static func server(_ version: Int = 15) throws -> TestServer { try SharedServers.current.server(version) }

  /// A database with an outbox on the shared server, for the time of `body`.
  static func withDatabase(
    _ version: Int = 15, _ schema: String = OutboxDatabase.schema, _ body: (OutboxDatabase) throws -> Void
  ) throws {
    try server(version).withDatabase(schema, body)
  }
}

/// Starts servers when they are first asked for and destroys them when the suite has run.
struct SharedServersTrait: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    let servers = SharedServers()
    defer { servers.destroy() }
    try await SharedServers.$current.withValue(servers) { try await function() }
  }
}

extension Trait where Self == SharedServersTrait {
  static var sharedServers: Self { SharedServersTrait() }
}
