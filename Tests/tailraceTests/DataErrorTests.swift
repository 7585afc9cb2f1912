import Foundation
import Testing

extension Integration {
  /// Rows that cannot become events: exit code 65, a line that names the place but not the value, and no row is passed over.
  @Suite struct DataErrors {
    /// Runs to the error and checks that what came before it is delivered and the bad row comes again.
    private func expectRefusal(_ database: OutboxDatabase, column: String, secret: String) throws {
      for delivered in [[1], []] {
        let stream = try database.stream(["--until", "now"])
        #expect(try stream.exitCodeAfterAllOutput() == 65)
        let complaint = try #require(stream.complaint)
        #expect(complaint.contains("table public.outbox, column \(column), LSN "))
        #expect(!complaint.contains(secret))
        #expect(try Event.read(stream.output.lines).numbers == delivered)
      }
    }

    @Test func `an id that is NULL`() throws {
      try withDatabase { database in
        try database.psql(
          """
          SELECT place(1);
          ALTER TABLE outbox DROP CONSTRAINT outbox_pkey; ALTER TABLE outbox ALTER id DROP NOT NULL;
          INSERT INTO outbox (id, aggregateid, payload) VALUES (NULL, 'confidential', '{"n": 2}');
          """)
        try expectRefusal(database, column: "id", secret: "confidential")
      }
    }

    @Test func `a required column that was dropped`() throws {
      try withDatabase { database in
        try database.psql(
          """
          SELECT place(1);
          ALTER TABLE outbox DROP COLUMN type;
          INSERT INTO outbox (aggregateid, payload) VALUES ('confidential', '{"n": 2}');
          """)
        try expectRefusal(database, column: "type", secret: "confidential")
      }
    }

    @Test func `a time that is infinity`() throws {
      try withDatabase { database in
        try database.psql(
          """
          SELECT place(1);
          ALTER TABLE outbox ADD occurred_at timestamptz;
          INSERT INTO outbox (aggregateid, payload, occurred_at) VALUES ('confidential', '{"n": 2}', 'infinity');
          """)
        try expectRefusal(database, column: "occurred_at", secret: "infinity")
      }
    }
  }
}
