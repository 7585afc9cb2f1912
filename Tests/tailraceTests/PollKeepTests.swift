// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Rows that stay in their table when they are delivered.
  @Suite struct PollingKeptRows {
    private static let versions = [15, 18]

    /// On a server of its own: an open transaction of any database holds up what is read by transactions.
    private func withDatabase(
      _ version: Int, _ schema: String, _ body: (OutboxDatabase) throws -> Void
    ) throws {
      try TestServer.with(version: version) { server in try server.withDatabase(schema, body) }
    }

    @Test(arguments: versions)
    func `each row is delivered once, from start to start, and stays`(version: Int) throws {
      try withDatabase(version, PollDatabase.schema) { database in
        try database.psql("SELECT place(1, 3000);")
        for rows in [3001...3010, nil, 3011...4500] {
          let poller = try database.pollKept(["--until", "now"])
          #expect(try poller.exitCode(within: 60) == 0, "\(poller.errors.text)")
          #expect(!poller.errors.text.contains("warning"), "\(poller.errors.text)")
          if let rows { try database.psql("SELECT place(\(rows.lowerBound), \(rows.upperBound));") }
        }
        let poller = try database.pollKept(["--until", "now"])
        #expect(try poller.exitCode(within: 60) == 0, "\(poller.errors.text)")
        let events = try Event.read(database.fileLines)
        #expect(events.numbers == Array(1...4500) && events.isInCommitOrder)
        #expect(try database.unpolled() == 4500)
      }
    }

    @Test(arguments: versions)
    func `what is committed late comes late, and what waits for it is told`(version: Int) throws {
      try withDatabase(version, PollDatabase.schema) { database in
        let poller = try database.pollKept()
        let late = try database.session()
        try late.write("BEGIN; SET LOCAL application_name = 'billing'; SELECT place(1, 'late'); SELECT 'open';\n")
        try wait(until: "it is open") { late.output.lines.last == "open" }
        try database.psql("SELECT place(2, 1200);")
        try wait(until: "it is told", within: 60) { poller.errors.text.contains("wait for a transaction that is open") }
        #expect(poller.errors.text.contains("process ") && poller.errors.text.contains("billing"))
        #expect(database.fileLines.isEmpty)
        let cron = try database.poll(
          ["--after-delivery", "keep", "--checkpoint", database.files.file("other"), "--until", "now"])
        try wait(until: "the other waits", within: 60) { cron.errors.text.contains("another poller has") }
        try late.write("COMMIT;\n")
        try wait(until: "all is there", within: 60) { database.fileLines.count == 1200 }
        poller.signal(SIGTERM)
        #expect(try poller.exitCode(within: 30) == 0, "\(poller.errors.text)")
        #expect(try Event.read(database.fileLines).numbers == Array(1...1200))
        #expect(try cron.exitCode(within: 60) == 0, "\(cron.errors.text)")
        #expect(cron.output.lines.count == 1200)
      }
    }

    @Test func `at its end it tells that rows wait`() throws {
      try withDatabase(15, PollDatabase.schema) { database in
        let late = try database.session()
        try late.write("BEGIN; SELECT place(1, 'late'); SELECT 'open';\n")
        try wait(until: "it is open") { late.output.lines.last == "open" }
        try database.psql("SELECT place(2, 5);")
        let first = try database.pollKept(["--until", "now"])
        #expect(try first.exitCode(within: 60) == 0, "\(first.errors.text)")
        #expect(first.errors.text.contains("wait for a transaction that is open"), "\(first.errors.text)")
        #expect(database.fileLines.isEmpty)
        try late.write("COMMIT;\n")
        late.closeInput()
        #expect(try late.exitCode(within: 30) == 0)
        #expect(try database.pollKept(["--until", "now"]).exitCode(within: 60) == 0)
        #expect(try Event.read(database.fileLines).numbers == Array(1...5))
      }
    }

    @Test(arguments: versions)
    func `no row passes one of its key that was written before it by a transaction of a higher number`(version: Int)
      throws
    {
      try withDatabase(version, PollDatabase.schema + "CREATE TABLE other (n int);") { database in
        func begin() throws -> ChildProcess {
          let session = try database.session()
          try session.write("BEGIN; INSERT INTO other VALUES (1); SELECT 'open';\n")
          try wait(until: "it is open") { session.output.lines.last == "open" }
          return session
        }
        let (later, between) = (try begin(), try begin())
        try database.psql("SELECT place(1, 'k');")
        try later.write("SELECT place(2, 'k'); COMMIT;\n")
        later.closeInput()
        #expect(try later.exitCode(within: 30) == 0)
        let poller = try database.pollKept()
        try wait(until: "it is told", within: 60) { poller.errors.text.contains("wait for a transaction that is open") }
        #expect(database.fileLines.isEmpty)
        try between.write("COMMIT;\n")
        try wait(until: "both are there", within: 60) { database.fileLines.count == 2 }
        poller.signal(SIGTERM)
        #expect(try poller.exitCode(within: 30) == 0, "\(poller.errors.text)")
        #expect(try Event.read(database.fileLines).numbers == [1, 2])
      }
    }

    @Test func `where the server was set back, or is another, all comes again and none is passed over`() throws {
      try TestServer.with { server in
        try server.withDatabase(PollDatabase.schema) { database in
          try database.psql("SELECT place(1, 10);")
          try server.copyData()
          try database.psql("SELECT place(11, 20); SELECT place(21, 30);")
          #expect(try database.pollKept(["--until", "now"]).exitCode(within: 60) == 0)
          try server.putBack()
          try database.psql("SELECT place(31, 40);")
          let second = try database.pollKept(["--until", "now"])
          #expect(try second.exitCode(within: 60) == 0, "\(second.errors.text)")
          #expect(second.errors.text.contains("delivered again"), "\(second.errors.text)")
          #expect(
            try Event.read(database.fileLines).numbers == Array(1...30) + Array(1...10) + Array(31...40))
        }
      }
    }

    @Test func `numbers of transactions that a crash gives again hide no row`() throws {
      try TestServer.with { server in
        try server.withDatabase(PollDatabase.schema) { database in
          let poller = try database.pollKept()
          var rows: Set<Int> = []
          for round in 0..<4 {
            let writer = try database.session()
            // Durable only some time after they are seen.
            try writer.write("SET synchronous_commit = off;\n")
            for row in 0..<200 { try writer.write("SELECT place(\(round * 1000 + row), 'k\(row % 7)');\n") }
            Thread.sleep(forTimeInterval: .random(in: 0.05...0.3))
            try server.kill()
            try server.start()
            try? writer.kill9()
            try database.psql("SELECT place(\(round * 1000 + 500), \(round * 1000 + 520));")
            rows.formUnion(
              try database.psql("SELECT payload->>'n' FROM outbox").split(separator: "\n").compactMap { Int($0) })
          }
          try wait(until: "all is delivered", within: 60) {
            try Set(Event.read(database.fileLines).numbers).isSuperset(of: rows)
          }
          poller.signal(SIGTERM)
          #expect(try poller.exitCode(within: 30) == 0, "\(poller.errors.text)")
        }
      }
    }

    @Test func `killed at random it goes on where it was`() throws {
      try withDatabase(15, PollDatabase.schema) { database in
        let writer = try database.session()
        try writer.write("CALL place_slowly(1, 800);\n")
        writer.closeInput()
        for _ in 0..<6 {
          let poller = try database.pollKept()
          try wait(until: "it is ready", within: 60) { poller.errors.text.contains("ready: ") }
          Thread.sleep(forTimeInterval: .random(in: 0.1...0.8))
          try poller.kill9()
        }
        #expect(try writer.exitCode(within: 60) == 0, "\(writer.errors.text)")
        let poller = try database.pollKept(["--until", "now"])
        #expect(try poller.exitCode(within: 60) == 0, "\(poller.errors.text)")
        let events = try Event.read(database.fileLines)
        #expect(Set(events.numbers) == Set(1001...1800))
        #expect(events.firstOfEach.isOrderedPerKey)
      }
    }
  }
}

extension OutboxDatabase {
  /// Starts `tailrace poll` into `file`, which leaves rows as they are.
  func pollKept(_ options: [String] = []) throws -> ChildProcess {
    try pollToFile(
      ["--after-delivery", "keep", "--checkpoint", files.file("progress"), "--poll-interval", "50ms"] + options)
  }
}
