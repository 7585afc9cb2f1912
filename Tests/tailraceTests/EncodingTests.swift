// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Databases whose text is not UTF-8.
  @Suite struct Encodings {
    private struct Delivered: Decodable {
      let h: String?
      let partitionkey: String?
    }

    @Test(arguments: [15, 18], ["", "--park-key"])
    func `a letter with what the database's encoding lacks is kept all the same, and redriven byte for byte`(
      version: Int, parking: String
    ) throws {
      try Integration.server(version).withDatabase(encoding: "LATIN1") { database in
        func run(_ sql: String) throws { try database.psql("SET client_encoding = 'UTF8'; \(sql)") }
        try run(
          #"ALTER TABLE outbox ADD headers json; ALTER TABLE outbox ALTER payload TYPE json; INSERT INTO outbox (aggregateid, headers, payload) VALUES ('é', '{"h": "\u20ac\ud83d\ude00"}', '{"n": 1, "é": "\u20ac"}'), ('é', NULL, '{"n": 2}'), ('b', NULL, '{"n": 3}');"#
        )
        let setup = try database.tailrace(["setup"] + database.names + ["--dead-letter-table", "public.letters"])
        #expect(try setup.exitCode() == 0, "\(setup.errors.text)")
        let isMended = Flag()
        let receiver = try WebServer { request in .init(!isMended.isSet && request.holds(1) ? 422 : 200) }
        defer { receiver.close() }
        // What would have been delivered.
        let capture = try database.tailrace(
          ["capture"] + database.names + ["--output", database.files.file("capture"), "--until", "now"])
        #expect(try capture.exitCode() == 0)
        let replay = try database.tailrace(["replay", database.files.file("capture")])
        #expect(try replay.exitCodeAfterAllOutput() == 0)
        let place = "table:public.letters"
        let policy =
          ["--on-poison", "dead-letter", "--dead-letters", place] + (parking.isEmpty ? [] : [parking])
        _ = try database.rest(["--sink", receiver.url] + policy)
        let kept = parking.isEmpty ? 1 : 2
        let list = try database.deadLetters(["list", "--count", "--key", "é"], at: place)
        #expect(try list.exitCodeAfterAllOutput() == 0, "\(list.errors.text)")
        #expect(list.output.lines == ["\(kept)"])
        isMended.set()
        let redrive = try database.deadLetters(["redrive", "--all", "--sink", "stdout"], at: place)
        #expect(try redrive.exitCodeAfterAllOutput() == 0, "\(redrive.errors.text)")
        #expect(redrive.output.lines == Array(replay.output.lines.prefix(kept)))
        #expect(try database.psql("SELECT count(*) FROM letters") == "0")
      }
    }

    @Test(arguments: [15, 18])
    func `a text that the letters' table has no place for is found by what it was`(version: Int) throws {
      try Integration.server(version).withDatabase(encoding: "LATIN1") { database in
        try database.psql(#"SELECT pg_logical_emit_message(true, 'ob', '{"type": "t", "aggregateid": "k\u20ac"}');"#)
        let setup = try database.tailrace(["setup"] + database.names + ["--dead-letter-table", "public.letters"])
        #expect(try setup.exitCode() == 0, "\(setup.errors.text)")
        let receiver = try WebServer { _ in .init(422) }
        defer { receiver.close() }
        let place = "table:public.letters"
        _ = try database.rest(
          ["--sink", receiver.url, "--message-prefix", "ob", "--on-poison", "dead-letter", "--dead-letters", place])
        #expect(try database.psql("SELECT key FROM letters") == #"k\u20ac"#)
        let list = try database.deadLetters(["list", "--count", "--key", "k€"], at: place)
        #expect(try list.exitCodeAfterAllOutput() == 0, "\(list.errors.text)")
        #expect(list.output.lines == ["1"])
      }
    }

    @Test(arguments: ["live", "recorded"])
    func `a message beyond ASCII from another encoding than UTF-8 is refused by name`(source: String) throws {
      try Integration.server().withDatabase(encoding: "LATIN1") { database in
        for text in ["plain", "Ã©", "é"] {
          try database.psql(
            "SET client_encoding = 'UTF8'; SELECT pg_logical_emit_message(true, 'ob', '{\"type\": \"t\", \"payload\": \"\(text)\"}');"
          )
        }
        let path = database.files.file("capture")
        let options = ["--message-prefix", "ob"]
        if source == "recorded" {
          let capture = try database.tailrace(
            ["capture"] + database.names + options + ["--output", path, "--until", "now"])
          #expect(try capture.exitCode() == 0, "\(capture.errors.text)")
        }
        func run(_ more: [String]) throws -> ChildProcess {
          source == "live"
            ? try database.stream(["--until", "now"] + options + more)
            : try database.tailrace(["replay", path] + options + more)
        }
        let refused = try run([])
        #expect(try refused.exitCodeAfterAllOutput() == 65)
        #expect(refused.complaint?.contains("the database's encoding is LATIN1") == true, "\(refused.errors.text)")
        #expect(refused.output.lineCount == 1)
        let letters = database.files.file("letters")
        let kept = try run(["--on-poison", "dead-letter", "--dead-letters", "file:\(letters)"])
        #expect(try kept.exitCodeAfterAllOutput() == 0, "\(kept.errors.text)")
        let lines = try String(contentsOfFile: letters, encoding: .utf8).wholeLines
        #expect(lines.count == 2 && lines.allSatisfy { $0.contains("LATIN1") }, "\(kept.errors.text)")
      }
    }

    @Test func `a row that the server cannot send is told of with its slot, and can be passed`() throws {
      try Integration.server().withDatabase(encoding: "EUC_JP") { database in
        try database.psql("SELECT place(1);")
        #expect(try Event.read(database.rest()).numbers == [1])
        let confirmed = try database.confirmed()
        try database.psql("INSERT INTO outbox (aggregateid) VALUES (convert_from('\\xF5A1', 'EUC_JP'));")
        let past = try database.position()
        try database.psql("SELECT place(2);")
        let stream = try database.stream(["--until", "now"])
        #expect(try stream.exitCode() == 65)
        let complaint = try #require(stream.complaint)
        #expect(complaint.contains("committed after \(confirmed)"), "\(complaint)")
        let advance = "pg_catalog.pg_replication_slot_advance('\(database.slot)',"
        #expect(complaint.contains(advance) && complaint.contains("--accept-gap"), "\(complaint)")
        try database.psql("SELECT \(advance) '\(past)');")
        #expect(try Event.read(database.rest(["--accept-gap"])).numbers == [2])
      }
    }
  }
}
