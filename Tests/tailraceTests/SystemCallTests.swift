// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Faults between two steps, which chance would seldom find.
  @Suite(.enabled(if: Strace.isAllowed, "needs strace, and a kernel that lets it trace"))
  struct SystemCalls {
    private struct Point {
      let calls: String
      let number: Int
      /// Only where it is about the output file.
      var isAboutFile = false
    }

    /// A batch is received, written and synchronized, then its position confirmed. The first dozen of what is sent and
    /// received opens the stream.
    private static let points =
      [1, 2, 4].map { Point(calls: "write", number: $0, isAboutFile: true) }
      + [1, 2, 3].map { Point(calls: "fsync,fdatasync", number: $0, isAboutFile: true) }
      + [1, 2].map { Point(calls: "fsync,fdatasync", number: $0) }
      + [11, 12, 13, 14].map { Point(calls: "sendto", number: $0) }
      + [9, 12, 15, 20].map { Point(calls: "recvfrom", number: $0) }

    @Test func `killed at each step of a batch's way, it loses and doubles no line of the file`() throws {
      try withDatabase { database in
        let writer = try database.session()
        try writer.write("CALL place_one_by_one(1, 100000, 0.001);\n")
        try database.psql("SELECT place(0);")
        for point in Self.points {
          let stream = try database.stream(
            by: Strace.command(
              point.calls, "signal=KILL:when=\(point.number)", path: point.isAboutFile ? database.file : nil),
            ["--sink", "file:\(database.file)"])
          #expect(try stream.exitCode(within: 15) == -SIGKILL, "at \(point): \(stream.errors.text)")
        }
        try database.psql(
          "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE query LIKE 'CALL place_one_by_one%'"
            + " AND datname = '\(database.name)';")
        writer.closeInput()
        _ = try database.rest(["--sink", "file:\(database.file)"])
        let events = try Event.read(database.fileLines)
        #expect(try events.numbers.sorted() == database.committedNumbers().sorted())
        #expect(events.isInCommitOrder)
      }
    }

    @Test func `what a run that was killed before its fsync has written is synced before it counts`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1, 5);")
        let options = ["--sink", "file:\(database.file)", "--until", "now"]
        let before = try database.confirmed()
        let killed = try database.stream(
          by: Strace.command("fsync,fdatasync", "error=EIO:signal=KILL:when=1", path: database.file), options)
        #expect(try killed.exitCode(within: 15) == -SIGKILL, "\(killed.errors.text)")
        #expect(database.fileLines.count == 5, "it had written")
        #expect(try database.confirmed() == before, "and confirmed nothing")
        // Now each fsync fails: nothing may be taken for durable.
        let failing = try database.stream(
          by: Strace.command("fsync,fdatasync", "error=EIO:when=1+", path: database.file), options)
        #expect(try failing.exitCode(within: 15) == 74, "\(failing.errors.text)")
        #expect(try database.confirmed() == before)
        _ = try database.rest(["--sink", "file:\(database.file)"])
        #expect(try Event.read(database.fileLines).numbers == Array(1...5))
      }
    }

    @Test func `a file on standard output is synced before its events are confirmed`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1, 5);")
        let failing = try database.start(
          "/bin/sh",
          ["-c", "out=$1; shift; exec \"$@\" >\"$out\"", "sh", database.file]
            + Strace.command("fsync,fdatasync", "error=EIO:when=1", path: database.file)
            + [Tailrace.path, "stream"] + database.names + ["--until", "now"])
        #expect(try failing.exitCode(within: 15) == 74, "\(failing.errors.text)")
        #expect(try Event.read(database.rest()).numbers == Array(1...5))
      }
    }

    /// Runs with standard output in the file.
    private func redirected(_ database: OutboxDatabase, by command: [String]) throws -> ChildProcess {
      try database.start(
        "/bin/sh",
        ["-c", "out=$1; shift; exec \"$@\" >\"$out\"", "sh", database.file] + command + [Tailrace.path, "stream"]
          + database.names + ["--until", "now"])
    }

    @Test(arguments: 1...6, ["EIO", "EINTR"])
    func `a file that cannot be looked at just after it was opened is no device`(number: Int, error: String) throws {
      try withDatabase { database in
        try database.psql("SELECT place(1, 5);")
        let fault = Strace.command("fstat,newfstatat,statx", "error=\(error):when=\(number)", path: database.file)
        let stream = try database.stream(by: fault, ["--sink", "file:\(database.file)", "--until", "now"])
        let code = try stream.exitCode(within: 15)
        // There are fewer calls than that with the greater numbers.
        #expect(code == 0 || error == "EIO" && code == 74, "\(stream.errors.text)")
        if code == 0 {
          #expect(try String(contentsOfFile: database.file + ".state", encoding: .utf8).contains("\nsize "))
        } else {
          _ = try database.rest(["--sink", "file:\(database.file)"])
        }
        #expect(try Event.read(database.fileLines).numbers == Array(1...5))
      }
    }

    @Test(arguments: 1...2)
    func `standard output that cannot be looked at is no pipe`(number: Int) throws {
      try withDatabase { database in
        try database.psql("SELECT place(1, 5);")
        let fault = Strace.command("fstat,newfstatat,statx", "error=EIO:when=\(number)", path: database.file)
        let stream = try redirected(database, by: fault)
        #expect(try [73, 74].contains(stream.exitCode(within: 15)), "\(stream.errors.text)")
        #expect(try Event.read(database.rest()).numbers == Array(1...5))
      }
    }

    @Test func `the name of a file on standard output is durable before its events are confirmed`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1, 5);")
        let fault = Strace.command("fsync,fdatasync", "error=EIO:when=1", path: database.files.path)
        let failing = try redirected(database, by: fault)
        #expect(try failing.exitCode(within: 15) == 74, "\(failing.errors.text)")
        #expect(try Event.read(database.rest()).numbers == Array(1...5))
      }
    }

    @Test(arguments: [(1, "1MB"), (2, "700B")])
    func `behind a link, the name of each new file is made durable in its own directory`(number: Int, limit: String)
      throws
    {
      try withDatabase { database in
        let far = database.files.file("far")
        try FileManager.default.createDirectory(atPath: far, withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(atPath: database.file, withDestinationPath: "far/real")
        try database.psql("CALL place_one_by_one(1, 4);")
        // That of the first file; and, behind the old one's new name, that of the next.
        let failing = try database.stream(
          by: Strace.command("fsync,fdatasync", "error=EIO:when=\(number)", path: far),
          ["--sink", "file:\(database.file)", "--rotate-size", limit, "--until", "now"])
        #expect(try failing.exitCode(within: 15) == 74, "\(failing.errors.text)")
      }
    }

    @Test(arguments: [false, true])
    func `the name of each new file of letters is durable before anything is confirmed`(isMovedAway: Bool) throws {
      try withDatabase { database in
        let link = database.files.file("letters")
        for name in ["far", "farther"] {
          try FileManager.default.createDirectory(
            atPath: database.files.file(name), withIntermediateDirectories: false)
        }
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "far/letters")
        try database.psql("ALTER TABLE outbox ALTER aggregatetype DROP NOT NULL;")
        let bad = "INSERT INTO outbox (aggregateid, aggregatetype, payload) VALUES ('b', NULL, '{}');"
        let stream = try database.stream(
          by: Strace.command(
            "fsync,fdatasync", "error=EIO:when=1", path: database.files.file(isMovedAway ? "farther" : "far")),
          [
            "--sink", "file:\(database.file)", "--on-poison", "dead-letter", "--dead-letters",
            "file:\(link)",
          ])
        try database.psql(bad)
        if isMovedAway {
          try wait(until: "there is a letter") {
            (try? String(contentsOfFile: link, encoding: .utf8))?.hasSuffix("\n") == true
          }
          try FileManager.default.removeItem(atPath: link)
          try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "farther/letters")
          try database.psql(bad)
        }
        #expect(try stream.exitCode(within: 15) == 74, "\(stream.errors.text)")
      }
    }

    @Test(arguments: ["statx", "newfstatat", "stat"])
    func `a file that cannot be looked at is no missing file`(call: String) throws {
      try withDatabase { database in
        try database.psql("SELECT place(1, 5);")
        _ = try database.rest(["--checkpoint", database.files.file("checkpoint")])
        try database.psql("SELECT place(6, 9);")
        let blind = try database.stream(
          by: Strace.command(call, "error=EIO", path: database.files.file("checkpoint")),
          ["--checkpoint", database.files.file("checkpoint"), "--until", "now"])
        let code = try blind.exitCode(within: 15)
        // Which of the calls the C library makes is its business; none of them may lead to a fresh start.
        #expect(code == 74 || code == 0, "\(blind.errors.text)")
        if code == 74 { #expect(try Event.read(database.rest()).numbers == Array(6...9)) }
      }
    }

    @Test(arguments: ["EIO", "ENOSPC"])
    func `when the file cannot be made durable, nothing of it is confirmed`(error: String) throws {
      try withDatabase { database in
        // The first batch is durable, the second is not.
        try database.psql("SELECT place(1, 5);")
        let stream = try database.stream(
          by: Strace.command("fsync,fdatasync", "error=\(error):when=2", path: database.file),
          ["--sink", "file:\(database.file)"])
        try wait(until: "the first are delivered") { database.fileLines.count == 5 }
        try database.waitUntilConfirmed(Event.read(database.fileLines))
        try database.psql("SELECT place(6, 9);")
        #expect(try stream.exitCode(within: 10) == 74, "\(stream.errors.text)")
        let complaint = try #require(stream.complaint, "\(stream.errors.text)")
        #expect(complaint.contains(database.file))
        #expect(try Event.read(database.fileLines).numbers == Array(1...5), "it is cut back to what is durable")
        #expect(try Event.read(database.rest()).numbers == Array(6...9), "they come again")
      }
    }

    @Test func `a checkpoint that cannot be made durable ends the stream before its position is confirmed`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1, 5);")
        let stream = try database.stream(
          by: Strace.command("fsync,fdatasync", "error=EIO:when=1+"),
          ["--checkpoint", database.files.file("checkpoint"), "--until", "now"])
        #expect(try stream.exitCode(within: 10) == 74, "\(stream.errors.text)")
        #expect(stream.complaint?.contains("checkpoint") == true, "\(stream.errors.text)")
        #expect(try Event.read(database.rest()).numbers == Array(1...5))
      }
    }
  }
}
