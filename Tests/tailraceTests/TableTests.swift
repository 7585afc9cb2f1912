// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Which tables are the outbox, while names, places and publications change.
  @Suite struct Tables {
    static let versions = [15, 18]
    /// Three seconds are promised; a loaded machine gets as many more.
    static let soon = 6.0

    @Test(arguments: versions, ["RENAME TO events_out", "SET SCHEMA app"])
    func `a renamed or moved outbox goes on under its configured name, with a warning`(
      version: Int, change: String
    ) throws {
      try withDatabase(version) { database in
        let table = change.hasPrefix("RENAME") ? "events_out" : "app.outbox"
        let stream = try database.streamToFile()
        try database.psql("SELECT place(1); CREATE SCHEMA app;")
        try wait(until: "it is delivered") { database.fileLines.count == 1 }
        try database.psql("ALTER TABLE outbox \(change);")
        try database.insert(2, into: table)
        try wait(until: "both are delivered") { database.fileLines.count == 2 }
        try wait(until: "a warning is given") {
          try database.insert(3, into: table)
          return stream.messages.contains { $0.contains("warning") && $0.contains("is called") }
        }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
        // The record beside the file knows it by its OID.
        try database.insert(1000, into: table)
        let again = try database.streamToFile(["--until", "now"])
        #expect(try again.exitCode() == 0, "\(again.errors.text)")
        let events = try Event.read(database.fileLines)
        #expect(Array(events.numbers.prefix(2)) == [1, 2] && events.numbers.last == 1000)
        #expect(try database.psql("SELECT count(*) FROM \(table)") == "\(events.count)")
        #expect(Set(events.map(\.source)) == ["/\(database.name)/public.outbox"])
      }
    }

    @Test(arguments: versions, ["unpublished", "published"])
    func `another table under the outbox's name ends the stream soon after its first row`(
      version: Int, new: String
    ) throws {
      try withDatabase(version) { database in
        let stream = try database.streamToFile()
        try database.psql("SELECT place(1);")
        try wait(until: "it is delivered") { database.fileLines.count == 1 }
        try database.swap()
        if new == "published" { try database.psql("ALTER PUBLICATION events ADD TABLE outbox;") }
        try database.psql("SELECT place(2);")
        #expect(try stream.exitCode(within: Self.soon) == 78, "\(stream.errors.text)")
        #expect(stream.complaint?.contains("table public.outbox is another one now") == true, "\(stream.errors.text)")
        #expect(try Event.read(database.fileLines).numbers == [1])
        try database.psql("ALTER PUBLICATION events SET TABLE outbox, outbox_old;")
        let again = try database.streamToFile(["--until", "now"])
        #expect(try again.exitCode() == 78, "the record tells, also later: \(again.errors.text)")
        try database.psql("SELECT place(3);")
        let accepted = try database.streamToFile(["--until", "now", "--accept-gap"])
        #expect(try accepted.exitCode() == 0, "\(accepted.errors.text)")
        let found = try Event.read(database.fileLines).numbers
        #expect(found == (new == "published" ? [1, 2, 3] : [1, 3]))
        let last = try database.streamToFile(["--until", "now"])
        #expect(try last.exitCode() == 0, "accepted once, it is over: \(last.errors.text)")
      }
    }

    @Test(arguments: versions)
    func `an outbox that is taken out of the publication ends the stream soon after its next row`(
      version: Int
    ) throws {
      try withDatabase(version) { database in
        let stream = try database.stream()
        try database.psql("SELECT place(1);")
        try wait(until: "it is delivered") { stream.output.lineCount == 1 }
        try database.psql("ALTER PUBLICATION events DROP TABLE outbox; SELECT place(2);")
        #expect(try stream.exitCode(within: Self.soon) == 78, "\(stream.errors.text)")
        #expect(stream.complaint?.contains("public.outbox is not in publication events") == true)
      }
    }

    /// The stream that meets what was changed behind its first event, and a row behind that: running meanwhile, or started later.
    private func stream(over change: String, _ time: String, in database: OutboxDatabase) throws -> ChildProcess {
      let stream = try database.streamToFile()
      try database.psql("SELECT place(1);")
      try wait(until: "it is delivered") { database.fileLines.count == 1 }
      if time == "between two runs" {
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
      }
      try database.psql("\(change) SELECT place(3);")
      return time == "between two runs" ? try database.streamToFile() : stream
    }

    @Test(arguments: versions, ["between two looks", "between two runs"])
    func `an outbox that is taken out of the publication and put in again is told, for rows are missing`(
      version: Int, time: String
    ) throws {
      try withDatabase(version) { database in
        let refused = try stream(
          over:
            "ALTER PUBLICATION events DROP TABLE outbox; SELECT place(2); ALTER PUBLICATION events ADD TABLE outbox;",
          time, in: database)
        #expect(try refused.exitCode(within: Self.soon) == 78, "\(refused.errors.text)")
        #expect(refused.complaint?.contains("put in again") == true, "\(refused.errors.text)")
        let accepted = try database.streamToFile(["--until", "now", "--accept-gap"])
        #expect(try accepted.exitCode() == 0, "\(accepted.errors.text)")
        #expect(try database.streamToFile(["--until", "now"]).exitCode() == 0)
        #expect(try Event.read(database.fileLines).numbers == [1, 3])
      }
    }

    /// How an outbox is published, what happens to it in between, and what is said of it.
    static let interruptions: [(publication: String, meanwhile: [String], words: String)] = [
      (
        "TABLES IN SCHEMA public",
        [
          "ALTER PUBLICATION events DROP TABLES IN SCHEMA public",
          "ALTER PUBLICATION events ADD TABLES IN SCHEMA public",
        ],
        "put in again"
      ),
      (
        "TABLE outbox",
        ["ALTER PUBLICATION events DROP TABLE outbox", "ALTER PUBLICATION events ADD TABLES IN SCHEMA public"],
        "published otherwise than before"
      ),
      (
        "TABLE outbox",
        ["ALTER TABLE outbox DETACH PARTITION part", "ALTER TABLE outbox ATTACH PARTITION part DEFAULT"],
        "attached again"
      ),
    ]

    @Test(arguments: versions, interruptions.indices)
    func `a table that was not published for a while is refused, or told of where its catalogue shows why`(
      version: Int, number: Int
    ) throws {
      let (publication, meanwhile, words) = Self.interruptions[number]
      try withDatabase(version, "") { database in
        try database.psql(
          """
          CREATE TABLE outbox (id bigint GENERATED BY DEFAULT AS IDENTITY, aggregatetype text DEFAULT 'o',
            aggregateid text DEFAULT 'k', type text DEFAULT 't', payload json) PARTITION BY LIST (type);
          CREATE TABLE part PARTITION OF outbox DEFAULT;
          CREATE PUBLICATION events FOR \(publication) WITH (publish = 'insert');
          """)
        try database.psql("SELECT pg_create_logical_replication_slot('\(database.slot)', 'pgoutput');")
        try database.psql(#"INSERT INTO outbox (id, payload) VALUES (1, '{"n": 1}');"#)
        #expect(try database.streamToFile(["--until", "now"]).exitCode() == 0)
        for statement in [meanwhile[0], #"INSERT INTO part (id, payload) VALUES (2, '{"n": 2}')"#, meanwhile[1]] {
          try database.psql("\(statement);")
        }
        let next = try database.streamToFile(["--until", "now"])
        #expect(try next.exitCode() == (number == 0 ? 78 : 0), "\(next.errors.text)")
        #expect(next.messages.contains { $0.contains(words) }, "\(next.errors.text)")
        #expect(try database.streamToFile(["--until", "now", "--accept-gap"]).exitCode() == 0)
      }
    }

    @Test func `of very many parts none is forgotten`() throws {
      try withDatabase(15, "") { database in
        try database.psql(
          """
          CREATE TABLE outbox (id bigint GENERATED BY DEFAULT AS IDENTITY, aggregatetype text DEFAULT 'o',
            aggregateid text DEFAULT 'k', type text DEFAULT 't', payload json, region int DEFAULT 0)
            PARTITION BY LIST (region);
          DO $$ BEGIN FOR i IN 0..699 LOOP
            EXECUTE format('CREATE TABLE part_%s PARTITION OF outbox FOR VALUES IN (%s)', i, i); END LOOP;
            EXECUTE (SELECT 'CREATE PUBLICATION events FOR TABLE ' || string_agg('part_' || i, ', ')
              || ' WITH (publish = ''insert'')' FROM generate_series(0, 699) i); END $$;
          """)
        try database.psql("SELECT pg_create_logical_replication_slot('\(database.slot)', 'pgoutput');")
        try database.psql(#"INSERT INTO outbox (payload) VALUES ('{"n": 1}');"#)
        #expect(try database.streamToFile(["--until", "now"]).exitCode() == 0)
        for change in ["DROP", "ADD"] { try database.psql("ALTER PUBLICATION events \(change) TABLE part_0;") }
        #expect(try database.streamToFile(["--until", "now"]).exitCode() == 78)
      }
    }

    @Test(arguments: versions, ["DROP TABLE outbox;", "ALTER PUBLICATION events SET (publish = 'update');"])
    func `an outbox that is dropped, or whose inserts are not published any more, ends the stream`(
      version: Int, change: String
    ) throws {
      try withDatabase(version) { database in
        let stream = try database.stream()
        try database.psql("SELECT place(1);")
        try wait(until: "it is delivered") { stream.output.lineCount == 1 }
        try database.psql("\(change) CREATE TABLE other AS SELECT 1;")
        #expect(try stream.exitCode(within: 10) == 78, "\(stream.errors.text)")
      }
    }

    @Test(arguments: versions, ["between two looks", "between two runs"])
    func `a publication that published no inserts for a while is told of`(version: Int, time: String) throws {
      try withDatabase(version) { database in
        let stream = try stream(
          over:
            "ALTER PUBLICATION events SET (publish = 'update'); SELECT place(2); ALTER PUBLICATION events SET (publish = 'insert');",
          time, in: database)
        try wait(until: "it is told") { stream.messages.contains { $0.contains("was altered") } }
        try wait(until: "it goes on") { database.fileLines.count == 2 }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        let next = try database.streamToFile(["--until", "now"])
        #expect(try next.exitCode() == 0)
        #expect(!next.messages.contains { $0.contains("was altered") }, "\(next.errors.text)")
        #expect(try Event.read(database.fileLines).numbers == [1, 3])
      }
    }

    @Test func `while a receiver fails, an outbox that is taken out is told of at once, and ends the stream`() throws {
      try withDatabase { database in
        let server = try WebServer { _ in .init(503) }
        defer { server.close() }
        let stream = try database.stream(to: server, ["--drain-timeout", "3s"])
        try database.psql("SELECT place(1);")
        try wait(until: "it is told") { stream.messages.contains { $0.contains(" fails: ") } }
        try database.psql("ALTER PUBLICATION events DROP TABLE outbox; SELECT place(2);")
        try wait(until: "that is told too", within: 20) {
          stream.messages.contains { $0.contains("is not in publication events; this ends the stream") }
        }
        #expect(try stream.exitCode(within: 30) == 78, "\(stream.errors.text)")
      }
    }

    @Test(arguments: versions)
    func `partitions are the outbox, also when the root is published for them later`(version: Int) throws {
      try withDatabase(version, "") { database in
        try database.makePartitions()
        try database.psql("CREATE PUBLICATION events FOR TABLE outbox WITH (publish = 'insert');")
        try database.makeSlot()
        let stream = try database.stream()
        try database.waitUntilStreaming()
        try database.psql("INSERT INTO outbox (aggregateid, payload) VALUES ('a', '{\"n\": 1}'), ('b', '{\"n\": 2}');")
        try database.psql(
          """
          CREATE TABLE outbox_c PARTITION OF outbox FOR VALUES IN ('c');
          INSERT INTO outbox (aggregateid, payload) VALUES ('c', '{"n": 3}');
          CREATE TABLE late (LIKE outbox INCLUDING DEFAULTS);
          ALTER TABLE outbox ATTACH PARTITION late FOR VALUES IN ('d');
          INSERT INTO late (aggregateid, payload) VALUES ('d', '{"n": 4}');
          ALTER PUBLICATION events SET (publish_via_partition_root = true);
          INSERT INTO outbox (aggregateid, payload) VALUES ('a', '{"n": 5}'), ('c', '{"n": 6}');
          """)
        try wait(until: "all are delivered") { stream.output.lineCount == 6 }
        stream.signal(SIGTERM)
        #expect(try stream.exitCodeAfterAllOutput() == 0)
        let events = try Event.read(stream.output.lines)
        #expect(events.numbers == Array(1...6))
        #expect(Set(events.map(\.source)) == ["/\(database.name)/public.outbox"])
      }
    }

    @Test(arguments: versions)
    func `rows of a partition that is gone when they are read are events`(version: Int) throws {
      try withDatabase(version, "") { database in
        try database.makePartitions()
        try database.psql("CREATE PUBLICATION events FOR TABLE outbox WITH (publish = 'insert');")
        try database.makeSlot()
        try database.psql(
          """
          INSERT INTO outbox (aggregateid, payload) VALUES ('a', '{"n": 1}'), ('b', '{"n": 2}');
          ALTER TABLE outbox DETACH PARTITION outbox_a; DROP TABLE outbox_a;
          INSERT INTO outbox (aggregateid, payload) VALUES ('b', '{"n": 3}');
          """)
        #expect(try Event.read(database.rest()).numbers == [1, 2, 3])
      }
    }

    @Test(arguments: versions)
    func `what inherits from an outbox is a part of it, and must be published`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql("CREATE TABLE child (extra text) INHERITS (outbox);")
        let refused = try database.stream(["--until", "now"])
        #expect(try refused.exitCode() == 78)
        #expect(
          refused.complaint?.contains("public.child, a part of public.outbox, is not in publication events") == true,
          "\(refused.errors.text)")
        try database.psql("ALTER PUBLICATION events ADD TABLE child;")
        let stream = try database.stream()
        try database.waitUntilStreaming()
        try database.psql("SELECT place(1);")
        try database.insert(2, into: "child")
        try wait(until: "both are delivered") { stream.output.lineCount == 2 }
        let events = try Event.read(stream.output.lines)
        #expect(events.numbers == [1, 2])
        #expect(Set(events.map(\.source)) == ["/\(database.name)/public.outbox"])
        try database.psql("CREATE TABLE second () INHERITS (child);")
        try database.insert(3, into: "second")
        #expect(try stream.exitCode(within: Self.soon) == 78, "\(stream.errors.text)")
        #expect(stream.complaint?.contains("public.second") == true)
      }
    }

    @Test(arguments: versions)
    func `a live table that becomes the default partition of a new outbox goes on`(version: Int) throws {
      try withDatabase(version) { database in
        let stream = try database.streamToFile()
        try database.psql("SELECT place(1);")
        try wait(until: "it is delivered") { database.fileLines.count == 1 }
        try database.psql(
          """
          BEGIN; ALTER TABLE outbox RENAME TO outbox_first;
          CREATE TABLE outbox (LIKE outbox_first INCLUDING DEFAULTS) PARTITION BY LIST (aggregateid);
          ALTER TABLE outbox ATTACH PARTITION outbox_first DEFAULT; COMMIT;
          SELECT place(2);
          """)
        try wait(until: "it is delivered") { database.fileLines.count == 2 }
        try database.psql("SELECT pg_sleep(2.5); SELECT place(3);")
        try wait(until: "it is delivered") { database.fileLines.count == 3 }
        #expect(stream.isRunning)
        try database.psql("CREATE TABLE outbox_b PARTITION OF outbox FOR VALUES IN ('b'); SELECT place(4, 'b');")
        #expect(try stream.exitCode(within: Self.soon) == 78, "\(stream.errors.text)")
        let events = try Event.read(database.fileLines)
        #expect(events.numbers == [1, 2, 3])
        #expect(Set(events.map(\.source)) == ["/\(database.name)/public.outbox"])
      }
    }

    @Test(arguments: versions)
    func `another published table with an outbox's columns is told of once`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql("CREATE TABLE letters (LIKE outbox INCLUDING DEFAULTS); CREATE TABLE plain (n int);")
        try database.psql("ALTER PUBLICATION events ADD TABLE letters, plain;")
        let stream = try database.stream()
        try database.waitUntilStreaming()
        try database.insert(1, into: "letters")
        try database.psql("INSERT INTO plain VALUES (1); SELECT place(2);")
        try database.insert(3, into: "letters")
        try database.psql("SELECT place(4);")
        try wait(until: "two are delivered") { stream.output.lineCount == 2 }
        #expect(try Event.read(stream.output.lines).numbers == [2, 4])
        let told = stream.messages.filter { $0.contains("passed over") }
        #expect(told.count == 1 && told[0].contains("public.letters"), "\(stream.errors.text)")
      }
    }

    @Test func `while the log stands still, nobody asks the catalogue`() throws {
      try TestServer.with(settings: ["autovacuum": "off"]) { server in
        try server.withDatabase { database in
          let stream = try database.stream()
          try database.psql("SELECT place(1);")
          try wait(until: "it is delivered") { stream.output.lineCount == 1 }
          let asked =
            "SELECT max(query_start) FROM pg_stat_activity WHERE query LIKE 'WITH RECURSIVE%' AND pid <> pg_backend_pid()"
          var last = ""
          // What a start and a first row leave behind comes to rest.
          try wait(until: "nobody asks any more", within: 60) {
            defer { last = (try? database.psql(asked)) ?? "" }
            Thread.sleep(forTimeInterval: 5)
            return try !last.isEmpty && database.psql(asked) == last
          }
          #expect(stream.isRunning)
        }
      }
    }
  }
}

extension OutboxDatabase {
  fileprivate func insert(_ number: Int, into table: String) throws {
    try psql("INSERT INTO \(table) (aggregateid, payload) VALUES ('a', '{\"n\": \(number)}');")
  }

  /// Puts a new table in the place of the outbox.
  fileprivate func swap() throws {
    try psql(
      "BEGIN; ALTER TABLE outbox RENAME TO outbox_old; CREATE TABLE outbox (LIKE outbox_old INCLUDING ALL); COMMIT;")
  }

  fileprivate func makePartitions() throws {
    try psql(
      """
      CREATE TABLE outbox (id uuid DEFAULT gen_random_uuid(), aggregatetype text DEFAULT 'order', aggregateid text,
        type text DEFAULT 'Placed', payload jsonb) PARTITION BY LIST (aggregateid);
      CREATE TABLE outbox_a PARTITION OF outbox FOR VALUES IN ('a');
      CREATE TABLE outbox_rest PARTITION OF outbox DEFAULT;
      """)
  }
}
