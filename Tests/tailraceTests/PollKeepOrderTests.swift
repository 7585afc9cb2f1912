// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// By what rows are ordered that stay in their table, where that is less than it seems.
  @Suite struct PollingKeptOrder {
    private func withDatabase(_ schema: String, _ body: (OutboxDatabase) throws -> Void) throws {
      try TestServer.with { server in try server.withDatabase(schema, body) }
    }

    private static let times = OutboxDatabase.schema.replacing(
      "payload jsonb);", with: "payload jsonb, occurred_at timestamptz NOT NULL DEFAULT now());")

    @Test func `rows of tables that inherit, whose keys are the same, are told apart`() throws {
      let schema = Self.times.replacing(
        "id uuid PRIMARY KEY DEFAULT", with: "seq bigserial PRIMARY KEY, id uuid UNIQUE DEFAULT")
      try withDatabase(schema) { database in
        for child in 1...3 {
          try database.psql(
            """
            CREATE TABLE outbox_\(child) (seq bigserial) INHERITS (outbox);
            INSERT INTO outbox_\(child) (id, aggregateid, payload) SELECT gen_random_uuid(), 'k' || n % 7,
              jsonb_build_object('n', n + \(child * 3000)) FROM generate_series(1, 3000) n;
            """)
        }
        let poller = try database.pollKept(["--until", "now", "--order-by", "seq"])
        #expect(try poller.exitCode(within: 60) == 0, "\(poller.errors.text)")
        #expect(try Event.read(database.fileLines).numbers.sorted() == Array(3001...12000))
      }
    }

    @Test func `a time that may be missing from now on is told of at the first row without`() throws {
      try withDatabase(Self.times) { database in
        let poller = try database.pollKept()
        try database.psql("SELECT place(1, 10);")
        try wait(until: "they are there") { database.fileLines.count == 10 }
        try database.psql(
          """
          ALTER TABLE outbox ALTER occurred_at DROP NOT NULL;
          INSERT INTO outbox (aggregateid, payload, occurred_at) SELECT 'k' || n % 7, jsonb_build_object('n', n),
            CASE WHEN n % 15 > 0 THEN now() END FROM generate_series(11, 4600) n;
          """)
        #expect(try poller.exitCode(within: 60) == 78, "\(poller.errors.text)")
        #expect(poller.complaint?.contains("has no value in some rows") == true, "\(poller.errors.text)")
        try database.psql("UPDATE outbox SET occurred_at = now() WHERE occurred_at IS NULL;")
        let next = try database.pollKept(["--until", "now"])
        #expect(try next.exitCode(within: 60) == 0, "\(next.errors.text)")
        #expect(Set(try Event.read(database.fileLines).numbers) == Set(1...4600))
      }
    }

    @Test func `what is done to rows between two reads changes nothing in what the next one finds`() throws {
      try withDatabase(Self.times) { database in
        let isOpen = Flag()
        let server = try WebServer { _ in WebServer.Answer(isOpen.isSet ? 204 : 503) }
        defer { server.close() }
        try database.psql(
          """
          DO $$BEGIN FOR n IN 1..8500 LOOP PERFORM place(n, 'k' || n % 7); END LOOP; END$$;
          BEGIN; SELECT count(*) FROM (SELECT 1 FROM outbox WHERE (payload->>'n')::int <= 50 FOR UPDATE) AS o; COMMIT;
          """)
        let poller = try database.poll([
          "--after-delivery", "keep", "--checkpoint", database.files.file("record"), "--sink", server.url, "--until",
          "now",
        ])
        try wait(until: "it is refused") { server.requests.count > 2 }
        try database.psql("VACUUM (FREEZE) outbox;")
        isOpen.set()
        #expect(try poller.exitCode(within: 120) == 0, "\(poller.errors.text)")
        #expect(Set(server.taken.numbers) == Set(1...8500))
      }
    }

    @Test(arguments: ["delete", "keep"])
    func `rows of one transaction come in the order of its statements, also those that were locked`(way: String) throws
    {
      try withDatabase(Self.times) { database in
        try database.psql(
          """
          DO $$BEGIN FOR n IN 1..60 LOOP PERFORM place(n, 'k'); END LOOP; END$$;
          BEGIN; SELECT count(*) FROM (SELECT 1 FROM outbox WHERE (payload->>'n')::int % 3 = 0 FOR UPDATE) AS o; COMMIT;
          """)
        let poller =
          way == "keep"
          ? try database.pollKept(["--until", "now"])
          : try database.poll(["--after-delivery", "delete", "--until", "now", "--sink", "file:\(database.file)"])
        #expect(try poller.exitCode(within: 60) == 0, "\(poller.errors.text)")
        #expect(try Event.read(database.fileLines).numbers == Array(1...60))
      }
    }
  }
}
