// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What is wrong with initial rows is told before the first event, with what mends it.
  @Suite struct InitialRowRefusals {
    private static let versions = [15, 18]

    private func refuses(
      _ database: OutboxDatabase, _ options: [String], as role: String = "postgres", code: Int32, _ words: String...
    ) throws {
      let stream = try start(database, options, as: role)
      #expect(try stream.exitCodeAfterAllOutput(within: 60) == code, "\(stream.errors.text)")
      for word in words { #expect(stream.complaint?.contains(word) == true, "\(stream.errors.text)") }
      #expect(stream.output.lines.isEmpty && database.fileLines.isEmpty)
    }

    private func start(_ database: OutboxDatabase, _ options: [String], as role: String) throws -> ChildProcess {
      let connection = database.server.connection(to: database.name, user: role)
      return try database.tailrace(
        ["stream", "--database", connection, "--publication", "events", "--slot", database.slot, "--initial-rows"]
          + ["--until", "now"] + options)
    }

    @Test func `what keeps nothing needs a checkpoint`() throws {
      try withDatabase(15, InitialRowsDatabase.schema) { database in
        try refuses(database, [], code: 64, "--initial-rows", "--checkpoint")
        try refuses(database, ["--sink", "https://localhost:1/"], code: 64, "--checkpoint")
        let file = ["--sink", "file:\(database.file)"]
        try refuses(database, file + ["--temporary-slot"], code: 64, "temporary slot")
        try refuses(database, file + ["--accept-row-filter"], code: 64, "--accept-row-filter")
        try refuses(database, file + ["--message-prefix", "x"], code: 64, "--table")
        try database.psql("SELECT place(1, 3);")
        try database.setUpWithSnapshot()
        try refuses(database, ["--sink", "file:/dev/null"], code: 78, "--checkpoint")
      }
    }

    @Test(arguments: versions)
    func `a slot that was made without a snapshot is told`(version: Int) throws {
      try withDatabase(version, InitialRowsDatabase.schema) { database in
        try database.psql("SELECT place(1, 3);")
        let file = ["--sink", "file:\(database.file)"]
        try refuses(
          database, file, code: 78, "made without a snapshot", "tailrace setup", "--snapshot", "tailrace teardown")
        let setup = try database.command("setup", ["--snapshot"])
        #expect(try setup.exitCode() == 78)
        #expect(setup.complaint?.contains("made without a snapshot") == true, "\(setup.errors.text)")
        try database.setUpWithSnapshot()
        // What was kept of an earlier slot is not taken for this one's.
        try database.psql("SELECT pg_drop_replication_slot('\(database.slot)');")
        #expect(try database.command("setup").exitCode() == 0)
        #expect(try database.psql("SELECT count(*) FROM tailrace_snapshots") == "0")
        try refuses(
          database, ["--sink", "file:\(database.files.file("other"))"], code: 78, "made without a snapshot")
      }
    }

    @Test(arguments: versions)
    func `a table without a key is told, by set-up too`(version: Int) throws {
      try withDatabase(version, InitialRowsDatabase.schema) { database in
        try database.psql("SELECT place(1, 3); ALTER TABLE outbox DROP CONSTRAINT outbox_pkey;")
        try database.psql("SELECT pg_drop_replication_slot('\(database.slot)');")
        let setup = try database.command("setup", ["--snapshot"])
        #expect(try setup.exitCode() == 78)
        #expect(setup.complaint?.contains("no primary key") == true, "\(setup.errors.text)")
        #expect(try database.slots() == 0)
        try database.psql("ALTER TABLE outbox ADD PRIMARY KEY (id);")
        #expect(try database.command("setup", ["--snapshot"]).exitCode() == 0)
        try database.psql("ALTER TABLE outbox DROP CONSTRAINT outbox_pkey;")
        try refuses(database, ["--sink", "file:\(database.file)"], code: 78, "no primary key", "ADD PRIMARY KEY")
      }
    }

    @Test(arguments: versions)
    func `a role that may not read what it needs is told what it lacks`(version: Int) throws {
      try withDatabase(version, InitialRowsDatabase.schema) { database in
        try database.psql("SELECT place(1, 3);")
        try database.setUpWithSnapshot()
        try database.withRole("LOGIN REPLICATION") { role in
          let file = ["--sink", "file:\(database.file)"]
          try refuses(database, file, as: role, code: 77, "GRANT SELECT ON TABLE", "tailrace_snapshots", "outbox")
          try database.psql("GRANT SELECT ON tailrace_snapshots TO \(role);")
          try refuses(database, file, as: role, code: 77, "GRANT SELECT ON TABLE", "outbox")
          try database.psql("GRANT SELECT ON outbox TO \(role);")
          let stream = try start(database, file, as: role)
          #expect(try stream.exitCode(within: 60) == 0, "\(stream.errors.text)")
          #expect(database.fileLines.count == 3)
          try database.psql("DROP OWNED BY \(role);")
        }
      }
    }

    @Test(arguments: versions)
    func `once the stream has gone on, rows cannot come first any more`(version: Int) throws {
      try withDatabase(version, InitialRowsDatabase.schema) { database in
        try database.psql("SELECT place(1, 3);")
        try database.setUpWithSnapshot()
        try database.psql("SELECT place(4);")
        _ = try database.rest()
        try refuses(
          database, ["--sink", "file:\(database.file)"], code: 78, "has gone on", "leave --initial-rows out",
          "tailrace redeliver")
      }
    }

    @Test(arguments: versions)
    func `rows that were deleted are told of, and those that were changed stop it, behind the others`(version: Int)
      throws
    {
      try withDatabase(version, InitialRowsDatabase.schema) { database in
        try database.psql("SELECT place(1, 1500);")
        try database.setUpWithSnapshot()
        // Neither a lock nor an attempt makes a row another one.
        try database.psql("BEGIN; UPDATE outbox SET type = 'x'; DELETE FROM outbox; ROLLBACK;")
        try database.psql("VACUUM FREEZE outbox;")
        let session = try database.session()
        try session.write(
          "BEGIN; SELECT count(*) FROM (SELECT FROM outbox WHERE payload->>'n' = '3' FOR UPDATE) AS l;\n")
        try wait(until: "the row is locked") { session.output.lineCount == 1 }
        try database.psql(
          "DELETE FROM outbox WHERE payload->>'n' = '1'; UPDATE outbox SET type = 'y' WHERE payload->>'n' IN ('2', '4');"
        )
        let file = ["--sink", "file:\(database.file)"]
        let stream = try database.streamToFile(["--initial-rows", "--until", "now"])
        #expect(try stream.exitCode(within: 60) == 78)
        let complaint = try #require(stream.complaint)
        #expect(complaint.contains("3 of the 1500 rows") && complaint.contains("up to 2 were changed"), "\(complaint)")
        #expect(complaint.contains("--accept-gap") && complaint.contains("tailrace redeliver"), "\(complaint)")
        #expect(try Event.read(database.fileLines).numbers.sorted() == [3] + Array(5...1500))
        try database.psql("SELECT place(1501);")
        _ = try database.rest(file + ["--initial-rows", "--accept-gap"])
        #expect(try Event.read(database.fileLines).numbers.sorted() == [3] + Array(5...1501))
        _ = try database.rest(file + ["--initial-rows"])
        #expect(database.fileLines.count == 1498)
      }
    }
  }
}
