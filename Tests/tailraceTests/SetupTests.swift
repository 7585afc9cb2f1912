// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct Setup {
    @Test(arguments: [15, 18])
    func `it makes what is missing, and the second time nothing`(version: Int) throws {
      try withDatabase(version, "") { database in
        let first = try database.setup(["--create-table"])
        #expect(try first.exitCode() == 0, "\(first.errors.text)")
        #expect(try database.inventory() == "outbox|events|\(database.slot)")
        let second = try database.setup(["--create-table"])
        #expect(try second.exitCode() == 0, "\(second.errors.text)")
        #expect(second.messages.filter { $0.hasSuffix("nothing to do") }.count == 3, "\(second.errors.text)")
        try database.psql(
          "INSERT INTO outbox (aggregatetype, aggregateid, type, payload) VALUES ('order', '1', 'Placed', '{\"n\": 1}');"
        )
        #expect(try Event.read(database.rest()).numbers == [1])
      }
    }

    @Test(arguments: [15, 18])
    func `a dry run changes nothing and prints SQL that does it all`(version: Int) throws {
      try withDatabase(version, "") { database in
        let dry = try database.setup(["--create-table", "--dry-run"])
        #expect(try dry.exitCodeAfterAllOutput() == 0, "\(dry.errors.text)")
        #expect(try database.inventory() == "||")
        defer { _ = try? database.psql("DROP OWNED BY tailrace; DROP ROLE tailrace;") }
        try database.psql(dry.output.text)
        #expect(try database.inventory() == "outbox|events|\(database.slot)")
        let then = try database.setup()
        #expect(try then.exitCode() == 0, "\(then.errors.text)")
        #expect(then.messages.allSatisfy { $0.hasSuffix("nothing to do") }, "\(then.errors.text)")
        // The role that it proposes can stream.
        let stream = try database.tailrace([
          "stream", "--database", database.server.connection(to: database.name, user: "tailrace"), "--publication",
          "events", "--slot", database.slot, "--until", "now",
        ])
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
      }
    }

    @Test(arguments: [15, 18])
    func `the role that a dry run prints has what is used and nothing else, and messages are for those that are let`(
      version: Int
    ) throws {
      try withDatabase(version) { database in
        let options = ["--dead-letter-table", "public.dead_letters", "--message-prefix", "order", "--table", "outbox"]
        let dry = try database.setup(options + ["--dry-run"])
        #expect(try dry.exitCodeAfterAllOutput() == 0, "\(dry.errors.text)")
        // Roles are the server's, which other tests use too.
        let relay = "relay_of_\(database.name)"
        defer { _ = try? database.psql("DROP OWNED BY \(relay); DROP ROLE \(relay);") }
        try database.withRole("LOGIN") { role in
          let emit = "SET ROLE \(role); SELECT pg_logical_emit_message(true, 'order', '{}');"
          try database.psql(emit)
          try database.psql(dry.output.text.replacingOccurrences(of: "\"tailrace\"", with: relay))
          #expect(throws: ChildProcess.Failure.self) { try database.psql(emit) }
        }
        #expect(
          try database.psql("SELECT has_table_privilege('\(relay)', 'outbox', 'SELECT, INSERT, UPDATE, DELETE')") == "f"
        )
        try database.psql(
          "ALTER TABLE outbox ALTER type DROP NOT NULL; INSERT INTO outbox (aggregateid, type) VALUES ('a', NULL);"
            + "SELECT place(2, 'a');")
        let connection = database.server.connection(to: database.name, user: relay)
        let place = ["--dead-letters", "table:public.dead_letters"]
        let receiver = try WebServer()
        defer { receiver.close() }
        let stream = try database.tailrace(
          ["stream", "--database", connection, "--publication", "events", "--slot", database.slot, "--until", "now"]
            + ["--sink", receiver.url]
            + ["--on-poison", "dead-letter", "--park-key"] + place)
        #expect(try stream.exitCodeAfterAllOutput() == 0, "\(stream.errors.text)")
        for arguments in [["list"], ["redrive", "--all"], ["drop", "--all"]] {
          let letters = try database.tailrace(
            ["dead-letters", arguments[0], "--database", connection] + place + arguments.dropFirst())
          #expect(![74, 77, 78].contains(try letters.exitCode()), "\(letters.errors.text)")
        }
      }
    }

    @Test func `without --create-table, a missing table is an error`() throws {
      try withDatabase(15, "") { database in
        let child = try database.setup()
        #expect(try child.exitCode() == 78)
        #expect(child.complaint?.contains("--create-table") == true, "\(child.errors.text)")
        #expect(try database.inventory() == "||")
      }
    }

    @Test(arguments: [
      ("CREATE PUBLICATION events FOR TABLE outbox;", "publishes update"),
      ("CREATE PUBLICATION events FOR ALL TABLES WITH (publish = 'insert');", "FOR ALL TABLES"),
      (
        "CREATE TABLE other (n int); CREATE PUBLICATION events FOR TABLE other WITH (publish = 'insert');",
        "public.outbox is not in it"
      ),
      (
        "CREATE TABLE other (n int); CREATE PUBLICATION events FOR TABLE outbox, other WITH (publish = 'insert');",
        "public.other is in it"
      ),
    ])
    func `a publication that differs is refused with the difference`(publication: String, difference: String) throws {
      try withDatabase(15, "") { database in
        try database.psql("CREATE TABLE outbox (id int); \(publication)")
        let child = try database.setup()
        #expect(try child.exitCode() == 78)
        #expect(child.complaint?.contains(difference) == true, "\(child.errors.text)")
        #expect(try database.inventory() == "outbox|events|")
      }
    }

    @Test func `a slot with another plugin is refused with the difference`() throws {
      try withDatabase(15, "") { database in
        try database.psql("SELECT pg_create_logical_replication_slot('\(database.slot)', 'test_decoding');")
        let child = try database.setup(["--create-table"])
        #expect(try child.exitCode() == 78)
        #expect(child.complaint?.contains("test_decoding") == true, "\(child.errors.text)")
      }
    }

    @Test func `a partitioned table is published under its own name`() throws {
      try withDatabase(15, "") { database in
        try database.psql(
          "CREATE TABLE outbox (id uuid DEFAULT gen_random_uuid(), aggregatetype text DEFAULT 'order', aggregateid text, type text DEFAULT 'Placed', payload jsonb) PARTITION BY LIST (aggregateid); CREATE TABLE outbox_a PARTITION OF outbox FOR VALUES IN ('a'); CREATE TABLE outbox_rest PARTITION OF outbox DEFAULT;"
        )
        let child = try database.setup()
        #expect(try child.exitCode() == 0, "\(child.errors.text)")
        #expect(try database.psql("SELECT pubviaroot FROM pg_publication WHERE pubname = 'events'") == "t")
        try database.psql("INSERT INTO outbox (aggregateid, payload) VALUES ('a', '{\"n\": 1}'), ('b', '{\"n\": 2}');")
        let events = try Event.read(database.rest())
        #expect(events.numbers == [1, 2])
        #expect(Set(events.map(\.source)) == ["/\(database.name)/public.outbox"])
      }
    }

    @Test func `slots that follow a failover need version 17 or later`() throws {
      try withDatabase(15, "") { database in
        let child = try database.setup(["--create-table", "--failover"])
        #expect(try child.exitCode() == 78)
        #expect(child.complaint?.contains("17") == true, "\(child.errors.text)")
        #expect(try database.inventory() == "||")
      }
      try withDatabase(18, "") { database in
        let child = try database.setup(["--create-table", "--failover"])
        #expect(try child.exitCode() == 0, "\(child.errors.text)")
        #expect(
          try database.psql("SELECT failover FROM pg_replication_slots WHERE slot_name = '\(database.slot)'") == "t")
        #expect(child.errors.text.contains("synchronized_standby_slots is empty"), "\(child.errors.text)")
      }
    }

    @Test func `standbys that must have received an event before it leaves are looked for`() throws {
      try TestServer.with(version: 18, settings: ["synchronized_standby_slots": "standby"]) { server in
        try server.withDatabase("") { database in
          let child = try database.setup(["--create-table", "--failover"])
          #expect(try child.exitCode() == 0)
          #expect(!child.errors.text.contains("synchronized_standby_slots"), "\(child.errors.text)")
        }
      }
    }

    @Test func `temporary slots leave nothing behind`() throws {
      try withDatabase(15, "") { database in
        let setup = try database.setup(["--create-table", "--temporary"])
        #expect(try setup.exitCode() == 0, "\(setup.errors.text)")
        #expect(try database.inventory() == "outbox|events|")
        let stream = try database.stream(["--temporary-slot"])
        // The slot is in use as soon as it is begun, and has what comes once it is made.
        try wait(until: "it waits for rows") { stream.errors.text.contains("ready: ") }
        try database.psql(
          "INSERT INTO outbox (aggregatetype, aggregateid, type, payload) VALUES ('order', '1', 'Placed', '{\"n\": 1}');"
        )
        try wait(until: "the event arrives") { stream.output.lineCount == 1 }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
        try wait(until: "the slot is gone") { try database.inventory() == "outbox|events|" }
      }
    }

    @Test func `teardown removes slot and publication but not the table, and the second time nothing`() throws {
      try withDatabase { database in
        let stream = try database.stream()
        try database.waitUntilStreaming()
        let early = try database.teardown()
        #expect(try early.exitCode() == 69)
        #expect(early.complaint?.contains("is active for PID") == true, "\(early.errors.text)")
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
        for _ in 0..<2 {
          let child = try database.teardown()
          #expect(try child.exitCode() == 0, "\(child.errors.text)")
          #expect(try database.inventory() == "outbox||")
        }
      }
    }
  }
}

extension OutboxDatabase {
  fileprivate func setup(_ options: [String] = []) throws -> ChildProcess { try tailrace(["setup"] + names + options) }

  fileprivate func teardown() throws -> ChildProcess { try tailrace(["teardown"] + names) }

  /// The outbox, the publication and the slot, as far as they are there.
  fileprivate func inventory() throws -> String {
    try psql(
      """
      SELECT (SELECT relname FROM pg_class WHERE oid = to_regclass('outbox')), (SELECT pubname FROM pg_publication),
        (SELECT slot_name FROM pg_replication_slots WHERE database = current_database())
      """)
  }
}
