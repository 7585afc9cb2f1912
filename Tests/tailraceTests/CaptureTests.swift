// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct Captures {
    /// Records a database's stream up to the present.
    private func capture(_ database: OutboxDatabase) throws -> String {
      let path = database.files.file("capture")
      let child = try database.tailrace(["capture"] + database.names + ["--output", path, "--until", "now"])
      #expect(try child.exitCode() == 0, "\(child.errors.text)")
      return path
    }

    @Test(arguments: [15, 18])
    func `a capture confirms nothing, and its replay is byte for byte what the stream delivers`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql("SELECT place(1, 500); BEGIN; SELECT place(501); ROLLBACK; CALL place_one_by_one(502, 600);")
        let before = try database.confirmed()
        let path = try capture(database)
        #expect(try database.confirmed() == before)
        let replay = try database.tailrace(["replay", path])
        #expect(try replay.exitCodeAfterAllOutput() == 0, "\(replay.errors.text)")
        let live = try database.stream(["--until", "now"])
        #expect(try live.exitCodeAfterAllOutput() == 0)
        #expect(live.output.lineCount == 599)
        #expect(replay.output.bytes == live.output.bytes)
      }
    }

    @Test(arguments: [15, 18])
    func `a second recording whose positions are older than the file's last is told of`(version: Int) throws {
      try withDatabase(version) { database in
        let peek =
          "SELECT lsn, xid, encode(data, 'hex') FROM pg_logical_slot_peek_binary_changes('\(database.slot)', NULL, NULL, 'proto_version', '1', 'publication_names', 'events')"
        try database.psql("SELECT place(1, 3);")
        let older = try database.psql(peek)
        try database.psql(
          "SELECT pg_logical_slot_get_binary_changes('\(database.slot)', NULL, NULL, 'proto_version', '1', 'publication_names', 'events');"
        )
        try database.psql("SELECT place(4);")
        for (name, dump) in [("newer", try database.psql(peek)), ("older", older)] {
          try dump.write(toFile: database.files.file(name), atomically: false, encoding: .utf8)
          let replay = try database.tailrace(["replay", database.files.file(name), "--sink", "file:\(database.file)"])
          #expect(try replay.exitCode() == 0, "\(replay.errors.text)")
          let isTold = replay.messages.contains { $0.contains("passed over 3 events") }
          #expect(isTold == (name == "older"), "\(name): \(replay.errors.text)")
        }
        #expect(try Event.read(database.fileLines).numbers == [4])
      }
    }

    @Test(arguments: [15, 18])
    func `a capture keeps which tables are the outbox's parts`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql(
          "CREATE TABLE child () INHERITS (outbox); ALTER PUBLICATION events ADD TABLE child; SELECT place(1);")
        try database.psql("INSERT INTO child (aggregateid, payload) VALUES ('a', '{\"n\": 2}');")
        let replay = try database.tailrace(["replay", try capture(database)])
        #expect(try replay.exitCodeAfterAllOutput() == 0, "\(replay.errors.text)")
        let events = try Event.read(replay.output.lines)
        #expect(events.numbers == [1, 2] && Set(events.map(\.source)) == ["/\(database.name)/public.outbox"])
      }
    }

    @Test(arguments: [15, 18], ["dump", "capture"])
    func `a replay tells of tables like outboxes that it passes over, and of outboxes that never come`(
      version: Int, kind: String
    ) throws {
      try withDatabase(version) { database in
        try database.psql("CREATE TABLE late (LIKE outbox INCLUDING DEFAULTS); CREATE TABLE other (id int);")
        try database.psql("ALTER PUBLICATION events ADD TABLE late, other; INSERT INTO other VALUES (1);")
        for _ in 1...2 { try database.psql("INSERT INTO late (aggregateid, payload) VALUES ('a', '{\"n\": 2}');") }
        var path = database.files.file("dump")
        if kind == "dump" {
          let dump = try database.psql(
            "SELECT lsn, xid, encode(data, 'hex') FROM pg_logical_slot_peek_binary_changes('\(database.slot)', NULL, NULL, 'proto_version', '1', 'publication_names', 'events')"
          )
          try dump.write(toFile: path, atomically: false, encoding: .utf8)
        } else {
          path = try capture(database)
        }
        let replay = try database.tailrace(["replay", path])
        #expect(try replay.exitCodeAfterAllOutput() == 0)
        #expect(replay.output.lineCount == 0)
        let told = replay.messages.filter { $0.contains("has an outbox's columns") }
        #expect(told.count == 1 && told[0].contains("--table public.late"), "\(replay.errors.text)")
        let isTold = replay.messages.contains { $0.contains("no row of table public.outbox is in") }
        #expect(isTold, "\(replay.errors.text)")
        let named = try database.tailrace(["replay", path, "--table", "public.late"])
        #expect(try named.exitCodeAfterAllOutput() == 0)
        #expect(named.output.lineCount == 2 && !named.errors.text.contains("warning"), "\(named.errors.text)")
      }
    }

    @Test(arguments: [15, 18])
    func `a capture tells of a row filter`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql("ALTER PUBLICATION events SET TABLE outbox WHERE (aggregateid <> 'b');")
        let path = database.files.file("capture")
        let child = try database.tailrace(["capture"] + database.names + ["--output", path, "--until", "now"])
        #expect(try child.exitCode() == 0)
        #expect(child.messages.count { $0.contains("public.outbox has a row filter") } == 1, "\(child.errors.text)")
      }
    }

    @Test func `a capture can be inspected as JSON`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1, 3);")
        let path = try capture(database)
        let child = try database.tailrace(["inspect", path, "--json"])
        #expect(try child.exitCodeAfterAllOutput() == 0, "\(child.errors.text)")
        struct Line: Decodable {
          let lsn: String
          let message: String
        }
        let lines = try child.output.lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
        #expect(
          lines.map(\.message).filter { $0 != "type" } == ["begin", "relation", "insert", "insert", "insert", "commit"])
      }
    }

    @Test func `a truncated capture is delivered as far as it is whole, or not at all with --strict`() throws {
      try withDatabase { database in
        try database.psql("CALL place_one_by_one(1, 100);")
        let path = try capture(database)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        try whole.prefix(whole.count * 2 / 3).write(to: URL(fileURLWithPath: path))
        let replay = try database.tailrace(["replay", path])
        #expect(try replay.exitCodeAfterAllOutput() == 65)
        #expect(replay.complaint?.contains("\(path), byte ") == true, "\(replay.errors.text)")
        let numbers = try Event.read(replay.output.lines).numbers
        #expect(numbers.count > 20 && numbers == Array(1..<numbers.count + 1))
        let strict = try database.tailrace(["replay", path, "--strict"])
        #expect(try strict.exitCodeAfterAllOutput() == 65)
        #expect(strict.output.bytes.isEmpty)
      }
    }
  }
}
