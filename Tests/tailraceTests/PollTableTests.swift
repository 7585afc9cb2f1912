// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Tables as people have them, while they are polled.
  @Suite struct PollingTables {
    @Test(arguments: [15, 18])
    func `a column that comes with the rows that have it is read with them`(version: Int) throws {
      try withDatabase(version, PollDatabase.schema) { database in
        let poller = try database.pollToFile(["--after-delivery", "delete", "--poll-interval", "5ms"])
        try database.psql("SELECT place(1, 3);")
        try wait(until: "three are there", within: 60) { database.fileLines.count == 3 }
        try database.psql(
          """
          BEGIN; ALTER TABLE outbox ADD headers jsonb;
          INSERT INTO outbox (aggregateid, payload, headers) VALUES ('k', '{"n": 4}', '{"tenant": "acme"}'); COMMIT;
          """)
        try wait(until: "four are there", within: 60) { database.fileLines.count == 4 }
        #expect(database.fileLines.last?.contains(#""tenant":"acme""#) == true)
        try database.psql(
          """
          BEGIN; ALTER TABLE outbox ALTER payload TYPE text; ALTER TABLE outbox DROP headers;
          INSERT INTO outbox (aggregateid, payload) VALUES ('k', 'five'); COMMIT;
          """)
        try wait(until: "five are there", within: 60) { database.fileLines.count == 5 }
        #expect(database.fileLines.last?.contains(#""data":"five""#) == true)
        poller.signal(SIGTERM)
        #expect(try poller.exitCode(within: 30) == 0, "\(poller.errors.text)")
        #expect(try database.unpolled() == 0)
      }
    }

    @Test(arguments: ["delete", "keep"])
    func `large rows come one after another`(way: String) throws {
      try withDatabase(15, PollDatabase.schema) { database in
        try database.psql(
          """
          INSERT INTO outbox (aggregateid, payload) SELECT 'k', jsonb_build_object('n', n, 'text', repeat(md5(n::text), 60000))
          FROM generate_series(1, 30) n;
          """)
        let checkpoint = way == "keep" ? ["--checkpoint", database.files.file("record")] : []
        let poller = try database.pollToFile(["--after-delivery", way, "--until", "now"] + checkpoint)
        #expect(try poller.exitCode(within: 60) == 0, "\(poller.errors.text)")
        #expect(try Event.read(database.fileLines).numbers == Array(1...30))
      }
    }

    @Test(arguments: ["delete", "keep"])
    func `rows that are stored in little space cost no more than they are long`(way: String) throws {
      try TestServer.with { server in
        try server.withDatabase(PollDatabase.schema) { database in
          try database.psql(
            """
            INSERT INTO outbox (aggregateid, payload) SELECT 'k', jsonb_build_object('n', n, 'text', repeat('x', 3000000))
            FROM generate_series(1, 40) n;
            """)
          let checkpoint = way == "keep" ? ["--checkpoint", database.files.file("record")] : []
          let poller = try database.pollToFile(["--after-delivery", way, "--until", "now"] + checkpoint)
          #expect(try poller.exitCode(within: 120) == 0, "\(poller.errors.text)")
          #expect(try Event.read(database.fileLines).numbers == Array(1...40))
          let bytes = try database.psql("SELECT temp_bytes FROM pg_stat_database WHERE datname = current_database()")
          #expect(Int(bytes) ?? .max < 1_500_000_000)
        }
      }
    }

    @Test func `a table that another session has locked is told`() throws {
      try withDatabase(15, PollDatabase.schema) { database in
        let poller = try database.pollToFile(["--after-delivery", "delete", "--poll-interval", "20ms"])
        try wait(until: "it is ready", within: 60) { poller.errors.text.contains("ready: ") }
        let session = try database.session()
        try session.write("BEGIN; LOCK TABLE outbox; SELECT 'locked';\n")
        try wait(until: "it is told", within: 60) { poller.errors.text.contains("may have locked the table") }
        try session.write("COMMIT; SELECT place(1, 3);\n")
        try wait(until: "all are there", within: 60) { database.fileLines.count == 3 }
        poller.signal(SIGTERM)
        #expect(try poller.exitCode(within: 30) == 0, "\(poller.errors.text)")
      }
    }

    @Test(
      arguments: [
        ("ALTER TABLE outbox ALTER dispatched_at SET DEFAULT now();", "mark", "has a default"),
        (
          "ALTER TABLE outbox DROP dispatched_at, ADD dispatched_at bool DEFAULT false;", "mark",
          "of type pg_catalog.bool"
        ),
        (
          "DROP TABLE outbox CASCADE; CREATE TABLE outbox (id int, aggregatetype text, aggregateid text, type text, payload jsonb, part int, PRIMARY KEY (id, part)) PARTITION BY LIST (part);",
          "delete", "not unique by themselves"
        ),
        (
          "ALTER TABLE outbox DROP CONSTRAINT outbox_pkey, ADD UNIQUE (id), ALTER id DROP NOT NULL, ADD PRIMARY KEY (place);",
          "delete", "may have no value"
        ),
        (
          "ALTER TABLE outbox DROP id, ADD id int[]; UPDATE outbox SET id = ARRAY[(payload->>'n')::int]; ALTER TABLE outbox ADD PRIMARY KEY (id);",
          "delete", "of PostgreSQL's own"
        ),
      ])
    func `what would come for ever, or never, is refused`(change: String, way: String, words: String) throws {
      try withDatabase(15, PollDatabase.schema) { database in
        try database.psql("SELECT place(1, 3);")
        try database.psql(change)
        let poller = try database.poll(["--after-delivery", way, "--until", "now"])
        #expect(try poller.exitCodeAfterAllOutput(within: 60) == 78, "\(poller.errors.text)")
        #expect(poller.errors.text.contains(words), "\(poller.errors.text)")
      }
    }

    @Test func `a mark that a trigger takes away again is told, and nothing comes twice meanwhile`() throws {
      try withDatabase(15, PollDatabase.schema) { database in
        try database.psql(
          """
          CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.dispatched_at = NULL; RETURN NEW; END$$;
          CREATE TRIGGER never BEFORE UPDATE ON outbox FOR EACH ROW EXECUTE FUNCTION never(); SELECT place(1, 3);
          """)
        let poller = try database.pollToFile(["--after-delivery", "mark", "--until", "now", "--poll-interval", "20ms"])
        try wait(until: "it is told", within: 60) { poller.errors.text.contains("a trigger or a rule") }
        Thread.sleep(forTimeInterval: 1)
        #expect(try Event.read(database.fileLines).numbers == [1, 2, 3])
        try database.psql("DROP TRIGGER never ON outbox;")
        #expect(try poller.exitCode(within: 60) == 0, "\(poller.errors.text)")
        #expect(try database.unpolled() == 0)
      }
    }

    @Test(
      arguments: [
        ("ADD other_at timestamptz DEFAULT now()", "other_at", "has a default"),
        ("ADD other_at date", "other_at", "of type"),
        ("ADD tailrace_place text", "dispatched_at", "rename it"),
      ])
    func `what is there under a name and fits not is refused before anything is made`(
      change: String, mark: String, words: String
    ) throws {
      try withDatabase(15) { database in
        try database.psql("ALTER TABLE outbox \(change);")
        let setup = try database.tailrace(
          ["setup", "--polling", "--database", database.connection, "--mark-column", mark])
        #expect(try setup.exitCodeAfterAllOutput(within: 60) == 78, "\(setup.errors.text)")
        #expect(setup.errors.text.contains(words), "\(setup.errors.text)")
        #expect(try database.psql("SELECT count(*) FROM pg_trigger WHERE tgname = 'tailrace_notify'") == "0")
      }
    }

    @Test func `who does not try again ends where a trigger keeps rows, and where the table has gone`() throws {
      try withDatabase(15, PollDatabase.schema) { database in
        try database.psql(
          """
          CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$;
          CREATE TRIGGER never BEFORE DELETE ON outbox FOR EACH ROW EXECUTE FUNCTION never(); SELECT place(1, 3);
          """)
        let poller = try database.pollToFile(["--after-delivery", "delete", "--until", "now", "--no-retry"])
        #expect(try poller.exitCode(within: 60) == 69, "\(poller.errors.text)")
        #expect(poller.errors.text.contains("a trigger or a rule"), "\(poller.errors.text)")
        try database.psql("DROP TRIGGER never ON outbox;")
        let other = try database.pollToFile(["--after-delivery", "delete", "--poll-interval", "20ms"])
        try wait(until: "it is ready", within: 60) { other.errors.text.contains("ready: ") }
        try wait(until: "all is cleaned up", within: 60) { try database.unpolled() == 0 }
        try database.psql("ALTER TABLE outbox RENAME TO events;")
        #expect(try other.exitCode(within: 60) == 78, "\(other.errors.text)")
        #expect(other.errors.text.contains("--table"), "\(other.errors.text)")
      }
    }

    @Test(arguments: ["CACHE 20", "INCREMENT BY -1", "CYCLE"])
    func `an identity column whose sequence does not count up is no order`(sequence: String) throws {
      let schema = PollDatabase.schema.replacing("AS IDENTITY", with: "AS IDENTITY (\(sequence))")
      try withDatabase(15, schema) { database in
        for number in 1...5 { try database.psql("SELECT place(\(number));") }
        let poller = try database.poll(["--after-delivery", "delete", "--until", "now"])
        #expect(try poller.exitCodeAfterAllOutput(within: 60) == 0, "\(poller.errors.text)")
        #expect(poller.errors.text.contains("SET CACHE 1 SET NO CYCLE"), "\(poller.errors.text)")
        #expect(try Event.read(poller.output.lines).numbers == [1, 2, 3, 4, 5])
        let setup = try database.tailrace(["setup", "--polling", "--database", database.connection])
        #expect(try setup.exitCodeAfterAllOutput(within: 60) == 0, "\(setup.errors.text)")
        try database.psql("SELECT place(6);")
        let again = try database.poll(["--after-delivery", "delete", "--until", "now"])
        #expect(try again.exitCodeAfterAllOutput(within: 60) == 0, "\(again.errors.text)")
        #expect(!again.errors.text.contains("warning"), "\(again.errors.text)")
      }
    }

    @Test func `an index that leaves out other rows is not taken for the one that is needed`() throws {
      try withDatabase(15) { database in
        for mark in ["a_at", "b_at", "b_at"] {
          let setup = try database.tailrace(
            ["setup", "--polling", "--database", database.connection, "--mark-column", mark])
          #expect(try setup.exitCodeAfterAllOutput(within: 60) == 0, "\(setup.errors.text)")
        }
        #expect(
          try database.psql("SELECT count(*) FROM pg_index WHERE indrelid = 'outbox'::regclass AND indpred IS NOT NULL")
            == "2")
      }
    }
  }
}
