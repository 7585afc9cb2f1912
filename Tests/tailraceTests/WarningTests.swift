// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Warnings name options as the command line writes them, as errors do.
  @Suite struct Warnings {
    @Test func `warnings name flags, whichever part of the program gives them`() throws {
      try withDatabase { database in
        try database.psql("ALTER TABLE outbox ADD headers jsonb;")
        let letters = database.files.file("letters.ndjson")
        let stream = try database.streamToFile(["--dead-letters", "file:\(letters)", "--on-poison", "dead-letter"])
        try database.psql(
          """
          INSERT INTO outbox (aggregateid, headers) VALUES ('a', '{"id": "x"}'), ('b', '{"a-b": "1", "ab": "2"}');
          """)
        try wait(until: "headers are told of") { stream.messages.contains { $0.contains("--on-bad-header") } }
        try wait(until: "the bad row is told of") { stream.messages.contains { $0.contains("to the dead letters") } }
        let row = try #require(stream.messages.first { $0.contains("to the dead letters") })
        #expect(row.contains("--ignore-header"), "\(row)")
        try database.psql("ALTER TABLE outbox RENAME TO other;")
        try wait(until: "the name is told of") {
          try database.psql("INSERT INTO other (aggregateid) VALUES ('c');")
          return stream.messages.contains { $0.contains("Name it anew with --table") }
        }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(try String(contentsOfFile: letters, encoding: .utf8).contains("--ignore-header"))
      }
    }
  }
}
