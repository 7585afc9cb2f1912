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

    @Test func `a recording whose JSON was forged delivers nothing of it`() throws {
      let files = try TemporaryDirectory()
      defer { files.remove() }
      let dump = URL(fileURLWithPath: #filePath)
        .appendingPathComponent("../../../Fixtures/pg15/orders.dump").standardizedFileURL
      let (honest, forged) = (#"{"n": 2, "order": "order-1"}"#, #"{"n":2},"subject":"forged""# + "  ")
      let text = try String(contentsOf: dump, encoding: .utf8)
      let changed = text.replacingOccurrences(of: Self.hexadecimal(honest), with: Self.hexadecimal(forged))
      #expect(changed != text)
      try changed.write(toFile: files.file("dump"), atomically: false, encoding: .utf8)
      let replay = try ChildProcess(Tailrace.path, ["replay", files.file("dump")])
      #expect(try replay.exitCodeAfterAllOutput() == 65, "\(replay.errors.text)")
      #expect(!replay.output.text.contains("forged"))
      #expect(replay.complaint?.contains("payload") == true, "\(replay.errors.text)")
    }

    private static func hexadecimal(_ text: String) -> String {
      text.utf8.map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }.joined()
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
