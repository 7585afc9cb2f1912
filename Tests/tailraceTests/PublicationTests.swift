// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Publications that leave out what events need.
  @Suite struct Publications {
    private static let needs = "(id, aggregatetype, aggregateid, type, payload)"

    @Test(
      arguments: [15, 18],
      [
        ("publish = 'update, delete'", "", "does not publish insert"),
        ("publish = 'insert'", "WHERE (aggregateid <> 'b')", "has a row filter"),
        ("publish = 'insert'", "(id, aggregatetype, aggregateid, type)", "published without column payload"),
      ])
    func `one that does not publish what is needed is refused by set-up and stream`(
      version: Int, publication: (options: String, part: String, complaint: String)
    ) throws {
      try withDatabase(version) { database in
        try database.publish("outbox \(publication.part)", publication.options)
        for command in ["setup", "stream"] {
          let child = try database.tailrace([command] + database.names)
          #expect(try child.exitCode() == 78, "\(command)")
          #expect(
            child.complaint?.contains(publication.complaint) == true, "\(command): \(child.errors.text)")
        }
      }
    }

    @Test(arguments: [15, 18])
    func `a row filter that is meant is accepted by set-up and stream`(version: Int) throws {
      try withDatabase(version) { database in
        try database.publish("outbox WHERE (aggregateid <> 'b')")
        let refused = try database.stream()
        #expect(try refused.exitCode() == 78)
        #expect(refused.complaint?.contains("--accept-row-filter") == true, "\(refused.errors.text)")
        let setup = try database.tailrace(["setup", "--accept-row-filter"] + database.names)
        #expect(try setup.exitCode() == 0, "\(setup.errors.text)")
        try database.psql("SELECT place(1, 'a'), place(2, 'b'), place(3, 'a');")
        #expect(try Event.read(database.rest(["--accept-row-filter"])).numbers == [1, 3])
      }
    }

    @Test(arguments: [15, 18])
    func `a list of columns that has what is needed will do, and what else is left out is told`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql("ALTER TABLE outbox ADD headers jsonb, ADD tenant text, ADD note text;")
        try database.publish("outbox \(Self.needs)")
        let setup = try database.tailrace(["setup"] + database.names)
        #expect(try setup.exitCode() == 0, "\(setup.errors.text)")
        let mapped = try database.stream(["--until", "now", "--attribute", "tenant=tenant"])
        #expect(try mapped.exitCode() == 78)
        #expect(mapped.complaint?.contains("without column tenant") == true, "\(mapped.errors.text)")
        try database.psql("SELECT place(1);")
        let stream = try database.stream(["--until", "now"])
        #expect(try stream.exitCodeAfterAllOutput() == 0, "\(stream.errors.text)")
        #expect(stream.output.lineCount == 1)
        #expect(stream.messages.contains { $0.contains("without column headers") }, "\(stream.errors.text)")
      }
    }

    @Test(arguments: [15, 18])
    func `a generated column that is needed but not published is told at the start`(version: Int) throws {
      try withDatabase(version, "") { database in
        try database.psql(
          """
          CREATE TABLE outbox (id int PRIMARY KEY, aggregatetype text, aggregateid text GENERATED ALWAYS AS (id::text) STORED,
            type text, payload jsonb);
          CREATE PUBLICATION events FOR TABLE outbox WITH (publish = 'insert');
          """)
        try database.makeSlot()
        let stream = try database.stream()
        #expect(try stream.exitCode() == 78)
        #expect(stream.complaint?.contains("without column aggregateid") == true, "\(stream.errors.text)")
      }
    }

    @Test func `a virtual column is told of with advice that the server takes`() throws {
      try withDatabase(18, "") { database in
        try database.psql(
          """
          CREATE TABLE outbox (id int PRIMARY KEY, aggregatetype text, aggregateid text, base text,
            type text GENERATED ALWAYS AS (base || 'x') VIRTUAL, payload jsonb);
          CREATE PUBLICATION events FOR TABLE outbox WITH (publish = 'insert');
          """)
        try database.makeSlot()
        for command in ["stream", "setup"] {
          let child = try database.tailrace([command] + database.names)
          #expect(try child.exitCode() == 78)
          let complaint = try #require(child.complaint)
          #expect(complaint.contains("drop it and add an ordinary one of its name"), "\(complaint)")
          #expect(!complaint.contains("DROP EXPRESSION") && !complaint.contains("--publication"), "\(complaint)")
        }
        try database.psql("ALTER TABLE outbox DROP type, ADD type text;")
        #expect(try database.tailrace(["setup"] + database.names).exitCode() == 0)
        #expect(try database.stream(["--until", "now"]).exitCode() == 0)
      }
    }

    @Test(arguments: [15, 18])
    func `a partition is not the outbox where its root is published for it`(version: Int) throws {
      try withDatabase(version, "") { database in
        try database.psql(
          """
          CREATE TABLE whole (id uuid, aggregatetype text, aggregateid text, type text, payload jsonb) PARTITION BY LIST (type);
          CREATE TABLE outbox PARTITION OF whole DEFAULT;
          CREATE PUBLICATION events FOR TABLE whole WITH (publish = 'insert', publish_via_partition_root = true);
          """)
        try database.makeSlot()
        let stream = try database.stream()
        #expect(try stream.exitCode() == 78)
        #expect(stream.complaint?.contains("the table above it") == true, "\(stream.errors.text)")
      }
    }

    @Test(arguments: [15, 18])
    func `a row filter that comes in mid-stream ends it`(version: Int) throws {
      try withDatabase(version) { database in
        let stream = try database.stream()
        try database.psql("SELECT place(1);")
        try wait(until: "it is delivered") { stream.output.lineCount == 1 }
        try database.psql("ALTER PUBLICATION events SET TABLE outbox WHERE (aggregateid <> 'b'); SELECT place(2, 'b');")
        #expect(try stream.exitCode(within: 6) == 78, "\(stream.errors.text)")
      }
    }

    @Test(arguments: [15, 18])
    func `set-up is done once, also where tables inherit from the outbox or are a schema's`(version: Int) throws {
      try withDatabase(version, "") { database in
        try database.psql(
          """
          CREATE TABLE outbox (id int, aggregatetype text, aggregateid text, type text, payload jsonb);
          CREATE TABLE child () INHERITS (outbox); CREATE TABLE grandchild () INHERITS (child);
          """)
        for turn in 1...3 {
          let setup = try database.tailrace(["setup"] + database.names)
          #expect(try setup.exitCode() == 0, "\(turn): \(setup.errors.text)")
        }
        try database.psql("CREATE TABLE late () INHERITS (child);")
        let late = try database.tailrace(["setup"] + database.names)
        #expect(try late.exitCode() == 78)
        #expect(late.complaint?.contains("public.late is not in it") == true, "\(late.errors.text)")
        try database.psql(
          "DROP PUBLICATION events; CREATE PUBLICATION events FOR TABLES IN SCHEMA public WITH (publish = 'insert');")
        let schema = try database.tailrace(["setup"] + database.names)
        #expect(try schema.exitCode() == 78)
        #expect(schema.complaint?.contains("schema public is in it") == true, "\(schema.errors.text)")
        #expect(try database.stream(["--until", "now"]).exitCode() == 0)
      }
    }

    @Test(arguments: [15, 18])
    func `set-up tells that a row which moves to another partition comes again`(version: Int) throws {
      try withDatabase(version, "") { database in
        try database.psql(
          """
          CREATE TABLE outbox (id int, aggregatetype text, aggregateid text, type text, payload jsonb) PARTITION BY LIST (type);
          CREATE TABLE outbox_a PARTITION OF outbox FOR VALUES IN ('a'); CREATE TABLE outbox_b PARTITION OF outbox DEFAULT;
          """)
        let setup = try database.tailrace(["setup"] + database.names)
        #expect(try setup.exitCode() == 0)
        #expect(setup.messages.contains { $0.contains("with the same id") }, "\(setup.errors.text)")
        try database.psql("INSERT INTO outbox VALUES (1, 'order', '1', 'a', '{}'); UPDATE outbox SET type = 'b';")
        let events = try Event.read(database.rest())
        #expect(events.map(\.id) == ["1", "1"] && events.map(\.type) == ["a", "b"])
      }
    }

    @Test(arguments: [15, 18])
    func `teardown keeps a publication through which another slot may be read`(version: Int) throws {
      try withDatabase(version) { database in
        let second = "\(database.name)_second"
        try database.psql("SELECT pg_create_logical_replication_slot('\(second)', 'pgoutput');")
        defer { _ = try? database.psql("SELECT pg_drop_replication_slot('\(second)');") }
        let dry = try database.command("teardown", ["--dry-run"])
        #expect(
          try dry.exitCodeAfterAllOutput() == 0 && !dry.output.text.contains("\nDROP PUBLICATION"), "\(dry.output.text)"
        )
        let child = try database.command("teardown")
        #expect(try child.exitCode() == 0, "\(child.errors.text)")
        #expect(child.messages.contains { $0.contains("warning") && $0.contains(second) }, "\(child.errors.text)")
        #expect(try database.psql("SELECT pubname FROM pg_publication") == "events")
        try database.psql("SELECT place(1);")
        let events = try database.tailrace([
          "stream", "--database", database.connection, "--publication", "events", "--slot", second, "--until", "now",
        ])
        #expect(try events.exitCodeAfterAllOutput() == 0 && Event.read(events.output.lines).numbers == [1])
        // Whatever it is read through: names can be written in many ways.
        try database.psql("CREATE PUBLICATION others FOR ALL TABLES;")
        let reader = try database.tailrace([
          "stream", "--database", database.connection, "--publication", "others", "--slot", second,
        ])
        try wait(until: "the slot is read") {
          try database.psql("SELECT active FROM pg_replication_slots WHERE slot_name = '\(second)'") == "t"
        }
        #expect(try database.command("teardown").exitCode() == 0)
        #expect(try database.psql("SELECT string_agg(pubname, ' ' ORDER BY 1) FROM pg_publication") == "events others")
        reader.signal(SIGTERM)
        #expect(try reader.exitCode() == 0, "\(reader.errors.text)")
        try database.psql("SELECT pg_drop_replication_slot('\(second)');")
        #expect(try database.command("teardown").exitCode() == 0)
        #expect(try database.psql("SELECT string_agg(pubname, ' ') FROM pg_publication") == "others")
      }
    }

    @Test(arguments: [15, 18])
    func `teardown leaves slots that are another's`(version: Int) throws {
      try withDatabase(version) { database in
        try withDatabase(version) { other in
          let (physical, foreign) = ("\(database.name)_physical", "\(database.name)_foreign")
          try database.psql(
            """
            SELECT pg_create_physical_replication_slot('\(physical)', true);
            SELECT pg_create_logical_replication_slot('\(foreign)', 'test_decoding');
            """)
          defer { _ = try? database.psql("SELECT pg_drop_replication_slot('\(physical)');") }
          for (slot, why) in [(physical, "is physical"), (foreign, "test_decoding"), (other.slot, other.name)] {
            let child = try database.tailrace([
              "teardown", "--database", database.connection, "--publication", "events", "--slot", slot,
            ])
            #expect(try child.exitCode() == 78, "\(slot)")
            #expect(child.complaint?.contains(why) == true, "\(child.errors.text)")
            let left = try database.psql(
              "SELECT count(*) FROM pg_replication_slots WHERE slot_name = '\(slot)'; SELECT count(*) FROM pg_publication;"
            )
            #expect(left == "1\n1")
          }
        }
      }
    }
  }
}

extension OutboxDatabase {
  /// Makes the publication anew.
  fileprivate func publish(_ table: String, _ options: String = "publish = 'insert'") throws {
    try psql("DROP PUBLICATION events; CREATE PUBLICATION events FOR TABLE \(table) WITH (\(options));")
    try psql("SELECT pg_drop_replication_slot('\(slot)');")
    try makeSlot()
  }
}
