// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct Signals {
    @Test(arguments: [SIGTERM, SIGINT])
    func `asked to end while events flow, it ends well and has confirmed what it delivered`(signal: Int32) throws {
      try withDatabase { database in
        let writer = try database.session()
        try writer.write("CALL place_one_by_one(1, 2000, 0.0005);\n")
        writer.closeInput()
        let stream = try database.stream()
        try wait(until: "some are delivered") { stream.output.lineCount > 100 }
        stream.signal(signal)
        #expect(try stream.exitCodeAfterAllOutput() == 0)
        let delivered = try Event.read(stream.output.lines)
        let last = try #require(delivered.last)
        #expect(try database.hasConfirmed(last.commitLSN), "\(stream.errors.text)")
        #expect(try writer.exitCode() == 0)
        #expect(try delivered.numbers + Event.read(database.rest()).numbers == Array(1...2000))
      }
    }

    @Test(arguments: [(SIGTERM, 143), (SIGINT, 130)] as [(Int32, Int32)])
    func `asked twice while its reader stalls, it ends at once`(signal: Int32, code: Int32) throws {
      try withDatabase { database in
        try database.psql("SELECT place(1, 5000);")
        let stream = try database.stream(reader: .stalled)
        try database.waitUntilStreaming()
        Thread.sleep(forTimeInterval: 0.5)
        stream.signal(signal)
        // As `timeout` does it: to the process, and to its group.
        stream.signal(signal)
        Thread.sleep(forTimeInterval: 1.5)
        #expect(stream.isRunning, "it waits for its reader")
        stream.signal(signal)
        #expect(try stream.exitCode(within: 3) == code)
        stream.output.resume()
        #expect(try Event.read(database.rest()).numbers == Array(1...5000))
      }
    }

    @Test func `a reader that goes while nothing flows ends it at once`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1);")
        let shell = try database.start(
          "/bin/sh",
          ["-c", "\"$@\" | head -n 1", "sh", Tailrace.path, "stream"] + database.names)
        #expect(try shell.exitCodeAfterAllOutput(within: 20) == 0, "\(shell.errors.text)")
        #expect(shell.output.lineCount == 1)
        try wait(until: "the slot is free") { try database.walsender() == nil }
        // A reader that is gone before anything was sent.
        let silent = try database.start(
          "/bin/sh", ["-c", "\"$@\" | true", "sh", Tailrace.path, "stream"] + database.names)
        #expect(try silent.exitCodeAfterAllOutput(within: 20) == 0, "\(silent.errors.text)")
      }
    }

    /// There is no connection yet, or the slot is another's.
    @Test func `a reader that goes before the stream is open ends it at once`() throws {
      try withDatabase { database in
        let pipe = ["-c", "\"$@\" | true", "sh", Tailrace.path, "stream"]
        let names = ["--publication", "events", "--slot", database.slot]
        let connecting = try database.start("/bin/sh", pipe + ["--database", "host=127.0.0.1 port=1"] + names)
        #expect(try connecting.exitCodeAfterAllOutput(within: 20) == 0, "\(connecting.errors.text)")
        _ = try database.streamToFile()
        try database.waitUntilStreaming()
        let waiting = try database.start("/bin/sh", pipe + database.names + ["--wait-for-slot"])
        #expect(try waiting.exitCodeAfterAllOutput(within: 20) == 0, "\(waiting.errors.text)")
      }
    }

    @Test func `the server's views show the slot's name for whoever reads it`() throws {
      try withDatabase { database in
        let name =
          "SELECT application_name FROM pg_stat_replication r JOIN pg_replication_slots s ON s.active_pid = r.pid"
          + " WHERE slot_name = '\(database.slot)'"
        let stream = try database.streamToFile()
        try wait(until: "it streams") { try database.psql(name) == database.slot }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
        // The server's end of the connection may outlive ours.
        try wait(until: "the server has let go") { try database.psql(name).isEmpty }
        let capture = try database.tailrace(["capture"] + database.names + ["--output", database.files.file("c")])
        try wait(until: "it records") { try database.psql(name) == database.slot }
        capture.signal(SIGTERM)
        #expect(try capture.exitCode() == 0, "\(capture.errors.text)")
        try wait(until: "the server has let go") { try database.psql(name).isEmpty }
        let named = try database.tailrace(
          ["stream"] + database.names + ["--sink", "file:\(database.file)"], environment: ["PGAPPNAME": "mine"])
        try wait(until: "it streams") { try database.psql(name) == "mine" }
        named.signal(SIGTERM)
        #expect(try named.exitCode() == 0)
      }
    }

    @Test func `timeout ends it in an orderly way`() throws {
      try withDatabase { database in
        let writer = try database.session()
        try writer.write("CALL place_one_by_one(1, 100000, 0.001);\n")
        for _ in 1...3 {
          let stream = try database.stream(
            by: ["/usr/bin/env", "timeout", "2"], ["--sink", "file:\(database.file)"])
          #expect(try stream.exitCode(within: 20) == 124, "timeout's own code: \(stream.errors.text)")
          #expect(stream.errors.text.contains("delivered "), "\(stream.errors.text)")
          let last = try #require(try Event.read(database.fileLines).last)
          #expect(try database.hasConfirmed(last.commitLSN), "what was delivered is confirmed")
        }
      }
    }

    @Test func `asked to end while it tries to connect, it ends well`() throws {
      let stream = try ChildProcess(
        Tailrace.path,
        ["stream", "--database", "host=127.0.0.1 port=1", "--publication", "events", "--slot", "nowhere"])
      defer { try? stream.kill9() }
      try wait(until: "it tries again") { stream.errors.text.contains("trying again") }
      stream.signal(SIGTERM)
      #expect(try stream.exitCode(within: 5) == 0)
    }

    @Test func `a recording that is asked to end before it has begun ends well, and has made no file`() throws {
      try withDatabase { database in
        try database.withLink { link in
          link.cut()
          let file = database.files.file("c")
          let capture = try database.tailrace(["capture"] + database.names(over: link) + ["--output", file])
          try wait(until: "it connects") { link.count == 1 }
          capture.signal(SIGTERM)
          #expect(try capture.exitCode(within: 5) == 0, "\(capture.errors.text)")
          #expect(capture.errors.text.contains("stopped before anything was recorded"))
          #expect(!FileManager.default.fileExists(atPath: file))
        }
      }
    }

    @Test func `asked to end in the middle of a large transaction, it leaves that to the next run`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1); SELECT place(2, 60000); SELECT place(60001);")
        let stream = try database.streamToFile()
        try wait(until: "some are in the file", every: 0.005) {
          (try? FileManager.default.attributesOfItem(atPath: database.file)[.size] as? Int) ?? 0 > 100_000
        }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
        _ = try database.rest(["--sink", "file:\(database.file)"])
        #expect(try Event.read(database.fileLines).numbers == Array(1...60_001))
      }
    }
  }
}
