// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct Mapping {
    @Test(arguments: [15, 18])
    func `a table that changes in mid-stream, even in mid-transaction, is read as it is at each row`(version: Int)
      throws
    {
      try withDatabase(version) { database in
        let stream = try database.stream()
        try database.psql(
          """
          SELECT place(1);
          ALTER TABLE outbox ADD note text DEFAULT 'x', ADD version int DEFAULT 7;
          SELECT place(2);
          BEGIN; SELECT place(3); ALTER TABLE outbox DROP COLUMN note, ALTER COLUMN aggregateid TYPE varchar(40);
            SELECT place(4); COMMIT;
          ALTER TABLE outbox RENAME COLUMN version TO other;
          SELECT place(5);
          """)
        try wait(until: "all is delivered") { stream.output.lineCount == 5 }
        #expect(try Event.read(stream.output.lines).numbers == [1, 2, 3, 4, 5])
        #expect(stream.output.lines.map { $0.contains("\"dataversion\":\"7\"") } == [false, true, true, true, false])
      }
    }

    /// The server's process decodes with whatever it knows of a table already.
    @Test(arguments: [15, 18])
    func `rows that are older than a change of their table are read as they were, also after a pause`(version: Int)
      throws
    {
      try withDatabase(version) { database in
        try database.psql(
          """
          SELECT place(1);
          ALTER TABLE outbox ADD version int DEFAULT 7;
          SELECT place(2);
          ALTER TABLE outbox RENAME COLUMN aggregatetype TO kind;
          ALTER TABLE outbox ADD aggregatetype text DEFAULT 'new';
          SELECT place(3);
          """)
        let lines = try database.rest()
        #expect(try Event.read(lines).numbers == [1, 2, 3])
        #expect(lines.map { $0.contains("\"dataversion\":\"7\"") } == [false, true, true])
        #expect(lines.map { $0.contains("\"aggregatetype\":\"new\"") } == [false, false, true])
      }
    }

    @Test(arguments: ["ignore", "warn", "fail"])
    func `changes that are no inserts are ignored, warned of or refused, as configured`(policy: String) throws {
      try withDatabase { database in
        try database.psql(
          "ALTER PUBLICATION events SET (publish = 'insert, update, delete, truncate'); ALTER TABLE outbox REPLICA IDENTITY FULL; SELECT place(1);"
        )
        for change in ["UPDATE outbox SET type = 'Changed'", "DELETE FROM outbox", "TRUNCATE outbox"] {
          try database.psql("SELECT place(1); \(change); SELECT place(2);")
          let stream = try database.stream(["--until", "now", "--on-change", policy])
          if policy == "fail" {
            #expect(try stream.exitCodeAfterAllOutput() == 65)
            #expect(stream.complaint?.contains(change.prefix(6)) == true, "\(stream.errors.text)")
            return
          }
          #expect(try stream.exitCodeAfterAllOutput() == 0)
          #expect(try Event.read(stream.output.lines).numbers.suffix(2) == [1, 2])
          #expect(stream.errors.text.contains("warning") == (policy == "warn"), "\(stream.errors.text)")
        }
      }
    }

    @Test(arguments: [15, 18])
    func `logical messages become events unless they are rolled back or have another prefix`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql(
          """
          SELECT pg_logical_emit_message(true, 'outbox', '{"type": "A", "aggregateid": "k", "payload": {"n": 1}}');
          BEGIN; SELECT pg_logical_emit_message(true, 'outbox', '{"type": "A", "payload": {"n": 2}}'); ROLLBACK;
          SELECT pg_logical_emit_message(true, 'other', '{"type": "A", "payload": {"n": 3}}');
          BEGIN; SELECT pg_logical_emit_message(true, 'outbox:order', '{"type": "A", "payload": {"n": 4}}');
            SAVEPOINT a; SELECT pg_logical_emit_message(true, 'outbox', '{"type": "A", "payload": {"n": 5}}');
            ROLLBACK TO a; COMMIT;
          """)
        let events = try Event.read(database.rest(["--message-prefix", "outbox"]))
        #expect(events.numbers == [1, 4])
        #expect(Set(events.map(\.id)).count == 2)
      }
    }

    @Test func `columns with other names, attributes and several tables in one slot`() throws {
      let schema = """
        CREATE SCHEMA app;
        CREATE TABLE app.first (event_id uuid DEFAULT gen_random_uuid(), aggregatetype text DEFAULT 'order',
          aggregateid text, type text DEFAULT 'Placed', body jsonb, tenant text);
        CREATE TABLE app.second (LIKE app.first INCLUDING ALL);
        CREATE PUBLICATION events FOR TABLE app.first, app.second WITH (publish = 'insert');

        """
      try withDatabase(15, schema) { database in
        try database.psql(
          """
          INSERT INTO app.first (aggregateid, body, tenant) VALUES ('1', '{"n": 1}', 'north');
          INSERT INTO app.second (aggregateid, body, tenant) VALUES ('2', '{"n": 2}', 'south');
          """)
        let lines = try database.rest([
          "--table", "app.first", "--table", "app.second", "--column", "id=event_id", "--column", "payload=body",
          "--attribute", "tenant=tenant",
        ])
        let events = try Event.read(lines)
        #expect(events.numbers == [1, 2])
        #expect(events.map(\.source) == ["/\(database.name)/app.first", "/\(database.name)/app.second"])
        #expect(lines[0].contains("\"tenant\":\"north\"") && lines[1].contains("\"tenant\":\"south\""))
      }
    }

    @Test
    func `bytes in a database without an encoding come out if they are UTF-8, and else are told with their place`()
      throws
    {
      try Integration.server().withDatabase(encoding: "SQL_ASCII") { database in
        func insert(_ bytes: String) throws {
          try database.psql(
            "INSERT INTO outbox (aggregateid, type) VALUES ('a', convert_from('\(bytes)', 'SQL_ASCII'));")
        }
        let stream = try database.stream()
        try insert("\\x47c3a47374")
        try wait(until: "the event arrives") { stream.output.lineCount == 1 }
        let good = try Event.read(stream.output.lines)
        #expect(good.map(\.type) == ["Gäst"])
        try database.waitUntilConfirmed(good)
        try insert("\\x47e47374")
        #expect(try stream.exitCodeAfterAllOutput() == 65, "\(stream.errors.text)")
        #expect(
          stream.complaint?.contains("table public.outbox, column type, LSN ") == true
            && stream.complaint?.contains("UTF-8") == true, "\(stream.errors.text)")
        #expect(stream.output.lineCount == 1)
        #expect(try database.stream(["--until", "now"]).exitCode() == 65, "it is not passed over")
        try database.psql(
          """
          INSERT INTO outbox (aggregateid, payload) VALUES ('a', convert_from('\\x7b2261223a22e422'::bytea || '\\x7d', 'SQL_ASCII')::jsonb);
          INSERT INTO outbox (aggregateid) VALUES ('last');
          """)
        let letters = ["--dead-letters", "file:\(database.files.file("letters"))"]
        let rest = try Event.read(database.rest(["--on-poison", "dead-letter"] + letters))
        #expect(rest.map(\.partitionkey) == ["last"])
        let list = try database.tailrace(["dead-letters", "list"] + letters)
        #expect(try list.exitCodeAfterAllOutput() == 0 && list.output.lineCount == 3, "\(list.output.text)")
      }
    }

    @Test func `what a database holds in LATIN1 comes out in UTF-8`() throws {
      try Integration.server().withDatabase(encoding: "LATIN1") { database in
        try database.psql(
          "SET client_encoding = 'UTF8'; INSERT INTO outbox (aggregateid, payload) VALUES ('Zoë', '{\"n\": 1, \"name\": \"café\"}');"
        )
        let lines = try database.rest()
        #expect(try Event.read(lines).map(\.partitionkey) == ["Zoë"])
        #expect(lines.first?.contains("café") == true)
      }
    }
  }
}
