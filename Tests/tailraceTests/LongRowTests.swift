// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Rows that are much work, at a server that gives its clients up soon.
  @Suite struct LongRows {
    private static let headers = OutboxDatabase.schema + "ALTER TABLE outbox ADD headers jsonb;"
    private static let letters = ["--on-poison", "dead-letter", "--dead-letters"]

    @Test func `headers and messages with more members than are allowed become letters, in the time of any row`() throws
    {
      try TestServer.with(settings: ["wal_sender_timeout": "2s"]) { server in
        try server.withDatabase(Self.headers) { database in
          let place = "file:\(database.files.file("letters"))"
          try database.psql(
            """
            SELECT place(1);
            INSERT INTO outbox (aggregateid, headers)
              SELECT 'a', jsonb_object_agg('h' || n, n) FROM generate_series(1, 40000) n;
            SELECT place(2);
            SELECT pg_logical_emit_message(true, 'outbox',
              (SELECT json_object_agg('m' || n, n)::text FROM generate_series(1, 1000000) n));
            INSERT INTO outbox (aggregateid, headers)
              SELECT 'a', jsonb_object_agg('h' || n, n) FROM generate_series(1, 1000) n;
            SELECT place(3);
            """)
          let stream = try database.stream(
            ["--until", "now", "--message-prefix", "outbox", "--table", "outbox"] + Self.letters + [place])
          #expect(try stream.exitCodeAfterAllOutput(within: 60) == 0, "\(stream.errors.text)")
          #expect(stream.output.lineCount == 4)
          #expect(try Event.read(stream.output.lines).numbers == [1, 2, 3])
          let kept = try database.deadLetters(["list"], at: place).output.lines.dropFirst()
          #expect(kept.count == 2)
          #expect(kept.allSatisfy { $0.contains("has more than 1000 members") }, "\(kept)")
          #expect(!stream.messages.contains { $0.contains("trying again") }, "the server has not given it up")
        }
      }
    }

    /// In each place where a row is worked on: copied, escaped, checked, made base64, kept as a letter.
    @Test(arguments: [
      "INSERT INTO outbox (aggregateid, payload) VALUES ('a', to_jsonb(repeat('x', 200000000)))",
      "INSERT INTO outbox (aggregateid, headers) VALUES ('a', jsonb_build_object('long', repeat('\"', 50000000)))",
      "INSERT INTO outbox (aggregateid, headers) SELECT 'a', ('{\"long\":[' || repeat('1, ', 20000000) || '1]}')::json",
      "INSERT INTO outbox (aggregateid, bytes) VALUES ('a', decode(repeat('61', 100000000), 'hex'))",
      "SELECT pg_logical_emit_message(true, 'outbox', '{\"type\":\"t\",\"payload\":[' || repeat('1,', 60000000) || '1]}')",
      "INSERT INTO outbox (aggregateid, type) VALUES (repeat(E'\\n', 100000000), 'bad')",
    ])
    func `while a long row is worked on, the server hears of us`(statement: String) throws {
      try TestServer.with(settings: ["wal_sender_timeout": "3s"]) { server in
        let column = statement.contains("bytes") ? "bytes" : "payload"
        let schema = OutboxDatabase.schema + "ALTER TABLE outbox ADD headers json, ADD bytes bytea;"
        try server.withDatabase(schema) { database in
          try database.psql("SELECT place(1); \(statement); SELECT place(2);", within: 120)
          let letters = "file:\(database.files.file("letters"))"
          let stream = try database.streamToFile(
            ["--until", "now", "--message-prefix", "outbox", "--table", "outbox", "--column", "payload=\(column)"]
              + Self.letters + [letters]
          )
          #expect(try stream.exitCode(within: 120) == 0, "\(stream.errors.text)")
          #expect(!stream.messages.contains { $0.contains("trying again") }, "\(stream.errors.text)")
          if statement.contains("'bad'") {
            let lines = try database.tailrace(["dead-letters", "list", "--dead-letters", letters, "--count"])
            #expect(try lines.exitCodeAfterAllOutput() == 0)
            #expect(lines.output.text.hasPrefix("1"))
          }
          let count = try ChildProcess.run("/usr/bin/env", ["wc", "-l", database.file])
          #expect(count.hasPrefix(statement.contains("'bad'") ? "2 " : "3 "))
        }
      }
    }

    @Test func `a stop is heard while a long row comes and is worked on`() throws {
      try withDatabase(15, Self.headers) { database in
        try database.psql(
          "INSERT INTO outbox (aggregateid, payload) VALUES ('a', to_jsonb(repeat('x', 200000000)));", within: 120)
        for pause in [0.3, 1, 2] {
          let stream = try database.stream(["--sink", "file:/dev/null"])
          try database.waitUntilStreaming()
          Thread.sleep(forTimeInterval: pause)
          stream.signal(SIGTERM)
          #expect(try stream.exitCode(within: 20) == 0, "\(stream.errors.text)")
        }
      }
    }
  }
}
