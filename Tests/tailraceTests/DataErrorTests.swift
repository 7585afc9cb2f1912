// SPDX-License-Identifier: Apache-2.0

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

    @Test func `what a server says before it knows us moves no cursor, and neither does what a recording holds`() throws
    {
      let (listener, port) = try TCP.listen()
      defer { close(listener) }
      let words = "\u{1B}]0;owned\u{7}\u{9B}31m\r\u{202E}forged"
      Thread {
        let client = TCP.accept(listener)
        var startup = [UInt8](repeating: 0, count: 4096)
        _ = recv(client, &startup, startup.count, 0)
        let fields = Array("SFATAL\0VFATAL\0C3D000\0M\(words)\0\0".utf8)
        let length = UInt32(fields.count + 4).bigEndian
        _ = TCP.send([UInt8(ascii: "E")] + withUnsafeBytes(of: length) { Array($0) } + fields, to: client)
        close(client)
      }.start()
      let stream = try ChildProcess(
        Tailrace.path,
        ["stream", "--database", "host=127.0.0.1 port=\(port) dbname=x sslmode=disable", "--publication", "events"]
          + ["--slot", "s", "--no-retry"])
      #expect(try stream.exitCode() == 78, "\(stream.errors.text)")
      Self.expectHarmless(stream.errors)
      #expect(stream.errors.text.contains("forged"), "\(stream.errors.text)")

      try withDatabase { database in
        try database.psql("SELECT pg_logical_emit_message(true, E'\\x1b]0;owned\u{9B}31m\u{202E}', E'\\x1b[2J');")
        let recording = database.files.file("recording")
        let capture = try database.tailrace(["capture"] + database.names + ["--until", "now", "--output", recording])
        #expect(try capture.exitCode() == 0, "\(capture.errors.text)")
        for options in [[], ["--json"]] {
          let inspect = try database.tailrace(["inspect", recording] + options)
          #expect(try inspect.exitCodeAfterAllOutput() == 0, "\(inspect.errors.text)")
          #expect(inspect.output.text.contains("owned"))
          Self.expectHarmless(inspect.output)
        }
      }
    }

    private static func expectHarmless(_ output: Output) {
      #expect(
        !output.lines.joined().unicodeScalars.contains {
          $0.value < 0x20 || (0x7F...0x9F).contains($0.value) || $0.value == 0x202E
        }, "\(output.lines)")
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
