// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Testing

extension Integration {
  /// Pollers whose sink takes nothing for a while.
  @Suite struct PollingHeld {
    /// A service that is away until it is told to work.
    private func withService(_ body: (WebServer, _ work: () -> Void) throws -> Void) throws {
      let isThere = Atomic(false)
      let server = try WebServer { _ in WebServer.Answer(isThere.load(ordering: .relaxed) ? 204 : 503) }
      defer { server.close() }
      try body(server) { isThere.store(true, ordering: .relaxed) }
    }

    /// So many of one key that nothing more is read.
    private func fill(_ database: OutboxDatabase) throws {
      try database.psql(
        "INSERT INTO outbox (aggregateid, payload) SELECT 'k', jsonb_build_object('n', n) FROM generate_series(1, 20000) n;"
      )
    }

    @Test func `it gives keys back all the same`() throws {
      try withDatabase(15, PollDatabase.schema) { database in
        try withService { server, _ in
          try fill(database)
          let options = ["--after-delivery", "delete", "--poll-interval", "20ms"]
          let held = try database.poll(options + ["--sink", server.url])
          try wait(until: "its sink is away", within: 60) { held.errors.text.contains("fails: status 503") }
          Thread.sleep(forTimeInterval: 3)
          let other = try database.pollToFile(options)
          try database.psql(
            "INSERT INTO outbox (aggregateid, payload) SELECT 'm' || n, jsonb_build_object('n', n) FROM generate_series(1, 300) n;"
          )
          try wait(until: "the other has its share", within: 60) { database.fileLines.count > 60 }
          #expect(!database.fileLines.contains { $0.contains(#""subject":"k""#) })
          for poller in [held, other] { try poller.kill9() }
        }
      }
    }

    @Test func `it tries nothing more once the network has gone and another may have its keys`() throws {
      try withDatabase(15, PollDatabase.schema) { database in
        try withService { server, work in
          try database.withLink { link in
            try fill(database)
            let held = try database.tailrace(
              [
                "poll", "--database", database.server.connection(to: database.name, port: "\(link.port)"),
                "--after-delivery", "delete", "--sink", server.url,
              ])
            try wait(until: "its sink is away", within: 60) { held.errors.text.contains("fails: status 503") }
            Thread.sleep(forTimeInterval: 3)
            link.cut()
            try database.psql(
              "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tailrace' AND datname = current_database();"
            )
            try wait(until: "it has noticed", within: 30) { held.errors.text.contains("trying again") }
            work()
            let other = try database.pollToFile(["--after-delivery", "delete", "--until", "now"])
            #expect(try other.exitCode(within: 60) == 0, "\(other.errors.text)")
            Thread.sleep(forTimeInterval: 20)
            #expect(server.taken.isEmpty)
            #expect(try Event.read(database.fileLines).numbers == Array(1...20000))
            try held.kill9()
          }
        }
      }
    }
  }
}
