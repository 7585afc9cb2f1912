// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct CleanUp {
    static let marked = "ALTER TABLE outbox ADD COLUMN dispatched_at timestamptz;"

    /// The numbers whose rows are neither gone nor marked.
    private func left(_ database: OutboxDatabase) throws -> [Int] {
      let isMarked =
        try database.psql(
          "SELECT count(*) FROM pg_attribute WHERE attrelid = 'outbox'::regclass AND attname = 'dispatched_at'") == "1"
      return try database.psql(
        "SELECT payload->>'n' FROM outbox \(isMarked ? "WHERE dispatched_at IS NULL" : "") ORDER BY (payload->>'n')::int"
      ).split(separator: "\n").compactMap { Int($0) }
    }

    private func count(_ database: OutboxDatabase) throws -> Int {
      try Int(database.psql("SELECT count(*) FROM outbox")) ?? -1
    }

    /// Runs into the file up to the present.
    @discardableResult
    private func run(_ database: OutboxDatabase, _ options: [String], code: Int32 = 0) throws -> ChildProcess {
      let stream = try database.streamToFile(["--until", "now"] + options)
      #expect(try stream.exitCode(within: 60) == code, "\(stream.errors.text)")
      return stream
    }

    @Test(arguments: [15, 18], ["delete", "mark"])
    func `rows of delivered events are cleaned up, and those from before the slot are not touched`(
      version: Int, way: String
    ) throws {
      try withDatabase(version) { database in
        try database.psql("SELECT pg_drop_replication_slot('\(database.slot)')")
        if way == "mark" { try database.psql(Self.marked) }
        try database.psql("SELECT place(1, 5)")
        try database.makeSlot()
        try database.place(6...20, keys: 3)
        try database.psql("SELECT place(21, 2500)")
        let stream = try run(database, ["--after-delivery", way])
        #expect(database.fileLines.count == 2495)
        #expect(try left(database) == Array(1...5))
        #expect(try count(database) == (way == "mark" ? 2500 : 5))
        #expect(!stream.errors.text.contains("warning"), "\(stream.errors.text)")
        #expect(try database.rest().isEmpty, "all is confirmed")
      }
    }

    @Test func `a row whose event has come before others see its commit is cleaned up all the same`() throws {
      try TestServer.with { server in
        try server.withDatabase { database in
          let stream = try database.streamToFile(["--after-delivery", "delete"])
          // A commit that waits for a standby is in the log already.
          try database.psql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'; SELECT pg_reload_conf();")
          let writer = try database.session()
          try writer.write("SET synchronous_commit = on; SELECT place(1);\n")
          try wait(until: "the event is in the file") { database.fileLines.count == 1 }
          #expect(try count(database) == 0)
          usleep(300_000)
          try database.psql("ALTER SYSTEM RESET synchronous_standby_names; SELECT pg_reload_conf();")
          writer.closeInput()
          #expect(try writer.exitCode() == 0)
          try wait(until: "the row is cleaned up") { try count(database) == 0 }
          stream.signal(SIGTERM)
          #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        }
      }
    }

    @Test func `another column can be the mark, and keep leaves rows as they are`() throws {
      try withDatabase { database in
        try database.psql("\(Self.marked) ALTER TABLE outbox ADD COLUMN \"Sent at\" timestamp; SELECT place(1, 3)")
        try run(database, ["--after-delivery", "keep"])
        #expect(try left(database) == [1, 2, 3])
        try database.psql("SELECT place(4, 6)")
        try run(database, ["--after-delivery", "mark", "--mark-column", "Sent at"])
        #expect(try left(database) == Array(1...6))
        #expect(try database.psql("SELECT count(*) FROM outbox WHERE \"Sent at\" IS NOT NULL") == "3")
      }
    }

    @Test(arguments: [15, 18])
    func `while rows are locked delivery goes on and nothing is confirmed; then both catch up`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql("SELECT place(1, 10)")
        let before = try database.confirmed()
        let locker = try database.session()
        try locker.write("BEGIN; SELECT count(*) FROM (SELECT FROM outbox WHERE payload->>'n' = '3' FOR UPDATE) x;\n")
        try wait(until: "the row is locked") { locker.output.lines == ["1"] }
        let stream = try database.streamToFile(["--after-delivery", "delete"])
        try wait(until: "the lock is told", within: 30) {
          stream.errors.text.contains("cannot clean up after delivery") && stream.errors.text.contains("locked")
        }
        try database.psql("SELECT place(11, 20)")
        try wait(until: "delivery has gone on") { database.fileLines.count == 20 }
        #expect(try database.confirmed() == before)
        #expect(try count(database) == 20)
        try locker.write("COMMIT;\n")
        try wait(until: "rows are cleaned up", within: 30) { try count(database) == 0 }
        #expect(stream.errors.text.components(separatedBy: "cannot clean up after delivery").count == 2, "once")
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(stream.errors.text.contains("rows can be cleaned up again"))
        #expect(try database.rest().isEmpty)
      }
    }

    @Test func `a row that comes again and is in the file already is cleaned up too`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1, 30)")
        let locker = try database.session()
        try locker.write("BEGIN; LOCK TABLE outbox IN SHARE MODE; SELECT 1;\n")
        try wait(until: "the table is locked") { locker.output.lines == ["1"] }
        let stream = try database.streamToFile(["--after-delivery", "delete"])
        try wait(until: "all is in the file") { database.fileLines.count == 30 }
        try stream.kill9()
        try locker.write("COMMIT;\n")
        #expect(try count(database) == 30)
        try run(database, ["--after-delivery", "delete"])
        #expect(try count(database) == 0)
        #expect(database.fileLines.count == 30)
      }
    }

    @Test(arguments: ["file", "table"])
    func `a row in the dead letters stays until its letter is redriven or dropped`(kind: String) throws {
      try withDatabase { database in
        let isMended = Flag()
        let server = try WebServer { .init(!isMended.isSet && ($0.holds(3) || $0.holds(5)) ? 422 : 200) }
        defer { server.close() }
        var place = "file:\(database.files.file("letters.ndjson"))"
        if kind == "table" {
          place = "table:public.letters"
          let setup = try database.tailrace(["setup"] + database.names + ["--dead-letter-table", "public.letters"])
          #expect(try setup.exitCode() == 0, "\(setup.errors.text)")
        }
        try database.place(1...10, keys: 10)
        try database.psql("INSERT INTO outbox (aggregateid, type, payload) VALUES ('x', '', '{\"n\": 11}')")
        let cleaning = ["--after-delivery", "delete"]
        let stream = try database.stream(
          to: server, ["--until", "now", "--on-poison", "dead-letter", "--dead-letters", place] + cleaning)
        #expect(try stream.exitCode(within: 60) == 0, "\(stream.errors.text)")
        #expect(try left(database) == [3, 5, 11])
        isMended.set()
        let id = try database.psql("SELECT id FROM outbox WHERE payload->>'n' = '3'")
        let redrive = try database.deadLetters(["redrive", "--id", id, "--sink", server.url] + cleaning, at: place)
        #expect(try redrive.exitCode() == 0, "\(redrive.errors.text)")
        #expect(try left(database) == [5, 11])
        let drop = try database.deadLetters(["drop", "--all"] + cleaning, at: place)
        #expect(try drop.exitCode() == 0, "\(drop.errors.text)")
        #expect(try left(database).isEmpty)
      }
    }

    @Test(arguments: ["delete", "mark"])
    func `its own changes are not told of where the publication has them, and others are`(way: String) throws {
      try withDatabase { database in
        try database.psql(
          "\(Self.marked) ALTER PUBLICATION events SET (publish = 'insert, update, delete'); SELECT place(1, 10)")
        let stream = try database.streamToFile(["--after-delivery", way])
        try wait(until: "rows are cleaned up") { try left(database).isEmpty }
        try database.psql("SELECT place(11, 12)")
        try wait(until: "and these") { try left(database).isEmpty && database.fileLines.count == 12 }
        #expect(!stream.errors.text.contains("on-change"), "\(stream.errors.text)")
        try database.psql(
          "INSERT INTO outbox (aggregateid, payload) VALUES ('z', '{\"n\": 13}'); UPDATE outbox SET type = 'x'; DELETE FROM outbox"
        )
        try database.psql("BEGIN; SELECT place(14); DELETE FROM outbox; COMMIT;")
        try wait(until: "another's change is told") { stream.errors.text.contains("on-change") }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        let again = try run(database, ["--after-delivery", way])
        #expect(!again.errors.text.contains("on-change"), "\(again.errors.text)")
      }
    }

    /// What is wrong with the table, how the relay ends, and what it says.
    @Test(
      arguments: [
        ("ALTER TABLE outbox DROP CONSTRAINT outbox_pkey", "delete", 78, "ADD UNIQUE (\"id\")"),
        ("CREATE TABLE uses (id uuid REFERENCES outbox)", "delete", 78, "foreign key of public.uses"),
        ("", "mark", 78, "ADD COLUMN \"dispatched_at\""),
        ("ALTER TABLE outbox ADD COLUMN dispatched_at boolean", "mark", 78, "is of type boolean"),
        (
          "ALTER TABLE outbox REPLICA IDENTITY NOTHING; ALTER PUBLICATION events SET (publish = 'insert, delete')",
          "delete", 78, "REPLICA IDENTITY"
        ),
      ] as [(String, String, Int32, String)])
    func `what forbids the clean-up ends the relay before the first event`(
      _ fault: (sql: String, way: String, code: Int32, words: String)
    ) throws {
      try withDatabase { database in
        try database.psql("\(fault.sql); SELECT place(1, 3)")
        let stream = try run(database, ["--after-delivery", fault.way], code: fault.code)
        #expect(stream.errors.text.contains(fault.words), "\(stream.errors.text)")
        #expect(database.fileLines.isEmpty)
      }
    }

    @Test(arguments: ["delete", "mark"])
    func `a role without the right ends with 77 and the statement that gives it`(way: String) throws {
      try withDatabase { database in
        try database.psql("\(Self.marked) SELECT place(1, 3)")
        try database.withRole("LOGIN REPLICATION") { role in
          defer { _ = try? database.psql("DROP OWNED BY \(role);") }
          let options = [
            "--database", database.connection.replacing("user=postgres", with: "user=\(role)"), "--publication",
            "events", "--slot", database.slot, "--sink", "file:\(database.file)", "--until", "now", "--after-delivery",
            way,
          ]
          let refused = try database.tailrace(["stream"] + options)
          #expect(try refused.exitCode() == 77, "\(refused.errors.text)")
          #expect(database.fileLines.isEmpty)
          let said = refused.errors.text
          let grant = try #require(said.firstRange(of: "GRANT ").map { said[$0.lowerBound...].prefix { $0 != ";" } })
          try database.psql("\(grant);")
          let stream = try database.tailrace(["stream"] + options)
          #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
          #expect(try left(database).isEmpty)
        }
      }
    }

    @Test func `a trigger that forbids it is told, nothing is confirmed, and an end has its code`() throws {
      try withDatabase { database in
        for body in ["RAISE EXCEPTION 'secret %', OLD.payload;", "RETURN NULL;"] {
          try database.psql(
            """
            CREATE OR REPLACE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \(body) END $$;
            CREATE OR REPLACE TRIGGER forbid BEFORE DELETE ON outbox FOR EACH ROW EXECUTE FUNCTION forbid();
            SELECT place(1, 3);
            """)
          let before = try database.confirmed()
          let stream = try run(database, ["--after-delivery", "delete"], code: 78)
          #expect(stream.errors.text.contains("a trigger or a"), "\(stream.errors.text)")
          #expect(!stream.errors.text.contains("secret"))
          #expect(try database.confirmed() == before)
        }
        #expect(database.fileLines.count == 6)
        try database.psql("DROP TRIGGER forbid ON outbox")
        try run(database, ["--after-delivery", "delete"])
        #expect(try count(database) == 0)
        #expect(database.fileLines.count == 6)
      }
    }

    @Test func `rows of a partition that is detached meanwhile are left, and that is told`() throws {
      let schema = """
        CREATE TABLE outbox (
          id uuid DEFAULT gen_random_uuid(), aggregatetype text NOT NULL DEFAULT 'order', aggregateid text NOT NULL,
          type text NOT NULL DEFAULT 'Placed', payload jsonb, PRIMARY KEY (id, aggregateid)) PARTITION BY LIST (aggregateid);
        CREATE TABLE outbox_a PARTITION OF outbox FOR VALUES IN ('a');
        CREATE TABLE outbox_b PARTITION OF outbox FOR VALUES IN ('b');
        CREATE FUNCTION place(n int, key text) RETURNS void LANGUAGE sql AS
          $$ INSERT INTO outbox (aggregateid, payload) VALUES (key, jsonb_build_object('n', n)) $$;
        CREATE PUBLICATION events FOR TABLE outbox WITH (publish = 'insert', publish_via_partition_root = true);

        """
      try Integration.withDatabase(15, schema) { database in
        let stream = try database.streamToFile(["--after-delivery", "delete"])
        try database.psql("SELECT place(1, 'a'); SELECT place(2, 'b');")
        try wait(until: "both are gone", within: 30) { try count(database) == 0 && database.fileLines.count == 2 }
        try database.psql(
          "BEGIN; SELECT place(3, 'a'); SELECT place(4, 'b'); ALTER TABLE outbox DETACH PARTITION outbox_a; COMMIT;")
        try wait(until: "the other is gone", within: 30) { try count(database) == 0 && database.fileLines.count == 4 }
        try wait(until: "it is told") { stream.errors.text.contains("detached their partition") }
        #expect(try database.psql("SELECT count(*) FROM outbox_a") == "1")
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(try database.rest().isEmpty)
      }
    }

    @Test func `a transaction that came while it was in progress is cleaned up whole`() throws {
      try TestServer.with(settings: ["logical_decoding_work_mem": "64kB"]) { server in
        try server.withDatabase { database in
          let stream = try database.streamToFile(["--after-delivery", "delete", "--streaming", "on"])
          try database.waitUntilStreaming()
          try database.psql(
            "BEGIN; SELECT place(1, 5000); SAVEPOINT s; SELECT place(5001, 6000); ROLLBACK TO s; COMMIT;")
          try wait(until: "all is gone", within: 60) { try count(database) == 0 && database.fileLines.count == 5000 }
          stream.signal(SIGTERM)
          #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        }
      }
    }

    @Test func `where it makes no sense it is refused`() throws {
      try withDatabase { database in
        for (command, options) in [
          (["stream"] + database.names, ["--message-prefix", "orders"]),
          (["stream"] + database.names, ["--envelope", "payload"]),
          (["peek"] + database.names, []), (["replay", "recording"], []),
        ] {
          let child = try database.tailrace(command + options + ["--after-delivery", "delete"])
          #expect(try child.exitCode() == 64, "\(child.errors.text)")
        }
        let child = try database.stream(["--mark-column", "sent"])
        #expect(try child.exitCode() == 64, "\(child.errors.text)")
      }
    }

    @Test func `doctor names the slots that lose redelivery, and what forbids the clean-up`() throws {
      try withDatabase { database in
        try database.psql("SELECT pg_create_logical_replication_slot('\(database.slot)_other', 'pgoutput')")
        func checked(_ options: [String]) throws -> String {
          let doctor = try database.tailrace(["doctor"] + database.names + options)
          _ = try doctor.exitCodeAfterAllOutput()
          return doctor.output.text
        }
        #expect(try !checked([]).contains("clean-up"))
        let cleaning = try checked(["--after-delivery", "delete"])
        #expect(cleaning.contains("clean-up") && cleaning.contains("\(database.slot)_other"), "\(cleaning)")
        let marking = try checked(["--after-delivery", "mark"])
        #expect(marking.contains("ADD COLUMN \"dispatched_at\""), "\(marking)")
      }
    }
  }
}
