// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What could be taken for something else while initial rows are delivered.
  @Suite struct InitialRowPitfalls {
    private func stream(_ database: OutboxDatabase, _ options: [String] = []) throws -> ChildProcess {
      try database.streamToFile(["--initial-rows", "--until", "now"] + options)
    }

    @Test(arguments: ["NULL", "now() + interval '1 year'"])
    func `a changed row whose time tells nothing is not called deleted`(time: String) throws {
      let schema = InitialRowsDatabase.schema.replacing(
        "timestamptz NOT NULL DEFAULT clock_timestamp()", with: "timestamptz")
      try withDatabase(15, schema) { database in
        try database.psql("SELECT place(1, 5); UPDATE outbox SET occurred_at = \(time);")
        try database.setUpWithSnapshot()
        try database.psql("UPDATE outbox SET type = 'Changed' WHERE payload->>'n' = '3';")
        let stream = try stream(database)
        #expect(try stream.exitCode(within: 60) == 78, "\(stream.errors.text)")
        #expect(stream.complaint?.contains("--accept-gap") == true, "\(stream.errors.text)")
      }
    }

    @Test func `a table that was renamed is the same, and one in its place is not`() throws {
      try withDatabase(15, InitialRowsDatabase.schema) { database in
        try database.psql("SELECT place(1, 5);")
        try database.setUpWithSnapshot()
        try database.psql(
          """
          CREATE TABLE outbox_new (LIKE outbox INCLUDING ALL); ALTER TABLE outbox RENAME TO outbox_old;
          ALTER TABLE outbox_new RENAME TO outbox; ALTER PUBLICATION events ADD TABLE outbox; SELECT place(6, 8);
          """)
        let other = try stream(database)
        #expect(try other.exitCode(within: 60) == 78, "\(other.errors.text)")
        #expect(database.fileLines.isEmpty)
        let same = try stream(database, ["--table", "outbox_old", "--accept-gap"])
        #expect(try same.exitCode(within: 60) == 0, "\(same.errors.text)")
        #expect(try Event.read(database.fileLines).numbers == Array(1...5))
      }
    }

    @Test func `a change that was rolled back hides no row that is ordered by its statement`() throws {
      let schema = InitialRowsDatabase.schema.replacing("clock_timestamp()", with: "now()")
      try withDatabase(15, schema) { database in
        try database.psql("DO $$BEGIN FOR n IN 1..6000 LOOP PERFORM place(n, 'k'); END LOOP; END$$;")
        try database.setUpWithSnapshot()
        let server = try WebServer { _ in
          Thread.sleep(forTimeInterval: 0.001)
          return WebServer.Answer(204)
        }
        defer { server.close() }
        let options = [
          "--initial-rows", "--until", "now", "--checkpoint", database.files.file("record"), "--sink", server.url,
        ]
        let first = try database.command("stream", options)
        try wait(until: "some are there", within: 60) { server.taken.count >= 1500 }
        try first.kill9()
        try database.psql("BEGIN; DELETE FROM outbox WHERE cmin::text::int > 5000; ROLLBACK;")
        let second = try database.command("stream", options)
        #expect(try second.exitCode(within: 60) == 0, "\(second.errors.text)")
        #expect(Set(server.taken.numbers) == Set(1...6000))
      }
    }

    @Test func `a key that cannot be looked for is refused before there is a slot`() throws {
      try withDatabase(15, InitialRowsDatabase.schema) { database in
        try database.psql(
          """
          SELECT place(1, 3); SELECT pg_drop_replication_slot('\(database.slot)');
          ALTER TABLE outbox DROP id, ADD id int[]; UPDATE outbox SET id = ARRAY[(payload->>'n')::int];
          ALTER TABLE outbox ADD PRIMARY KEY (id);
          """)
        let setup = try database.command("setup", ["--snapshot"])
        #expect(try setup.exitCode(within: 60) == 78, "\(setup.errors.text)")
        #expect(setup.errors.text.contains("of PostgreSQL's own"), "\(setup.errors.text)")
        #expect(try database.slots() == 0)
      }
    }

    @Test func `large rows come one after another`() throws {
      try withDatabase(15, InitialRowsDatabase.schema) { database in
        try database.psql(
          """
          INSERT INTO outbox (aggregateid, payload) SELECT 'k', jsonb_build_object('n', n, 'text', repeat(md5(n::text), 60000))
          FROM generate_series(1, 30) n;
          """)
        try database.setUpWithSnapshot()
        let stream = try stream(database)
        #expect(try stream.exitCode(within: 60) == 0, "\(stream.errors.text)")
        #expect(try Event.read(database.fileLines).numbers.sorted() == Array(1...30))
      }
    }
  }
}
