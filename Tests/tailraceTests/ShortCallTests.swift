// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// A kernel that serves only a part of each read and write of a file, and interrupts every third.
  @Suite struct ShortCalls {
    private func preload(_ database: OutboxDatabase) throws -> [String: String] {
      let library = database.files.file("short_calls.so")
      let source = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../Scripts/faults.d/short_calls.c")
      _ = try ChildProcess.run(
        "/usr/bin/env", ["clang", "-shared", "-fPIC", "-O1", "-o", library, source.standardizedFileURL.path])
      return ["LD_PRELOAD": library]
    }

    @Test func `a file is resumed, repaired and rotated without a line cut or doubled`() throws {
      try withDatabase { database in
        let environment = try preload(database)
        let options =
          ["stream"] + database.names
          + ["--sink", "file:\(database.file)", "--rotate-size", "20KB"]
          + ["--checkpoint", database.files.file("checkpoint")]
        let writer = try database.session()
        try writer.write("CALL place_one_by_one(1, 100000, 0.001);\n")
        try database.psql("SELECT place(100001, 100050);")
        for _ in 1...3 {
          let stream = try database.tailrace(options, environment: environment)
          try database.waitUntilStreaming()
          Thread.sleep(forTimeInterval: 0.4)
          try stream.kill9()
        }
        // What a crash may leave of a line.
        let torn = try #require(FileHandle(forWritingAtPath: database.file))
        try torn.seekToEnd()
        try torn.write(contentsOf: Data(#"{"specversion":"1.0","id":"#.utf8))
        try torn.close()
        try database.psql(
          "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE query LIKE 'CALL place_one_by_one%'"
            + " AND datname = '\(database.name)';")
        writer.closeInput()
        let last = try database.tailrace(options + ["--until", "now"], environment: environment)
        #expect(try last.exitCode(within: 60) == 0, "\(last.errors.text)")

        let names = try FileManager.default.contentsOfDirectory(atPath: database.files.path)
          .filter { $0.hasPrefix("events.ndjson.") && !$0.hasSuffix(".state") }.sorted()
        #expect(!names.isEmpty, "it was rotated")
        let lines = try names.flatMap { name in
          try String(contentsOfFile: database.files.file(name), encoding: .utf8).wholeLines
        }
        let events = try Event.read(lines + database.fileLines)
        #expect(events.count == Set(events.map(\.id)).count, "no line twice")
        #expect(try Set(events.numbers) == database.committedNumbers())
        #expect(events.isInCommitOrder)
      }
    }

    @Test func `dead letters are all found, dropped and redriven`() throws {
      try withDatabase { database in
        let environment = try preload(database)
        let isMended = Flag()
        let server = try WebServer { _ in .init(isMended.isSet ? 200 : 422) }
        defer { server.close() }
        let place = ["--dead-letters", "file:\(database.files.file("letters.ndjson"))"]
        try database.psql("SELECT place(1, 30);")
        let stream = try database.tailrace(
          ["stream"] + database.names + ["--sink", server.url, "--until", "now", "--on-poison", "dead-letter"] + place,
          environment: environment)
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        isMended.set()
        func letters(_ arguments: [String]) throws -> [String] {
          let child = try database.tailrace(["dead-letters"] + arguments + place, environment: environment)
          #expect(try child.exitCodeAfterAllOutput() == 0, "\(child.errors.text)")
          return child.output.lines
        }
        #expect(try letters(["list"]).filter { $0.contains("422") }.count == 30)
        _ = try letters(["drop", "--key", "k1"])
        #expect(try letters(["list"]).filter { $0.contains("422") }.count == 25)
        _ = try letters(["redrive", "--all", "--sink", server.url])
        #expect(try letters(["list"]).filter { $0.contains("422") }.isEmpty)
        #expect(server.taken.numbers.sorted() == (1...30).filter { $0 % 7 != 1 })
      }
    }

    @Test func `a recording is written and read whole`() throws {
      try withDatabase { database in
        let environment = try preload(database)
        try database.psql("SELECT place(1, 300);")
        let path = database.files.file("capture")
        let capture = try database.tailrace(
          ["capture"] + database.names + ["--output", path, "--until", "now"], environment: environment)
        #expect(try capture.exitCode() == 0, "\(capture.errors.text)")
        let replay = try database.tailrace(["replay", path, "--strict"], environment: environment)
        #expect(try replay.exitCodeAfterAllOutput() == 0, "\(replay.errors.text)")
        #expect(try replay.output.lines == database.rest())
      }
    }

    @Test func `what waits in a spool comes back whole`() throws {
      try withDatabase { database in
        let environment = try preload(database)
        try database.psql("ALTER DATABASE \(database.name) SET logical_decoding_work_mem = '64kB';")
        try database.psql("SELECT place(1, 3000);")
        let stream = try database.tailrace(
          ["stream"] + database.names + ["--spool-memory", "1", "--until", "now"], environment: environment)
        #expect(try stream.exitCodeAfterAllOutput() == 0, "\(stream.errors.text)")
        #expect(try Event.read(stream.output.lines).numbers == Array(1...3000))
      }
    }
  }
}
