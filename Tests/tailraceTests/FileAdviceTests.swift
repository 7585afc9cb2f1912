// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What is advised about files, recordings and receivers is done as it is written, and then it works.
  @Suite struct FileAdvice {
    private func expect(_ child: ChildProcess, _ code: Int32, _ words: String...) throws {
      #expect(try child.exitCodeAfterAllOutput(within: 60) == code, "\(child.errors.text)")
      for words in words { #expect(child.complaint?.contains(words) == true, "\(child.errors.text)") }
    }

    private func move(_ path: String) throws {
      try FileManager.default.moveItem(atPath: path, toPath: path + ".moved-\(UUID())")
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, which can give files away"))
    func `of a file of a service's user, who is to look at it is said, and nothing else is printed`() throws {
      try withDatabase { database in
        let letters = database.files.file("letters.ndjson")
        try "".write(toFile: letters, atomically: true, encoding: .utf8)
        let checkpoint = database.files.file("checkpoint")
        try "".write(toFile: checkpoint, atomically: true, encoding: .utf8)
        for file in [letters, checkpoint] { #expect(chown(file, 61_888, 61_888) == 0) }
        for options in [[], ["--json"], ["--count"]] {
          let listed = try ChildProcess(
            Tailrace.path, ["dead-letters", "list", "--dead-letters", "file:\(letters)"] + options)
          try expect(listed, 74, "it belongs to user 61888", "run this as that user", "tailrace-as NAME")
          #expect(listed.output.text.isEmpty)
        }
        for options in [["--sink", "file:\(letters)"], ["--checkpoint", checkpoint]] {
          let stream = try database.stream(options + ["--until", "now"])
          _ = try stream.exitCodeAfterAllOutput(within: 60)
          #expect(stream.complaint?.contains("tailrace-as NAME") == true, "\(stream.errors.text)")
        }
        let doctor = try database.command("doctor", ["--sink", "file:\(letters)", "--checkpoint", checkpoint])
        _ = try doctor.exitCodeAfterAllOutput(within: 60)
        let advised = doctor.output.text.components(separatedBy: "run this as that user").count - 1
        #expect(advised == 2, "\(doctor.output.text)")
      }
    }

    private func append(_ text: String, to path: String) throws {
      let file = try #require(FileHandle(forWritingAtPath: path))
      try file.seekToEnd()
      try file.write(contentsOf: Data(text.utf8))
      try file.close()
    }

    /// How a file comes to be refused, and what is said.
    private static let foreign: [(how: String, words: [String])] = [
      ("another slot's", ["belongs to", "move the file and its .state away or name another"]),
      ("not ours", ["is not empty and has no", "move the file and its .state away or name another"]),
      ("a damaged state", ["cannot be read", "move the file and its .state away or name another"]),
      ("another's last line", ["is no event with a sequence", "move the file away or name another"]),
      ("shorter", ["bytes of events were delivered into it", "move what there is of it and its .state away"]),
    ]

    @Test(arguments: foreign.indices, ["moved", "another"])
    func `a file that cannot go on is moved away, or another one named`(number: Int, way: String) throws {
      let (how, words) = Self.foreign[number]
      try withDatabase { database in
        let (file, state) = (database.file, database.file + ".state")
        try database.psql("SELECT place(1, 3);")
        if how == "not ours" {
          try "not ours\n".write(toFile: file, atomically: false, encoding: .utf8)
        } else if how == "another slot's" {
          try database.psql("SELECT pg_copy_logical_replication_slot('\(database.slot)', '\(database.slot)_2');")
          let other = try database.command(
            "stream", ["--sink", "file:\(file)", "--until", "now"], slot: "\(database.slot)_2")
          #expect(try other.exitCode() == 0)
        } else {
          _ = try database.rest(["--sink", "file:\(file)"])
        }
        switch how {
        case "a damaged state": try "?".write(toFile: state, atomically: false, encoding: .utf8)
        case "another's last line": try append("a note\n", to: file)
        case "shorter":
          try (database.fileLines[0] + "\n").write(toFile: file, atomically: false, encoding: .utf8)
        default: break
        }
        let refused = try database.streamToFile(["--until", "now"])
        try expect(refused, 78)
        for words in words { #expect(refused.complaint?.contains(words) == true, "\(refused.errors.text)") }
        if way == "moved" {
          try move(file)
          if words[1].contains(".state"), FileManager.default.fileExists(atPath: state) { try move(state) }
        }
        let path = way == "moved" ? file : database.files.file("another")
        try database.psql("SELECT place(4);")
        _ = try database.rest(["--sink", "file:\(path)"])
        let lines = try String(contentsOfFile: path, encoding: .utf8).wholeLines
        #expect(try Event.read(lines).numbers.last == 4)
      }
    }

    @Test func `whoever writes to the file is stopped, and what is missing of the way to it is made`() throws {
      try withDatabase { database in
        let other = try database.streamToFile()
        try database.waitUntilStreaming()
        try wait(until: "it has the file") { FileManager.default.fileExists(atPath: database.file) }
        try database.psql("SELECT pg_copy_logical_replication_slot('\(database.slot)', '\(database.slot)_2');")
        let options = ["--sink", "file:\(database.file)", "--until", "now"]
        try expect(
          database.command("stream", options, slot: "\(database.slot)_2"), 73, "stop that one, or name another file")
        other.signal(SIGTERM)
        #expect(try other.exitCode() == 0)
        _ = try database.rest(Array(options.prefix(2)))
        let nowhere = database.files.file("nowhere")
        for sink in ["--sink", "--checkpoint"] {
          let value = sink == "--sink" ? "file:\(nowhere)/\(sink)" : "\(nowhere)/\(sink)"
          try database.psql("SELECT place(1);")
          try expect(
            database.stream([sink, value, "--until", "now"]), sink == "--sink" ? 73 : 74,
            "make its directory first")
          try FileManager.default.createDirectory(atPath: nowhere, withIntermediateDirectories: false)
          _ = try database.rest([sink, value])
          try FileManager.default.removeItem(atPath: nowhere)
        }
      }
    }

    @Test func `a limit to a file's size is raised, or the file rotated`() throws {
      try withDatabase { database in
        try database.psql("CALL place_one_by_one(1, 2000);")
        let options = ["--sink", "file:\(database.file)", "--until", "now"]
        let limited = ["/bin/sh", "-c", "ulimit -f 200; exec \"$@\"", "sh"]
        try expect(
          database.stream(by: limited, options), 74, "raise the limit or rotate with --rotate-size")
        let rotating = try database.stream(by: limited, options + ["--rotate-size", "60kB"])
        #expect(try rotating.exitCode() == 0, "\(rotating.errors.text)")
        try database.psql("CALL place_one_by_one(2001, 2500);")
        _ = try database.rest(Array(options.prefix(2)))
        #expect(try Event.read(database.fileLines).numbers.last == 2500)
      }
    }

    @Test func `one file for events and messages is made two, and half a line is cut off or passed by`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1);")
        let file = database.files.file("out")
        func run(_ redirection: String, _ options: [String] = []) throws -> ChildProcess {
          let words = ([Tailrace.path, "stream"] + database.names + ["--until", "now"] + options).map { "'\($0)'" }
          return try database.start("/bin/sh", ["-c", words.joined(separator: " ") + " " + redirection])
        }
        #expect(try run(">> '\(file)' 2>&1").exitCode() == 73)
        let said = try String(contentsOfFile: file, encoding: .utf8)
        #expect(said.contains("give each a file of its own: > EVENTS 2> MESSAGES"), "\(said)")
        let (events, messages) = (database.files.file("events"), database.files.file("messages"))
        #expect(try run("> '\(events)' 2> '\(messages)'").exitCode() == 0)
        #expect(try Event.read(String(contentsOfFile: events, encoding: .utf8).wholeLines).numbers == [1])
        try append("{\"half", to: events)
        try database.psql("SELECT place(2);")
        let torn = try run(">> '\(events)'")
        try expect(torn, 73, "cut that line off", "or write to a new file with --sink file:PATH")
        let other = database.files.file("new.ndjson")
        #expect(try run("", ["--sink", "file:\(other)"]).exitCode() == 0)
        #expect(try Event.read(String(contentsOfFile: other, encoding: .utf8).wholeLines).numbers == [2])
        let lines = try String(contentsOfFile: events, encoding: .utf8).wholeLines
        try (lines.joined(separator: "\n") + "\n").write(toFile: events, atomically: false, encoding: .utf8)
        try database.psql("SELECT place(3);")
        #expect(try run(">> '\(events)'").exitCode() == 0)
        #expect(try Event.read(String(contentsOfFile: events, encoding: .utf8).wholeLines).numbers == [1, 3])
        try expect(run(">&-"), 73, "open it, or choose another sink")
        #expect(try run(">> '\(events)'").exitCode() == 0)
        #expect(try run("", ["--sink", "file:\(database.file)"]).exitCode() == 0)
      }
    }

    @Test func `a checkpoint of something else, or a damaged one, is passed by as it is said`() throws {
      try withDatabase { database in
        let path = database.files.file("checkpoint")
        try database.psql("SELECT pg_copy_logical_replication_slot('\(database.slot)', '\(database.slot)_2');")
        try database.psql("SELECT place(1);")
        let options = ["--until", "now", "--checkpoint"]
        #expect(try database.command("stream", options + [path], slot: "\(database.slot)_2").exitCode() == 0)
        try expect(database.stream(options + [path]), 78, "belongs to slot", "remove it only if you know")
        try FileManager.default.removeItem(atPath: path)
        #expect(try Event.read(database.rest(["--checkpoint", path])).numbers == [1])
        for mended in ["removed", "another"] {
          try "tailrace?".write(toFile: path, atomically: false, encoding: .utf8)
          try expect(database.stream(options + [path]), 78, "is no checkpoint", "name another file, or remove it")
          if mended == "removed" { try FileManager.default.removeItem(atPath: path) }
          _ = try database.rest(["--checkpoint", mended == "removed" ? path : database.files.file("other")])
        }
      }
    }

    @Test func `rows of transactions in progress get another place, or more memory`() throws {
      try withDatabase { database in
        try database.psql("ALTER DATABASE \(database.name) SET logical_decoding_work_mem = '64kB';")
        let nowhere = database.files.file("nowhere")
        for mended in [["--spool-dir", database.files.path, "--spool-memory", "20kB"], ["--spool-memory", "64MB"]] {
          try database.psql("SELECT place(1, 3000);")
          try expect(
            database.tailrace(
              ["stream"] + database.names + ["--until", "now", "--spool-memory", "20kB"],
              environment: ["TMPDIR": nowhere]),
            74, nowhere, "--spool-dir", "--spool-memory")
          #expect(try database.rest(mended).count == 3000)
        }
      }
    }

    @Test func `a file that holds something else than letters, or a line that is none, is passed by or put right`()
      throws
    {
      try withDatabase { database in
        let path = database.files.file("letters")
        let options = ["--until", "now", "--on-poison", "dead-letter", "--dead-letters"]
        try database.psql(
          "ALTER TABLE outbox ALTER type DROP NOT NULL; INSERT INTO outbox (aggregateid, type) VALUES ('a', NULL);")
        try "something else\n".write(toFile: path, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        try expect(database.stream(options + ["file:\(path)"]), 74, "name another file for them")
        let other = database.files.file("other")
        #expect(try database.stream(options + ["file:\(other)"]).exitCode() == 0)
        try append("an edited line\n", to: other)
        let list = ["--dead-letters", "file:\(other)"]
        let torn = try database.tailrace(["dead-letters", "list", "--count"] + list)
        try expect(torn, 74, "put it right or take it out", "at byte ")
        let lines = try String(contentsOfFile: other, encoding: .utf8).wholeLines
        try (lines.dropLast().joined(separator: "\n") + "\n").write(toFile: other, atomically: false, encoding: .utf8)
        let count = try database.tailrace(["dead-letters", "list", "--count"] + list)
        #expect(try count.exitCodeAfterAllOutput() == 0, "\(count.errors.text)")
        #expect(count.output.text == "1\n")
        let missing = try database.tailrace(["dead-letters", "list", "--dead-letters", "file:\(path)-gone"])
        try expect(missing, 78, "name the one that the stream has")
      }
    }

    @Test func `a recording is made in a new file, and read by its name as far as it is whole`() throws {
      try withDatabase { database in
        let path = database.files.file("orders.walcap")
        try database.psql("SELECT place(1, 3);")
        let capture = ["capture"] + database.names + ["--until", "now", "--output"]
        #expect(try database.tailrace(capture + [path]).exitCode() == 0)
        try expect(database.tailrace(capture + [path]), 73, "name a new file")
        #expect(try database.tailrace(capture + [path + ".new"]).exitCode() == 0)
        try expect(database.tailrace(["replay", path + ".gone"]), 65, "check the name and permissions")
        try "hello\n".write(toFile: path + ".not", atomically: false, encoding: .utf8)
        try expect(database.tailrace(["replay", path + ".not"]), 65, "give a file made by tailrace capture")
        let bytes = try Data(contentsOf: URL(filePath: path))
        try bytes.dropLast(3).write(to: URL(filePath: path + ".cut"))
        let cut = try database.tailrace(["replay", path + ".cut"])
        try expect(cut, 65, "everything before this place is whole")
        let whole = try database.tailrace(["replay", path])
        #expect(try whole.exitCodeAfterAllOutput() == 0, "\(whole.errors.text)")
        #expect(try Event.read(whole.output.lines).numbers == [1, 2, 3])
        #expect(whole.output.text.hasPrefix(cut.output.text))
      }
    }

    @Test func `a receiver that is gone is replaced, and one that redirects is given the address it names`() throws {
      try withDatabase { database in
        let new = try WebServer()
        defer { new.close() }
        let gone = try WebServer { _ in .init(410) }
        defer { gone.close() }
        try database.psql("SELECT place(1);")
        let refused = try database.stream(to: gone, ["--until", "now"])
        try expect(refused, 65, "give the address of another receiver")
        #expect(try database.stream(to: new, ["--until", "now"]).exitCode() == 0)
        let address = new.url
        let moved = try WebServer { _ in .init(308, headers: ["location": address]) }
        defer { moved.close() }
        try database.psql("SELECT place(2);")
        let stream = try database.stream(to: moved)
        let words = try eventually("it is told") { stream.messages.first { $0.contains("redirects are not followed") } }
        let named = try #require(words.firstMatch(of: #/give the address that it names, (http:[^\s;,]+)/#)?.output.1)
        stream.signal(SIGTERM)
        _ = try stream.exitCode(within: 60)
        let right = try database.stream(["--sink", String(named), "--until", "now"])
        #expect(try right.exitCode() == 0, "\(right.errors.text)")
        #expect(new.taken.numbers == [1, 2])
      }
    }

    @Test func `an event that is refused goes where it is said, or the receiver is mended`() throws {
      try withDatabase { database in
        let isMended = Flag()
        let server = try WebServer { request in .init(!isMended.isSet && request.holds(2) ? 422 : 200) }
        defer { server.close() }
        try database.psql("SELECT place(1); SELECT place(2); SELECT place(3);")
        let stopped = try database.stream(to: server, ["--until", "now"])
        try expect(stopped, 65, "mend the receiver, or go on with --on-poison dead-letter")
        let letters = "file:\(database.files.file("letters"))"
        let stream = try database.stream(
          to: server, ["--until", "now", "--on-poison", "dead-letter", "--dead-letters", letters])
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        try database.psql("SELECT place(2);")
        try expect(database.stream(to: server, ["--until", "now"]), 65)
        isMended.set()
        #expect(try database.stream(to: server, ["--until", "now"]).exitCode() == 0)
      }
    }

    @Test func `a column that is missing is mapped, or the table is given it`() throws {
      try withDatabase { database in
        try database.psql("ALTER TABLE outbox RENAME COLUMN type TO kind; SELECT pg_catalog.pg_current_wal_lsn();")
        try database.psql("INSERT INTO outbox (aggregateid, payload) VALUES ('a', '{\"n\": 1}');")
        try expect(
          database.stream(["--until", "now"]), 65, "column type", "add it, publish it, or map another with --column")
        #expect(try Event.read(database.rest(["--column", "type=kind"])).numbers == [1])
        try database.psql("ALTER TABLE outbox RENAME COLUMN kind TO type; SELECT place(2);")
        #expect(try Event.read(database.rest()).numbers == [2])
      }
    }

    @Test func `whoever stops before the receiver has answered may wait longer`() throws {
      try withDatabase { database in
        let gate = Gate()
        let server = try WebServer { _ in
          gate.pass()
          return .init(200)
        }
        defer { server.close() }
        try database.psql("SELECT place(1);")
        let stream = try database.stream(to: server, ["--drain-timeout", "1s"])
        try wait(until: "it is under way") { server.requests.count == 1 }
        stream.signal(SIGTERM)
        try expect(stream, 69, "it comes again at the next start; --drain-timeout waits longer")
        let patient = try database.stream(to: server, ["--drain-timeout", "50s"])
        try wait(until: "it is under way") { server.requests.count == 2 }
        patient.signal(SIGTERM)
        Thread.sleep(forTimeInterval: 1.5)
        gate.open()
        #expect(try patient.exitCode(within: 60) == 0, "\(patient.errors.text)")
      }
    }
  }
}
