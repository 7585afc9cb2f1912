// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// However deep a row's JSON is nested, it is delivered, and whatever was written is read again.
  @Suite struct Nesting {
    private static let depths = [511, 512, 6000]

    private func data(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    /// An ordinary event, one that is nested deep, and another ordinary one.
    private func place(_ depth: Int, in database: OutboxDatabase) throws {
      try database.psql(
        """
        SELECT place(1, 'a');
        INSERT INTO outbox (aggregateid, payload)
          SELECT 'b', (repeat('[', \(depth)) || repeat(']', \(depth)))::jsonb;
        SELECT place(3, 'c');
        """)
    }

    @Test(arguments: depths, [15, 18])
    func `into a file, which is gone on from, and from a recording`(depth: Int, version: Int) throws {
      try withDatabase(version) { database in
        try place(depth, in: database)
        let recording = database.files.file("recording.walcap")
        let capture = try database.tailrace(
          ["capture"] + database.names + ["--output", recording, "--until", "now"])
        #expect(try capture.exitCode() == 0, "\(capture.errors.text)")
        // Up to the deep one, so that it is the file's last line; then on.
        let positions = try database.rest([
          "--envelope", "payload", "--sink", "file:\(database.files.file("payloads"))",
        ])
        #expect(positions.isEmpty)
        let payloads = try String(contentsOfFile: database.files.file("payloads"), encoding: .utf8).wholeLines
        #expect(payloads == [#"{"n": 1}"#, data(depth), #"{"n": 3}"#])

        let replay = try database.tailrace(["replay", recording, "--sink", "file:\(database.file)"])
        #expect(try replay.exitCode() == 0, "\(replay.errors.text)")
        #expect(database.fileLines.count == 3)
        #expect(database.fileLines[1].hasSuffix(#","data":\#(data(depth))}"#))

        try database.psql(
          "INSERT INTO outbox (aggregateid, payload) SELECT 'b', (repeat('[', \(depth)) || repeat(']', \(depth)))::jsonb;"
        )
        let path = database.files.file("resumed.ndjson")
        for _ in 0..<2 {
          #expect(try database.rest(["--sink", "file:\(path)"]).isEmpty)
          let lines = try String(contentsOfFile: path, encoding: .utf8).wholeLines
          #expect(lines.count == 1 && lines[0].hasSuffix(#","data":\#(data(depth))}"#))
        }
      }
    }

    @Test(arguments: depths, ["structured", "binary", "batch"])
    func `over HTTP, whole`(depth: Int, mode: String) throws {
      try withDatabase { database in
        let server = try WebServer()
        defer { server.close() }
        try place(depth, in: database)
        let stream = try database.stream(to: server, ["--until", "now", "--http-mode", mode])
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        let bodies = server.requests.map(\.body)
        #expect(bodies.count { $0.contains(data(depth)) } == 1)
        if mode == "binary" { #expect(Set(bodies) == [#"{"n": 1}"#, data(depth), #"{"n": 3}"#]) }
      }
    }

    @Test(arguments: depths, ["file", "table"])
    func `as a dead letter, which is listed, shown and delivered again with its neighbours`(depth: Int, kind: String)
      throws
    {
      try withDatabase { database in
        let isMended = Flag()
        let server = try WebServer { _ in .init(isMended.isSet ? 200 : 422) }
        defer { server.close() }
        var place = "file:\(database.files.file("letters.ndjson"))"
        if kind == "table" {
          let setup = try database.tailrace(
            ["setup"] + database.names + ["--dead-letter-table", "public.dead_letters"])
          #expect(try setup.exitCode() == 0, "\(setup.errors.text)")
          place = "table:public.dead_letters"
        }
        try self.place(depth, in: database)
        let stream = try database.stream(
          to: server,
          ["--until", "now", "--http-mode", "binary", "--on-poison", "dead-letter", "--dead-letters", place])
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        let list = try database.deadLetters(["list"], at: place)
        #expect(list.output.lineCount == 4, "\(list.errors.text)")
        let deep = try #require(
          list.output.lines.first { $0.contains("\tb\t") }?.split(separator: "\t").dropFirst().first)
        let show = try database.deadLetters(["show", String(deep)], at: place)
        #expect(show.output.text.contains(data(depth)), "\(show.errors.text)")
        isMended.set()
        let redrive = try database.deadLetters(
          ["redrive", "--all", "--sink", server.url, "--http-mode", "binary"], at: place)
        #expect(try redrive.exitCode() == 0, "\(redrive.errors.text)")
        let bodies = server.requests.filter { $0.status == 200 }.map(\.body)
        #expect(bodies.sorted() == [data(depth), #"{"n": 1}"#, #"{"n": 3}"#])
      }
    }
  }
}
