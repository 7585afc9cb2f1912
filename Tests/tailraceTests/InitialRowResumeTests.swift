// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What is changed between a start that dies while initial rows come, and the next one.
  @Suite struct InitialRowResumes {
    /// Rows of one transaction, with the same time each.
    private static let schema = InitialRowsDatabase.schema.replacing("clock_timestamp()", with: "now()")
    private static let fill = "DO $$BEGIN FOR n IN 1..4000 LOOP PERFORM place(n, 'k' || n % 7); END LOOP; END$$;"

    /// It takes some, and the others once the gate is open.
    private static func server() throws -> (WebServer, Gate) {
      let (gate, taken) = (Gate(), Counter())
      let server = try WebServer { _ in
        if taken.next() > 1500 { gate.pass() }
        return WebServer.Answer(204)
      }
      return (server, gate)
    }

    /// Delivers a part, then does something, then goes on.
    private func goOn(
      _ database: OutboxDatabase, _ first: [String] = [], after change: String, _ next: [String]? = nil,
      _ body: (Int32, ChildProcess, [Event]) -> Void
    ) throws {
      let (server, gate) = try Self.server()
      defer { server.close() }
      let options = [
        "--initial-rows", "--until", "now", "--checkpoint", database.files.file("record"), "--sink", server.url,
      ]
      let killed = try database.command("stream", options + first)
      try wait(until: "some are there") { server.taken.count >= 1200 }
      try killed.kill9()
      gate.open()
      try wait(until: "the slot is free") { try database.walsender() == nil }
      try database.psql(change)
      let stream = try database.command("stream", (next ?? first) + options)
      body(try stream.exitCode(within: 120), stream, server.taken)
    }

    @Test func `outboxes that are named in another order are known by what they are`() throws {
      try withDatabase(15, InitialRowsDatabase.schema) { database in
        try database.psql(
          """
          CREATE TABLE billing (LIKE outbox INCLUDING ALL);
          ALTER PUBLICATION events ADD TABLE billing;
          INSERT INTO billing (aggregateid, payload)
            SELECT 'k' || n % 7, jsonb_build_object('n', n) FROM generate_series(1, 1500) n;
          SELECT place(1, 3000);
          """)
        let (outbox, billing) = (["--table", "public.outbox"], ["--table", "public.billing"])
        try database.setUpWithSnapshot(outbox + billing)
        try goOn(database, outbox + billing, after: "SELECT 1;", billing + outbox) { code, stream, events in
          #expect(code == 0, "\(stream.errors.text)")
          let found = Dictionary(grouping: events, by: \.source).mapValues { Set($0.numbers) }
          #expect(found["/\(database.name)/public.outbox"] == Set(1...3000))
          #expect(found["/\(database.name)/public.billing"] == Set(1...1500))
          // What was under way may have come twice, and nothing else.
          #expect(events.count < 4500 + 2600)
        }
      }
    }

    @Test func `rows that were locked, and those that are then, are neither left out nor come anew`() throws {
      try withDatabase(15, Self.schema) { database in
        let lock: (String) -> String = {
          "BEGIN; SELECT count(*) FROM (SELECT 1 FROM outbox WHERE \($0) FOR UPDATE) AS o; COMMIT;"
        }
        try database.psql(Self.fill + lock("(payload->>'n')::int <= 100"))
        try database.setUpWithSnapshot()
        let change = "VACUUM (FREEZE) outbox;" + lock("(payload->>'n')::int BETWEEN 200 AND 260")
        try goOn(database, after: change) { code, stream, events in
          #expect(code == 0, "\(stream.errors.text)")
          #expect(Set(events.numbers) == Set(1...4000))
          #expect(!stream.errors.text.contains("deleted") && events.count < 4000 + 3600)
        }
      }
    }

    @Test(arguments: [
      "ALTER TABLE outbox DROP CONSTRAINT outbox_pkey, ADD PRIMARY KEY (id, type);",
      "ALTER TABLE outbox DROP CONSTRAINT outbox_pkey; ALTER TABLE outbox ADD other serial PRIMARY KEY;",
      "ALTER TABLE outbox RENAME occurred_at TO created;",
    ])
    func `rows that are found by something else than before are refused, and come once that is put back`(
      change: String
    ) throws {
      try withDatabase(15, Self.schema) { database in
        try database.psql(Self.fill)
        try database.setUpWithSnapshot()
        try goOn(database, after: change) { code, stream, events in
          #expect(code == 78, "\(stream.errors.text)")
          #expect(
            stream.complaint?.contains("began to come by other tables, keys or times") == true, "\(stream.errors.text)")
          #expect(events.count < 4000)
        }
      }
    }

    @Test func `planned rows whose keys were changed are told of, and not taken for delivered`() throws {
      let schema = InitialRowsDatabase.schema.replacing(
        "id uuid PRIMARY KEY DEFAULT gen_random_uuid()", with: "id bigserial PRIMARY KEY")
      try withDatabase(15, schema) { database in
        try database.psql("SELECT place(1, 4000);")
        try database.setUpWithSnapshot()
        try goOn(database, after: "UPDATE outbox SET id = id + 100000 WHERE (payload->>'n')::int > 1900;") {
          code, stream, events in
          #expect(code == 78, "\(stream.errors.text)")
          #expect(stream.complaint?.contains("were changed") == true, "\(stream.errors.text)")
          #expect(Set(events.numbers).isSuperset(of: 1...1900))
        }
      }
    }

    @Test func `left out half way, the flag is asked for`() throws {
      try withDatabase(15, InitialRowsDatabase.schema) { database in
        try database.psql("SELECT place(1, 4000);")
        try database.setUpWithSnapshot()
        try goOn(database, after: "SELECT place(4001);") { code, stream, events in
          #expect(code == 0 && Set(events.numbers) == Set(1...4001), "\(stream.errors.text)")
        }
      }
      try withDatabase(15, InitialRowsDatabase.schema) { database in
        try database.psql("SELECT place(1, 4000);")
        try database.setUpWithSnapshot()
        let (server, gate) = try Self.server()
        defer { server.close() }
        let options = ["--until", "now", "--checkpoint", database.files.file("record"), "--sink", server.url]
        let killed = try database.command("stream", ["--initial-rows"] + options)
        try wait(until: "some are there") { server.taken.count >= 1200 }
        try killed.kill9()
        gate.open()
        try wait(until: "the slot is free") { try database.walsender() == nil }
        let refused = try database.command("stream", options)
        #expect(try refused.exitCode() == 78, "\(refused.errors.text)")
        #expect(refused.complaint?.contains("--initial-rows") == true, "\(refused.errors.text)")
        let next = try database.command("stream", ["--initial-rows"] + options)
        #expect(try next.exitCode(within: 120) == 0, "\(next.errors.text)")
        #expect(Set(server.taken.numbers) == Set(1...4000))
      }
    }

    @Test func `they have the columns that the slot brings`() throws {
      try withDatabase(15, InitialRowsDatabase.schema) { database in
        try database.psql(
          """
          ALTER TABLE outbox ADD headers jsonb DEFAULT '{"h": 1}', ADD more text GENERATED ALWAYS AS (type) STORED;
          ALTER PUBLICATION events SET TABLE outbox (id, aggregatetype, aggregateid, type, payload); SELECT place(1);
          """)
        try database.setUpWithSnapshot()
        try database.psql("SELECT place(2);")
        let lines = try database.rest(["--sink", "file:\(database.file)", "--initial-rows"])
        #expect(lines.isEmpty && database.fileLines.count == 2)
        #expect(database.fileLines.allSatisfy { !$0.contains("\"h\"") }, "\(database.fileLines)")
      }
    }

    @Test func `a table that another session has locked is told of`() throws {
      try withDatabase(15, InitialRowsDatabase.schema) { database in
        try database.psql("SELECT place(1, 10);")
        try database.setUpWithSnapshot()
        let other = try database.session()
        try other.write("BEGIN; LOCK TABLE outbox; SELECT 1;\n")
        try wait(until: "it is locked") { other.output.lineCount == 1 }
        let stream = try database.streamToFile(["--initial-rows", "--until", "now"])
        try wait(until: "it is told") { stream.errors.text.contains("another session may have locked the table") }
        try other.write("COMMIT;\n")
        #expect(try stream.exitCode(within: 60) == 0, "\(stream.errors.text)")
        #expect(try Event.read(database.fileLines).numbers.sorted() == Array(1...10))
      }
    }

    @Test func `a slot that is lost meanwhile is no reason to go on without it`() throws {
      try withDatabase(15, InitialRowsDatabase.schema) { database in
        try database.psql("SELECT place(1, 6000);")
        try database.setUpWithSnapshot()
        let (server, gate) = try Self.server()
        defer { server.close() }
        let stream = try database.command(
          "stream",
          ["--initial-rows", "--until", "now", "--checkpoint", database.files.file("record"), "--sink", server.url])
        try wait(until: "some are there") { server.taken.count >= 1200 }
        try database.terminateWalsender()
        gate.open()
        #expect(try stream.exitCode(within: 120) == 0, "\(stream.errors.text)")
        #expect(stream.errors.text.contains("was lost while its initial rows came"), "\(stream.errors.text)")
        #expect(Set(server.taken.numbers) == Set(1...6000))
      }
    }
  }
}
