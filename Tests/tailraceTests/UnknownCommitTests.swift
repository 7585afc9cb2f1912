// SPDX-License-Identifier: Apache-2.0

import DomainEvents
import PostgresSession
import PostgresWire
import Synchronization
import Testing

extension Integration {
  @Suite struct UnknownCommits {
    /// What is to happen when the COMMIT comes by.
    private final class Trap: Sendable {
      let action = Mutex<(@Sendable () -> Void)?>(nil)

      func see(_ piece: ArraySlice<UInt8>) {
        guard String(decoding: piece, as: UTF8.self).contains("COMMIT") else { return }
        action.withLock { $0 }?()
      }
    }

    /// A service behind a link, whose next COMMIT springs `action` before it goes on its way.
    private func run(
      _ version: Int, _ action: @escaping @Sendable (Link, OutboxDatabase) -> Void,
      _ body: (borrowing Shop, UnitsOfWork<PostgresSession>, Notes) async throws -> Void
    ) async throws {
      let trap = Trap()
      let links = Mutex<[Link]>([])
      defer { for link in links.withLock({ $0 }) { link.close() } }
      let port: (OutboxDatabase) throws -> UInt16 = { database in
        let link = try Link(to: UInt16(database.server.port) ?? 0, onClient: { trap.see($0) })
        links.withLock { $0.append(link) }
        trap.action.withLock { $0 = { action(link, database) } }
        return link.port
      }
      try await Shop.run(version, port: port) { service in
        let notes = Notes()
        var handlers = Shop.Handlers { _ in }
        handlers.beforeCommit(OrderPlaced.self) { order, _ in notes.add("before \(order.id)") }
        handlers.afterCommit(OrderPlaced.self) { order in notes.add("after \(order.id)") }
        try await body(service, UnitsOfWork(service.session, handlers), notes)
        trap.action.withLock { $0 = nil }
      }
    }

    private func outcome(_ commit: CommitUnknown, _ session: PostgresSession) async throws -> CommitOutcome {
      while true {
        let outcome = try await session.outcome(of: commit)
        if outcome != .inProgress { return outcome }
        try await Task.sleep(for: .milliseconds(20))
      }
    }

    @Test(arguments: [15, 18])
    func `a commit whose answer is lost is unknown, is not run again, and the server says that it has happened`(
      version: Int
    ) async throws {
      try await run(version, { link, _ in link.reset() }) { service, units, notes in
        let unknown = try #require(
          await #expect(throws: CommitUnknown.self) { try await units.run { try await $0.place("a") } })
        #expect(notes.words == ["before a"])
        let outcome = try await outcome(unknown, service.session)
        #expect(outcome == .committed)
        #expect(try service.orders() == ["a"])
      }
    }

    @Test(arguments: [15, 18])
    func `a commit that never reached the server is unknown too, and the server says that it has not happened`(
      version: Int
    ) async throws {
      let kill: @Sendable (Link, OutboxDatabase) -> Void = { _, database in
        _ = try? database.psql(
          "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '\(database.name)' AND pid <> pg_backend_pid()"
        )
      }
      try await run(version, kill) { service, units, notes in
        let unknown = try #require(
          await #expect(throws: CommitUnknown.self) { try await units.run { try await $0.place("a") } })
        #expect(notes.words == ["before a"])
        let outcome = try await outcome(unknown, service.session)
        #expect(outcome == .rolledBack)
        #expect(try service.orders().isEmpty)
      }
    }

    @Test func `a commit that the server refuses is a failure, not unknown`() async throws {
      try await Shop.run { service in
        try service.database.psql(
          "ALTER TABLE stock DROP CONSTRAINT stock_pkey, ADD CONSTRAINT once UNIQUE (item) DEFERRABLE INITIALLY DEFERRED"
        )
        let failure = await #expect(throws: Failure.self) {
          try await service.session.transaction { try await $0.execute("INSERT INTO stock VALUES ('a', 7), ('a', 8)") }
        }
        #expect(failure?.sqlState == "23505")
      }
    }

    @Test func `a lost commit of what has written nothing is a plain failure`() async throws {
      try await run(15, { link, _ in link.reset() }) { service, _, _ in
        await #expect(throws: Failure.self) {
          try await service.session.transaction { _ = try await $0.query("SELECT 1") }
        }
      }
    }
  }
}
