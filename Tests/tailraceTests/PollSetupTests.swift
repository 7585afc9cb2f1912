// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What a table that is polled is better off with.
  @Suite struct PollSetup {
    private static let versions = [15, 18]

    private func run(_ database: OutboxDatabase, _ command: String, _ options: [String] = []) throws -> ChildProcess {
      let child = try database.tailrace([command, "--polling", "--database", database.connection] + options)
      #expect(try child.exitCodeAfterAllOutput(within: 60) == 0, "\(child.errors.text)")
      return child
    }

    private func triggers(_ database: OutboxDatabase) throws -> String {
      try database.psql(
        "SELECT (SELECT count(*) FROM pg_trigger WHERE tgname = 'tailrace_notify'), (SELECT count(*) FROM pg_proc WHERE proname = 'tailrace_notify'), (SELECT count(*) FROM pg_attribute WHERE attrelid = 'outbox'::regclass AND attidentity = 'a' AND NOT attisdropped)"
      )
    }

    @Test(arguments: versions)
    func `it is made once, as it was shown, and the trigger is removed again`(version: Int) throws {
      try withDatabase(version) { database in
        let shown = try run(database, "setup", ["--dry-run", "--mark-column", "dispatched_at"])
        #expect(try triggers(database) == "0|0|0")
        let made = try run(database, "setup", ["--mark-column", "dispatched_at"])
        #expect(made.errors.text.contains("trigger tailrace_notify of public.outbox: made"), "\(made.errors.text)")
        #expect(try triggers(database) == "1|1|1")
        let again = try run(database, "setup", ["--mark-column", "dispatched_at"])
        #expect(!again.errors.text.contains(": made"), "\(again.errors.text)")
        _ = try run(database, "teardown")
        #expect(try triggers(database) == "0|0|1")
        _ = try run(database, "teardown")
        // What was shown makes the same.
        try database.psql("ALTER TABLE outbox DROP COLUMN tailrace_place, DROP COLUMN dispatched_at;")
        try database.psql(shown.output.text)
        #expect(try triggers(database) == "1|1|1")
      }
    }

    @Test(arguments: versions)
    func `a table that is missing is made, and each commit wakes a poller`(version: Int) throws {
      try withDatabase(version, "") { database in
        _ = try run(database, "setup", ["--create-table"])
        let poller = try database.pollToFile(["--after-delivery", "delete", "--poll-interval", "10m"])
        try wait(until: "it listens") { poller.errors.text.contains("is told of new rows") }
        Thread.sleep(forTimeInterval: 1.5)
        for number in 1...5 {
          let row = "('order', 'a', 'Placed', '{\"n\": \(number)}')"
          try database.psql("INSERT INTO outbox (aggregatetype, aggregateid, type, payload) VALUES \(row);")
          try wait(until: "the event is there", within: 20) { database.fileLines.count == number }
        }
        poller.signal(SIGTERM)
        #expect(try poller.exitCode(within: 30) == 0, "\(poller.errors.text)")
        #expect(try database.psql("SELECT count(*) FROM outbox") == "0")
      }
    }

    @Test(
      arguments: [
        "BEGIN RETURN NULL; END",
        "BEGIN PERFORM pg_catalog.pg_notify(pg_catalog.concat('tailrace_', TG_RELID), ''); RETURN NULL; END",
      ])
    func `a function of a stranger is not taken for its own, and nothing is made`(body: String) throws {
      try withDatabase(15) { database in
        try database.withRole("LOGIN") { role in
          try database.psql(
            """
            CREATE FUNCTION tailrace_notify() RETURNS trigger LANGUAGE plpgsql AS $$\(body)$$;
            ALTER FUNCTION tailrace_notify() OWNER TO \(role);
            """)
          let setup = try database.tailrace(["setup", "--polling", "--database", database.connection])
          #expect(try setup.exitCodeAfterAllOutput(within: 60) == 78, "\(setup.errors.text)")
          for word in [role, "DROP FUNCTION"] {
            #expect(setup.errors.text.contains(word), "\(setup.errors.text)")
          }
          #expect(try triggers(database) == "0|1|0")
          // Of the table's owner it is right, if it does the same.
          try database.psql("ALTER TABLE outbox OWNER TO \(role);")
          let again = try database.tailrace(["setup", "--polling", "--database", database.connection])
          let isSame = body.contains("pg_notify")
          #expect(try again.exitCodeAfterAllOutput(within: 60) == (isSame ? 0 : 78), "\(again.errors.text)")
          #expect(try triggers(database) == (isSame ? "1|1|1" : "0|1|0"))
          try database.psql("ALTER TABLE outbox OWNER TO postgres; ALTER FUNCTION tailrace_notify() OWNER TO postgres;")
        }
      }
    }

    @Test func `a trigger of its name that runs something else is refused, and no poller waits for it`() throws {
      try withDatabase(15, PollDatabase.schema) { database in
        try database.psql(
          """
          CREATE FUNCTION tailrace_notify() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$;
          CREATE TRIGGER tailrace_notify AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION tailrace_notify();
          """)
        let poller = try database.pollToFile(["--after-delivery", "delete"])
        try wait(until: "it is ready", within: 60) { poller.errors.text.contains("ready: ") }
        #expect(!poller.errors.text.contains("is told of new rows"), "\(poller.errors.text)")
        poller.signal(SIGTERM)
        #expect(try poller.exitCode(within: 30) == 0, "\(poller.errors.text)")
        let teardown = try run(database, "teardown")
        #expect(teardown.errors.text.contains("another one than is made here"), "\(teardown.errors.text)")
        try database.psql(
          """
          CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$;
          DROP FUNCTION tailrace_notify();
          CREATE TRIGGER tailrace_notify AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION other();
          """)
        let setup = try database.tailrace(["setup", "--polling", "--database", database.connection])
        #expect(try setup.exitCodeAfterAllOutput(within: 60) == 78, "\(setup.errors.text)")
        #expect(setup.errors.text.contains("public.other"), "\(setup.errors.text)")
      }
    }

    @Test func `who has the table locked is told, and writers do not wait behind it`() throws {
      try withDatabase(15) { database in
        try database.psql("SELECT place(1, 3);")
        let reader = try database.session()
        try reader.write("SET application_name = 'report'; BEGIN; SELECT count(*) FROM outbox; SELECT 'open';\n")
        try wait(until: "it is open") { reader.output.lines.last == "open" }
        let setup = try database.tailrace(["setup", "--polling", "--database", database.connection])
        try wait(until: "it is told", within: 60) { setup.errors.text.contains("waits for a lock on public.outbox") }
        #expect(setup.errors.text.contains("report"), "\(setup.errors.text)")
        #expect(setup.errors.text.contains("numbers in no order"), "\(setup.errors.text)")
        for number in 1...10 { try database.psql("SELECT place(\(number));", within: 10) }
        try reader.write("COMMIT;\n")
        #expect(try setup.exitCodeAfterAllOutput(within: 60) == 0, "\(setup.errors.text)")
        #expect(try triggers(database) == "1|1|1")
      }
    }

    @Test func `the advice of a poller makes the table of its dead letters`() throws {
      try withDatabase(15, PollDatabase.schema) { database in
        let options = [
          "--after-delivery", "delete", "--until", "now", "--on-poison", "dead-letter", "--dead-letters",
          "table:public.letters",
        ]
        let refused = try database.poll(options)
        #expect(try refused.exitCodeAfterAllOutput(within: 60) == 78, "\(refused.errors.text)")
        #expect(refused.errors.text.contains("--polling"), "\(refused.errors.text)")
        #expect(refused.errors.text.contains("--dead-letter-table public.letters"), "\(refused.errors.text)")
        #expect(!refused.errors.text.contains("--slot"), "\(refused.errors.text)")
        _ = try run(database, "setup", ["--dead-letter-table", "public.letters"])
        try database.psql("SELECT place(1, 5); UPDATE outbox SET type = '' WHERE payload->>'n' = '3';")
        let poller = try database.poll(options)
        #expect(try poller.exitCodeAfterAllOutput(within: 60) == 0, "\(poller.errors.text)")
        #expect(try Event.read(poller.output.lines).numbers == [1, 2, 4, 5])
        #expect(try database.psql("SELECT count(*) FROM letters") == "1")
      }
    }

    @Test func `what does not go together is told`() throws {
      try withDatabase(15, "") { database in
        let cases: [([String], String)] = [
          (["setup", "--polling", "--slot", "x"], "--slot"), (["setup", "--polling", "--snapshot"], "--snapshot"),
          (["setup", "--publication", "x"], "--slot"), (["teardown", "--polling", "--force"], "--force"),
          (["setup", "--publication", "x", "--slot", "x", "--mark-column", "y"], "--polling"),
        ]
        for (arguments, word) in cases {
          let child = try database.tailrace(arguments + ["--database", database.connection])
          #expect(try child.exitCode(within: 30) == 64, "\(child.errors.text)")
          #expect(child.complaint?.contains(word) == true, "\(child.errors.text)")
        }
        let missing = try database.tailrace(["setup", "--polling", "--database", database.connection])
        #expect(try missing.exitCode(within: 30) == 78)
        #expect(missing.complaint?.contains("--create-table") == true, "\(missing.errors.text)")
      }
    }
  }
}
