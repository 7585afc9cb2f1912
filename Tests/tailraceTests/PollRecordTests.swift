// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// How far rows are that stay in their table: what the record means, and when it means nothing.
  @Suite struct PollingRecords {
    private static let timed = InitialRowsDatabase.schema.replacing("clock_timestamp()", with: "now()")

    /// On a server of its own: an open transaction of any database holds up what is read by transactions.
    private func withDatabase(
      _ version: Int, _ schema: String, _ body: (OutboxDatabase) throws -> Void
    ) throws {
      try TestServer.with(version: version) { server in try server.withDatabase(schema, body) }
    }

    /// Lets a poller deliver some of the rows and be killed.
    private func deliverSome(_ database: OutboxDatabase, _ count: Int, _ options: [String] = []) throws -> [Int] {
      let server = try WebServer { _ in
        Thread.sleep(forTimeInterval: 0.001)
        return WebServer.Answer(204)
      }
      defer { server.close() }
      let poller = try database.keep(["--sink", server.url] + options)
      try wait(until: "some are there", within: 60) { server.taken.count >= count }
      // Until that is on record.
      try wait(until: "it is on record", within: 60) {
        (try? String(contentsOfFile: database.record, encoding: .utf8))?.contains("polled-rows") ?? false
      }
      Thread.sleep(forTimeInterval: 1)
      try poller.kill9()
      return server.taken.numbers
    }

    private func rest(_ database: OutboxDatabase, _ options: [String] = []) throws -> ChildProcess {
      let poller = try database.keep(["--until", "now"] + options)
      #expect(try poller.exitCodeAfterAllOutput(within: 60) == 0, "\(poller.errors.text)")
      return poller
    }

    @Test(arguments: [15, 18])
    func `a change that was rolled back hides no row that is ordered by its statement`(version: Int) throws {
      try withDatabase(version, Self.timed) { database in
        // One statement a row, in one transaction.
        try database.psql("DO $$BEGIN FOR n IN 1..6000 LOOP PERFORM place(n, 'k'); END LOOP; END$$;")
        let first = try deliverSome(database, 1500)
        try database.psql("BEGIN; DELETE FROM outbox WHERE cmin::text::int > 3000; ROLLBACK;")
        let second = try Event.read(rest(database).output.lines).numbers
        #expect(Set(first + second) == Set(1...6000))
      }
    }

    @Test func `rows that are ordered by another column than before come again, and none is passed over`() throws {
      let columns = ", a int, b int);"
      let schema = OutboxDatabase.schema.replacing("payload jsonb);", with: "payload jsonb\(columns)")
      try withDatabase(15, schema) { database in
        try database.psql(
          "SELECT place(1, 5000); UPDATE outbox SET a = (payload->>'n')::int, b = 5001 - (payload->>'n')::int;")
        let first = try deliverSome(database, 1500, ["--order-by", "a"])
        let second = try Event.read(rest(database, ["--order-by", "b"]).output.lines).numbers
        #expect(Set(first + second) == Set(1...5000))
      }
    }

    @Test func `another database, and a table that has come in the place of another, are not taken for the one before`()
      throws
    {
      try withDatabase(15, PollDatabase.schema) { database in
        try database.psql(
          """
          SELECT place(1, 5); CREATE TABLE outbox_new (LIKE outbox INCLUDING ALL);
          INSERT INTO outbox_new (aggregateid, payload) SELECT 'k', jsonb_build_object('n', n) FROM generate_series(101, 105) n;
          """)
        try database.server.withDatabase(PollDatabase.schema) { other in
          try other.psql("SELECT place(201, 205);")
          #expect(try rest(database).output.lines.count == 5)
          let poller = try other.keep(["--until", "now", "--checkpoint", database.record])
          #expect(try poller.exitCodeAfterAllOutput(within: 60) == 0, "\(poller.errors.text)")
          #expect(try Event.read(poller.output.lines).numbers == Array(201...205))
          #expect(poller.errors.text.contains("delivered again"), "\(poller.errors.text)")
        }
        let poller = try database.keep(["--sink", "file:\(database.file)"])
        try wait(until: "all came again", within: 60) { database.fileLines.count == 5 }
        try database.psql("ALTER TABLE outbox RENAME TO outbox_old; ALTER TABLE outbox_new RENAME TO outbox;")
        try wait(until: "the other table's rows are there", within: 60) { database.fileLines.count == 10 }
        poller.signal(SIGTERM)
        #expect(try poller.exitCode(within: 30) == 0, "\(poller.errors.text)")
        #expect(try Event.read(database.fileLines).numbers == Array(1...5) + Array(101...105))
      }
    }

    @Test func `a row without a place ends it, also when it comes later`() throws {
      let schema = OutboxDatabase.schema.replacing("payload jsonb);", with: "payload jsonb, place int);")
      try withDatabase(15, schema) { database in
        try database.psql("SELECT place(1, 1500); UPDATE outbox SET place = (payload->>'n')::int;")
        let poller = try database.keep(["--order-by", "place", "--sink", "file:\(database.file)"])
        try wait(until: "all are there", within: 60) { database.fileLines.count == 1500 }
        try database.psql(
          "INSERT INTO outbox (aggregateid, place) SELECT 'k', nullif(n, 1200) FROM generate_series(1, 1200) n;")
        #expect(try poller.exitCode(within: 60) == 78, "\(poller.errors.text)")
        #expect(poller.errors.text.contains("has no value"), "\(poller.errors.text)")
      }
    }

    @Test func `who waits for the table goes on where the other one has ended`() throws {
      try withDatabase(15, PollDatabase.schema) { database in
        let first = try database.keep(["--sink", "file:\(database.file)"])
        try wait(until: "it is ready", within: 60) { first.errors.text.contains("ready: ") }
        let second = try database.keep(["--sink", "file:\(database.files.file("second"))"])
        try wait(until: "it waits", within: 60) { second.errors.text.contains("another poller has") }
        try database.psql("SELECT place(1, 500);")
        try wait(until: "all are there", within: 60) { database.fileLines.count == 500 }
        first.signal(SIGTERM)
        #expect(try first.exitCode(within: 30) == 0, "\(first.errors.text)")
        try database.psql("SELECT place(501, 510);")
        let file = database.files.file("second")
        try wait(until: "the rest is there", within: 60) {
          (try? String(contentsOfFile: file, encoding: .utf8))?.wholeLines.count ?? 0 >= 10
        }
        second.signal(SIGTERM)
        #expect(try second.exitCode(within: 30) == 0, "\(second.errors.text)")
        #expect(
          try Event.read(String(contentsOfFile: file, encoding: .utf8).wholeLines).numbers == Array(501...510))
      }
    }

    @Test func `values that no record can keep are refused as an order`() throws {
      try withDatabase(15, PollDatabase.schema.replacing("payload jsonb,", with: "payload jsonb, note text,")) {
        database in
        try database.psql("SELECT place(1, 3); UPDATE outbox SET note = repeat('x', 100000);")
        let poller = try database.keep(["--order-by", "note", "--until", "now"])
        #expect(try poller.exitCodeAfterAllOutput(within: 60) == 78, "\(poller.errors.text)")
        #expect(poller.errors.text.contains("--order-by"), "\(poller.errors.text)")
      }
    }
  }
}

extension OutboxDatabase {
  fileprivate var record: String { files.file("record") }

  /// Starts `tailrace poll` that leaves rows as they are.
  fileprivate func keep(_ options: [String]) throws -> ChildProcess {
    let record = options.contains("--checkpoint") ? [] : ["--checkpoint", record]
    return try poll(["--after-delivery", "keep", "--poll-interval", "50ms"] + record + options)
  }
}
