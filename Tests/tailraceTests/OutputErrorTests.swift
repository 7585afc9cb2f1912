// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct OutputErrors {
    @Test func `a file that cannot be made is an error, and nothing is confirmed`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1);")
        for path in [database.files.file("nowhere/events.ndjson"), database.files.path] {
          let child = try database.stream(["--sink", "file:\(path)", "--until", "now"])
          #expect(try child.exitCode() == 73)
          #expect(child.complaint?.contains(path) == true, "\(child.errors.text)")
        }
        #expect(try Event.read(database.rest()).numbers == [1])
      }
    }

    @Test(arguments: ["stdout", "file:/dev/full"])
    func `a device that is full is an error, and nothing is confirmed`(sink: String) throws {
      try withDatabase { database in
        try database.psql("SELECT place(1);")
        let child = try database.tailrace(
          ["stream"] + database.names + ["--until", "now", "--sink", sink],
          outputPath: sink == "stdout" ? "/dev/full" : nil)
        #expect(try child.exitCode() == 74)
        #expect(child.complaint?.contains("No space left") == true, "\(child.errors.text)")
        #expect(try Event.read(database.rest()).numbers == [1])
      }
    }

    @Test func `a file at its size limit is an error that leaves no torn line, and the next run goes on`() throws {
      try withDatabase { database in
        try database.psql("CALL place_one_by_one(1, 3000);")
        let options = database.names + ["--sink", "file:\(database.file)", "--until", "now"]
        let child = try ChildProcess(
          "/bin/sh", ["-c", "ulimit -f 1000; exec \"$@\"", "sh", Tailrace.path, "stream"] + options)
        #expect(try child.exitCode() == 74)
        #expect(child.complaint?.contains(database.file) == true, "\(child.errors.text)")
        let text = try String(contentsOfFile: database.file, encoding: .utf8)
        #expect(text.isEmpty || text.hasSuffix("\n"))
        let written = try Event.read(database.fileLines).numbers
        #expect(written == Array(1..<written.count + 1))
        _ = try database.rest(["--sink", "file:\(database.file)"])
        #expect(try Event.read(database.fileLines).numbers == Array(1...3000))
      }
    }

    @Test(arguments: [["version"], ["--help"], ["dead-letters", "list"], ["dead-letters", "show", "1"]])
    func `what is printed and cannot be written is an error`(command: [String]) throws {
      try withDatabase { database in
        let letters = database.files.file("letters")
        let letter =
          #"{"position":"0000000000000001-0000000001","id":"1","key":"a","reason":"r","status":422,"attempts":1,"#
          + #""firstattempt":"2026-01-01T00:00:00Z","lastattempt":"2026-01-01T00:00:00Z","sink":"","event":{"id":"1"}}"#
        try Data((letter + "\n").utf8).write(to: URL(filePath: letters))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: letters)
        let place = command[0] == "dead-letters" ? ["--dead-letters", "file:\(letters)"] : []
        for (output, code) in [("/dev/full", Int32(74)), ("/dev/null", 0)] {
          let child = try ChildProcess(
            "/bin/sh", ["-c", "out=$1; shift; \"$@\" >\"$out\"", "sh", output, Tailrace.path] + command + place)
          #expect(try child.exitCode() == code, "\(command) \(child.errors.text)")
        }
      }
    }

    @Test func `each command that shows something tells of a full disk, and ends well when its reader has seen enough`()
      throws
    {
      try withDatabase { database in
        try database.psql("CALL place_one_by_one(1, 3000);")
        let recording = database.files.file("recording")
        let captured = try database.command("capture", ["--until", "now", "--output", recording])
        #expect(try captured.exitCode() == 0, "\(captured.errors.text)")
        let names = database.names
        for command in [
          ["peek"] + names + ["--count", "2000", "--json"],
          ["status", "--database", database.connection, "--slot", database.slot], ["doctor"] + names,
          ["inspect", recording],
          ["setup"] + names + ["--dry-run"], ["teardown"] + names + ["--dry-run", "--force"], ["stream", "--help"],
        ] {
          let full = try ChildProcess("/bin/sh", ["-c", "exec \"$@\" >/dev/full", "sh", Tailrace.path] + command)
          #expect(try full.exitCode() == 74, "\(command) \(full.errors.text)")
          #expect(full.complaint?.contains("cannot write to standard output") == true, "\(command) \(full.errors.text)")
          // The shell waits for the first program of the pipe, and gives its code.
          let gone = try ChildProcess(
            "/bin/bash", ["-c", "\"$@\" | true; exit ${PIPESTATUS[0]}", "bash", Tailrace.path] + command)
          #expect(try gone.exitCode() == 0, "\(command) \(gone.errors.text)")
          #expect(!gone.errors.text.contains("error"), "\(command) \(gone.errors.text)")
        }
        let watching = try ChildProcess(
          "/bin/bash",
          [
            "-c", "\"$@\" | head -1; exit ${PIPESTATUS[0]}", "bash", Tailrace.path, "status", "--database",
            database.connection, "--slot", database.slot, "--watch",
          ])
        #expect(try watching.exitCode() == 0, "\(watching.errors.text)")
      }
    }

    @Test func `a place for dead letters at which none can be made is told at the start`() throws {
      try withDatabase { database in
        for path in ["/nowhere/at/all", database.files.path] {
          let child = try database.stream(["--on-poison", "dead-letter", "--dead-letters", "file:\(path)"])
          #expect(try child.exitCode() == 74, "\(child.errors.text)")
          #expect(child.complaint?.contains("; ") == true, "it advises: \(child.errors.text)")
        }
      }
    }

    @Test func `a place for the spool that was named and is not there is told at the start`() throws {
      try withDatabase { database in
        for (place, code) in [("/nowhere/at/all", Int32(74)), (database.files.path, 0)] {
          let child = try database.stream(["--until", "now", "--spool-dir", place])
          #expect(try child.exitCode() == code, "\(child.errors.text)")
          #expect(code == 0 || child.complaint?.contains("--spool-dir") == true, "\(child.errors.text)")
        }
        let unnamed = try database.tailrace(
          ["stream", "--until", "now"] + database.names, environment: ["TMPDIR": "/nowhere/at/all"])
        #expect(try unnamed.exitCode() == 0, "it may never be needed: \(unnamed.errors.text)")
        #expect(unnamed.messages.contains { $0.contains("warning") && $0.contains("--spool-dir") })
      }
    }

    @Test func `on standard output too, a file at its size limit keeps no torn line, and the next run goes on`() throws
    {
      try withDatabase { database in
        try database.psql("CALL place_one_by_one(1, 3000);")
        let options = ["sh", database.file, Tailrace.path, "stream"] + database.names + ["--until", "now"]
        let child = try ChildProcess(
          "/bin/sh", ["-c", "ulimit -f 1000; out=$1; shift; exec \"$@\" >>\"$out\""] + options)
        #expect(try child.exitCode() == 74)
        #expect(child.complaint?.contains("standard output") == true, "\(child.errors.text)")
        let text = try String(contentsOfFile: database.file, encoding: .utf8)
        #expect(text.hasSuffix("\n"))
        let next = try ChildProcess("/bin/sh", ["-c", "out=$1; shift; exec \"$@\" >>\"$out\""] + options)
        #expect(try next.exitCode() == 0, "\(next.errors.text)")
        #expect(try Set(Event.read(database.fileLines).numbers) == Set(1...3000))
      }
    }

    @Test(arguments: [
      ("/dev/stdout", ">&-"), ("/dev/fd/1", ">&-"), ("/proc/self/fd/1", ">&-"), ("/dev/stderr", "2>&-"),
      ("/dev/stdin", "<&-"), ("/dev/stdout", "<&- >&- 2>&-"),
    ])
    func `a standard descriptor that is closed is no output by its name either`(path: String, closing: String) throws {
      try withDatabase { database in
        try database.psql("SELECT place(1);")
        try database.psql("ALTER TABLE outbox ALTER aggregatetype DROP NOT NULL;")
        try database.psql("INSERT INTO outbox (aggregateid, aggregatetype, payload) VALUES ('b', NULL, '{\"n\": 2}');")
        let letters = ["--on-poison", "dead-letter", "--dead-letters"]
        for options in [
          ["--sink", "file:\(path)"], ["--sink", "file:\(database.file)"] + letters + ["file:\(path)"],
          ["--sink", "file:\(database.file)", "--checkpoint", path] + letters + ["file:\(database.file).letters"],
        ] {
          let child = try ChildProcess(
            "/bin/sh",
            ["-c", "exec \"$@\" \(closing)", "sh", Tailrace.path, "stream"] + database.names + options
              + ["--until", "now"])
          let code = try child.exitCode()
          #expect([73, 74, 78].contains(code), "\(options): \(code) \(child.errors.text)")
          if options.count == 2 { #expect(code == 73) }
        }
        #expect(try database.rest(letters + ["file:\(database.file).letters"]).count == 1, "nothing is confirmed")
      }
    }

    @Test func `without a standard output there is an error, and nothing is confirmed`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1);")
        let options = [Tailrace.path, "stream"] + database.names + ["--until", "now"]
        let child = try ChildProcess("/bin/sh", ["-c", "exec \"$@\" >&-", "sh"] + options)
        #expect(try child.exitCode() == 73, "\(child.errors.text)")
        let blind = try ChildProcess("/bin/sh", ["-c", "exec \"$@\" <&- >&- 2>&-", "sh"] + options)
        #expect(try blind.exitCode() == 73)
        #expect(try Event.read(database.rest()).numbers == [1])
      }
    }

    @Test func `with the standard descriptors closed, events go into their file and nowhere else`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1, 3);")
        let child = try ChildProcess(
          "/bin/sh",
          ["-c", "exec \"$@\" <&- >&- 2>&-", "sh", Tailrace.path, "stream"] + database.names
            + ["--sink", "file:\(database.file)", "--until", "now"])
        #expect(try child.exitCode() == 0)
        #expect(try Event.read(database.fileLines).numbers == [1, 2, 3])
      }
    }

    @Test(arguments: ["always", "never"])
    func `a named pipe whose reader takes nothing does not keep it from ending`(fsync: String) throws {
      try withDatabase { database in
        let pipe = database.files.file("pipe")
        _ = try ChildProcess.run("/usr/bin/mkfifo", [pipe])
        let reader = try ChildProcess("/bin/sh", ["-c", "exec 3<\"$1\"; exec sleep 60", "sh", pipe])
        try database.psql("SELECT place(1, 3000);")
        let stream = try database.stream(
          ["--sink", "file:\(pipe)", "--fsync", fsync, "--drain-timeout", "1s"])
        try database.waitUntilStreaming()
        Thread.sleep(forTimeInterval: 1)
        stream.signal(SIGTERM)
        #expect(try stream.exitCode(within: 10) == 69, "\(stream.errors.text)")
        reader.signal(SIGKILL)
      }
    }

    @Test func `a named pipe that nobody reads is no output, and one whose reader goes ends the stream`() throws {
      try withDatabase { database in
        let pipe = database.files.file("pipe")
        _ = try ChildProcess.run("/usr/bin/mkfifo", [pipe])
        try database.psql("SELECT place(1, 5);")
        let unread = try database.stream(["--sink", "file:\(pipe)", "--until", "now"])
        #expect(try unread.exitCode() == 73, "\(unread.errors.text)")
        #expect(unread.complaint?.contains("nobody reads") == true, "\(unread.errors.text)")
        let reader = try ChildProcess("/bin/sh", ["-c", "exec head -2 <\"$1\"", "sh", pipe])
        var stream = try database.stream(["--sink", "file:\(pipe)"])
        // It may have come before the reader.
        for _ in 0..<50 where !stream.isRunning {
          Thread.sleep(forTimeInterval: 0.1)
          stream = try database.stream(["--sink", "file:\(pipe)"])
        }
        #expect(try reader.exitCode() == 0)
        try database.psql("SELECT place(6);")
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(try database.rest().count >= 1, "what nobody has read is not confirmed")
      }
    }

    @Test func `a file that is not ours is left as it is`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1);")
        for options in [
          ["--sink", "file:\(database.file)"],
          ["--column", "type=missing", "--on-poison", "dead-letter", "--dead-letters", "file:\(database.file)"],
        ] {
          try Data("precious, without a newline".utf8).write(to: URL(filePath: database.file))
          let child = try database.stream(options + ["--until", "now"])
          #expect(try child.exitCode() != 0, "\(child.errors.text)")
          #expect(try String(contentsOfFile: database.file, encoding: .utf8) == "precious, without a newline")
        }
      }
    }

    @Test func `the file of another slot is refused and left as it is`() throws {
      try withDatabase { database in
        try database.psql(
          "SELECT pg_create_logical_replication_slot('\(database.slot)_other', 'pgoutput'); SELECT place(1);")
        _ = try database.rest(["--sink", "file:\(database.file)"])
        let before = try String(contentsOfFile: database.file, encoding: .utf8)
        let other = try database.tailrace([
          "stream", "--database", database.connection, "--publication", "events", "--slot", "\(database.slot)_other",
          "--sink", "file:\(database.file)", "--until", "now",
        ])
        #expect(try other.exitCode() == 78)
        #expect(other.complaint?.contains(database.file) == true, "\(other.errors.text)")
        #expect(try String(contentsOfFile: database.file, encoding: .utf8) == before)
      }
    }

    @Test func `the file of another server is refused`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1);")
        _ = try database.rest(["--sink", "file:\(database.file)"])
        try Integration.server(18).withDatabase("") { other in
          try other.psql(OutboxDatabase.schema)
          try other.psql("SELECT pg_create_logical_replication_slot('\(database.slot)_same', 'pgoutput');")
          let child = try other.tailrace([
            "stream", "--database", other.connection, "--publication", "events", "--slot", "\(database.slot)_same",
            "--sink", "file:\(database.file)", "--until", "now",
          ])
          #expect(try child.exitCode() == 78)
          #expect(child.complaint?.contains("system") == true, "\(child.errors.text)")
        }
      }
    }

    @Test func `a file with no origin beside it is refused`() throws {
      try withDatabase { database in
        try "not ours\n".write(toFile: database.file, atomically: false, encoding: .utf8)
        let child = try database.streamToFile(["--until", "now"])
        #expect(try child.exitCode() == 78)
        #expect(try String(contentsOfFile: database.file, encoding: .utf8) == "not ours\n")
      }
    }
  }
}
