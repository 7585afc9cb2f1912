// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct Memory {
    @Test func `a transaction of a million rows takes less than 40 MB`() throws {
      try TestServer.with { server in
        try server.withDatabase { database in
          try database.psql("SELECT place(1, 1000000);", within: 120)
          try database.psql("SELECT place(1000001);")
          let stream = try database.stream(["--sink", "file:/dev/null"])
          let last = try database.position()
          var peak = 0
          try wait(until: "all is confirmed", within: 180, every: 0.2) {
            peak = try max(peak, ProcessFacts.peakMemory(stream.pid))
            return try database.hasConfirmed(last)
          }
          #expect(peak < 40_000, "in kB")
          stream.signal(SIGTERM)
          #expect(try stream.exitCode() == 0)
          #expect(stream.errors.text.contains("1000001 events"))
        }
      }
    }

    @Test(arguments: [15, 18])
    func `a table that gets ever new shapes is described anew in time, and its rows come once`(version: Int) throws {
      try withDatabase(version) { database in
        let columns = (1...800).map { "ADD wide_\($0) int" }.joined(separator: ", ")
        try database.psql("ALTER TABLE outbox \(columns);")
        let stream = try database.streamToFile()
        try database.waitUntilStreaming()
        let steps = (1...150).map { "ALTER TABLE outbox ADD more_\($0) int; SELECT place(\($0));" }
        try database.psql(steps.joined(separator: "\n"))
        try wait(until: "all is delivered", within: 60) { database.fileLines.count == 150 }
        try wait(until: "it begins anew", within: 30) {
          stream.messages.count { $0.contains("streaming from slot") } == 2
        }
        #expect(stream.errors.text.contains("described very many tables or shapes"), "\(stream.errors.text)")
        try database.psql("SELECT place(151);")
        try wait(until: "it goes on", within: 30) { database.fileLines.count == 151 }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(try Event.read(database.fileLines).numbers == Array(1...151))
        #expect(!stream.errors.text.contains("trying again"), "\(stream.errors.text)")
      }
    }

    @Test func `a payload of 100 MB is delivered whole, between its neighbours`() throws {
      try withDatabase { database in
        try database.psql(
          """
          SELECT place(1);
          INSERT INTO outbox (aggregateid, payload) VALUES ('a', to_jsonb(repeat('x', 100000000)));
          SELECT place(2);
          """)
        let stream = try database.streamToFile(["--until", "now"])
        #expect(try stream.exitCode(within: 60) == 0, "\(stream.errors.text)")
        let lines = try Data(contentsOf: URL(fileURLWithPath: database.file)).split(separator: UInt8(ascii: "\n"))
        #expect(lines.count == 3)
        #expect(try Event.read([lines[0], lines[2]].map { String(decoding: $0, as: UTF8.self) }).numbers == [1, 2])
        #expect(lines[1].suffix(4) == Data(#"xx"}"#.utf8))
        #expect((100_000_000..<100_001_000).contains(lines[1].count))
      }
    }

    /// Where more memory is not to be had, so that asking for it would be the end.
    @Test func `with a backlog behind a receiver that stalls, it gets by with little memory`() throws {
      try withDatabase { database in
        let (count, gate) = (10_000, Gate())
        let server = try WebServer { _ in
          gate.pass()
          return .init(200)
        }
        defer {
          gate.open()
          server.close()
        }
        try database.psql(
          """
          INSERT INTO outbox (aggregateid, payload)
            SELECT 'k' || n % 50, jsonb_build_object('n', n, 'words', repeat('w', 10000)) FROM generate_series(1, \(count)) n;
          """)
        // Less than the backlog: a hundred megabytes. Each thread's stack counts with its 8 MB, three for a processor; so do 36 MB of
        // Foundation's tables of languages, which are in the program and never read.
        let limit = 96_000 + 24_000 * ProcessInfo.processInfo.processorCount
        let stream = try database.stream(
          by: ["/bin/sh", "-c", "ulimit -d \(limit); exec \"$@\"", "sh"],
          ["--sink", server.url, "--http-mode", "batch"])
        try wait(until: "requests are under way") { !server.requests.isEmpty }
        Thread.sleep(forTimeInterval: 2)
        #expect(stream.isRunning, "\(stream.errors.text)")
        gate.open()
        try wait(until: "all is delivered", within: 60, every: 0.2) { server.taken.count >= count }
        #expect(try ProcessFacts.peakMemory(stream.pid) < 64_000, "in kB")
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(server.taken.numbers.sorted() == Array(1...count))
        #expect(server.taken.isOrderedPerKey)
      }
    }
  }
}
