// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Positions of the server that somebody else has moved.
  @Suite struct Gaps {
    @Test(arguments: ["file", "checkpoint"])
    func `a slot that was advanced or made anew behind our back is told, with both positions`(record: String) throws {
      try withDatabase { database in
        let options =
          record == "file"
          ? ["--sink", "file:\(database.file)"] : ["--checkpoint", database.files.file("checkpoint")]
        try database.psql("SELECT place(1, 5);")
        _ = try database.rest(options)
        let ours = try database.confirmed()
        for way in ["advanced", "made anew"] {
          try database.psql("SELECT place(6, 9);")
          if way == "advanced" {
            try database.psql("SELECT pg_replication_slot_advance('\(database.slot)', pg_current_wal_lsn());")
          } else {
            try database.psql("SELECT pg_drop_replication_slot('\(database.slot)');")
            try database.makeSlot()
          }
          let theirs = try database.confirmed()
          let child = try database.stream(options + ["--until", "now"])
          #expect(try child.exitCode() == 78, "\(way): \(child.errors.text)")
          let complaint = try #require(child.complaint)
          #expect(complaint.contains(theirs) && complaint.contains("--accept-gap"), "\(complaint)")
          #expect(way != "advanced" || complaint.contains(ours), "\(complaint), \(ours)")
        }
        try database.psql("SELECT place(10);")
        let accepted = try database.stream(options + ["--until", "now", "--accept-gap"])
        #expect(try accepted.exitCode() == 0, "\(accepted.errors.text)")
        try database.psql("SELECT place(11);")
        let again = try database.stream(options + ["--until", "now"])
        #expect(try again.exitCode() == 0, "accepted once, it is over: \(again.errors.text)")
        if record == "file" { #expect(try Event.read(database.fileLines).numbers == [1, 2, 3, 4, 5, 10, 11]) }
      }
    }

    @Test(arguments: ["file", "checkpoint", "nothing", "nothing, and takes turns"])
    func `what a foreign client confirmed while it had the slot for a moment is told`(record: String) throws {
      try withDatabase { database in
        let options =
          switch record {
          case "file": ["--sink", "file:\(database.file)"]
          case "checkpoint": ["--checkpoint", database.files.file("checkpoint"), "--wait-for-slot"]
          case "nothing": [String]()
          default: ["--wait-for-slot"]
          }
        try database.psql("SELECT place(1, 5);")
        let stream = try database.stream(options)
        try database.waitUntilAllIsConfirmed()
        stream.signal(SIGSTOP)
        try database.psql("SELECT place(6, 9);")
        try database.psql(
          """
          SELECT pg_terminate_backend(active_pid, 10000) FROM pg_replication_slots WHERE slot_name = '\(database.slot)';
          SELECT count(*) FROM pg_logical_slot_get_binary_changes(
            '\(database.slot)', NULL, NULL, 'proto_version', '1', 'publication_names', 'events');
          """)
        let theirs = try database.confirmed()
        try database.psql("SELECT place(10);")
        stream.signal(SIGCONT)
        if record == "nothing, and takes turns" {
          try wait(until: "the rest comes") { stream.output.lineCount >= 6 }
          #expect(stream.errors.text.contains("\(theirs)") && stream.errors.text.contains("missing"))
          stream.signal(SIGTERM)
          #expect(try stream.exitCode() == 0)
        } else {
          #expect(try stream.exitCode() == 78, "\(stream.errors.text)")
          #expect(stream.complaint?.contains(theirs) == true && stream.complaint?.contains("--accept-gap") == true)
        }
      }
    }

    @Test(arguments: [15, 18], ["file", "stdout"])
    func `what was committed before the publication went is delivered before the error that advises to pass the rest`(
      version: Int, sink: String
    ) throws {
      try withDatabase(version) { database in
        try database.psql("SELECT place(1, 3);")
        for sql in [
          "DROP PUBLICATION events", "SELECT place(4, 5)",
          "CREATE PUBLICATION events FOR TABLE outbox WITH (publish = 'insert')", "SELECT place(6)",
        ] { try database.psql("\(sql);") }
        let options = ["--until", "now"] + (sink == "file" ? ["--sink", "file:\(database.file)"] : [])
        let child = try database.stream(options)
        #expect(try child.exitCodeAfterAllOutput(within: 30) == 78, "\(child.errors.text)")
        #expect(try Event.read(sink == "file" ? database.fileLines : child.output.lines).numbers == [1, 2, 3])
        let complaint = try #require(child.complaint)
        #expect(complaint.contains("as tailrace doctor"), "\(complaint)")
        // Told all the same: nothing of it comes again.
        let again = try database.stream(["--until", "now"])
        #expect(
          try again.exitCodeAfterAllOutput(within: 30) == 78 && again.output.lines.isEmpty, "\(again.errors.text)")
        try database.passAsDoctorSays()
        try database.psql("SELECT place(7);")
        let rest = try database.stream(options + ["--accept-gap"])
        #expect(try rest.exitCodeAfterAllOutput(within: 30) == 0, "\(rest.errors.text)")
        let all = try Event.read(sink == "file" ? database.fileLines : rest.output.lines).numbers
        // What came after the publication was made again is not passed.
        #expect(all == (sink == "file" ? [1, 2, 3, 6, 7] : [6, 7]))
      }
    }

    @Test func `an error whose advice passes rows does not give it while what lies before is not delivered`() throws {
      try withDatabase { database in
        for sql in [
          "SELECT place(1)", "DROP PUBLICATION events", "SELECT place(2)",
          "CREATE PUBLICATION events FOR TABLE outbox WITH (publish = 'insert')",
        ] { try database.psql("\(sql);") }
        let child = try database.stream([
          "--sink", "http://127.0.0.1:9/", "--allow-plain-http", "--until", "now", "--drain-timeout", "1s",
        ])
        #expect(try child.exitCode(within: 60) == 78, "\(child.errors.text)")
        #expect(child.complaint?.contains("tailrace doctor") == false, "\(child.errors.text)")
        #expect(child.complaint?.contains("not delivered yet") == true, "\(child.errors.text)")
      }
    }

    @Test func `who waits for the slot is told what its holder confirmed`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1, 5);")
        let options = ["--sink", "file:\(database.file)"]
        _ = try database.rest(options)
        let path = try #require(
          ["/usr/lib/postgresql/15/bin/pg_recvlogical", "/usr/bin/pg_recvlogical"]
            .first { FileManager.default.isExecutableFile(atPath: $0) })
        let holder = try ChildProcess(
          path,
          [
            "-d", database.connection, "-S", database.slot, "--start", "-f", "/dev/null", "-s", "1", "-F", "1",
            "-o", "proto_version=1", "-o", "publication_names=events",
          ])
        defer { try? holder.kill9() }
        try database.waitUntilStreaming()
        let waiting = try database.stream(options + ["--wait-for-slot"])
        try wait(until: "it waits") { waiting.errors.text.contains("waiting until it is released") }
        let before = try database.confirmed()
        try database.psql("SELECT place(6, 9);")
        try wait(until: "the holder confirms") { try database.confirmed() != before }
        holder.signal(SIGINT)
        #expect(try waiting.exitCode() == 78, "\(waiting.errors.text)")
        #expect(waiting.complaint?.contains("--accept-gap") == true, "\(waiting.errors.text)")
      }
    }

    @Test func `a slot that is advanced between the look at it and the start of the stream is told`() throws {
      try withDatabase { database in
        let options = ["--checkpoint", database.files.file("checkpoint"), "--until", "now"]
        try database.psql("SELECT place(1, 5);")
        _ = try database.rest(options)
        try database.psql("SELECT place(6, 9);")
        let advance: @Sendable (ArraySlice<UInt8>) -> Void = { bytes in
          guard String(decoding: bytes, as: UTF8.self).contains("START_REPLICATION") else { return }
          _ = try? database.psql("SELECT pg_replication_slot_advance('\(database.slot)', pg_current_wal_lsn());")
        }
        try database.withLink(onClient: advance) { link in
          let child = try database.tailrace(["stream"] + database.names(over: link) + options)
          #expect(try child.exitCode() == 78, "\(child.errors.text)")
          #expect(child.complaint?.contains("--accept-gap") == true, "\(child.errors.text)")
        }
      }
    }

    @Test(arguments: ["file", "checkpoint"])
    func `a server that was put back delivers what is new, however far other tables had moved us`(record: String) throws
    {
      try TestServer.with { server in
        try server.withDatabase { database in
          let options =
            record == "file"
            ? ["--sink", "file:\(database.file)"] : ["--checkpoint", database.files.file("checkpoint")]
          try database.psql("CREATE TABLE other (t text); SELECT place(1, 5);")
          _ = try database.rest(options)
          try server.copyData()
          try database.psql("INSERT INTO other SELECT repeat('x', 500) FROM generate_series(1, 3000);")
          _ = try database.rest(options)
          try server.putBack()
          try database.psql("SELECT place(6, 9);")
          try database.psql("INSERT INTO other SELECT repeat('x', 500) FROM generate_series(1, 6000);")
          try database.psql("SELECT place(10);")
          let lines = try database.rest(options)
          let numbers = try Event.read(record == "file" ? database.fileLines : lines).numbers
          #expect(numbers.suffix(5) == [6, 7, 8, 9, 10], "\(numbers)")
        }
      }
    }

    @Test(arguments: ["file", "checkpoint"], ["started again", "connecting again"])
    func `a server that was put back and has been written on beyond our position is refused`(
      record: String, way: String
    ) throws {
      try TestServer.with { server in
        try server.withDatabase { database in
          let options =
            record == "file"
            ? ["--sink", "file:\(database.file)"] : ["--checkpoint", database.files.file("checkpoint")]
          try database.psql("SELECT place(1, 5);")
          _ = try database.rest(options)
          try server.copyData()
          try database.psql("SELECT place(6, 300);")
          let running = try database.stream(options)
          try database.waitUntilAllIsConfirmed()
          running.signal(way == "started again" ? SIGTERM : SIGSTOP)
          if way == "started again" { #expect(try running.exitCode() == 0) }
          try server.putBack()
          // The same rows, so that the same positions come again.
          for round in 0..<4 { try database.psql("SELECT place(\(round * 300 + 1006), \(round * 300 + 1300));") }
          let confirmed = try database.confirmed()
          let child = way == "started again" ? try database.stream(options + ["--until", "now"]) : running
          child.signal(SIGCONT)
          #expect(try child.exitCode(within: 60) == 78, "\(child.errors.text)")
          #expect(child.complaint?.contains("restored") == true, "\(child.errors.text)")
          if record == "file" { #expect(try Event.read(database.fileLines).numbers.allSatisfy { $0 <= 300 }) }
          // As the advice says: nothing of what is new is lost.
          #expect(try database.confirmed() == confirmed, "nothing was confirmed meanwhile")
          let expected = try database.committedNumbers().filter { $0 > 300 }
          let anew = database.files.file("anew")
          _ = try database.rest(["--sink", "file:\(anew)"])
          let lines = try String(contentsOfFile: anew, encoding: .utf8).wholeLines
          let numbers = try Event.read(lines).numbers
          #expect(
            numbers.filter { $0 > 300 } == expected.sorted(),
            "\(numbers.count) \(numbers.prefix(3)), \(expected.count) \(expected.min() ?? 0)")
        }
      }
    }

    @Test(arguments: ["started again", "connecting again"])
    func `a server that was put back to an older copy of itself is refused`(way: String) throws {
      try TestServer.with { server in
        try server.withDatabase { database in
          try database.psql("SELECT place(1, 5);")
          _ = try database.rest(["--sink", "file:\(database.file)"])
          try server.copyData()
          try database.psql("SELECT place(6, 300);")
          let running = try database.streamToFile()
          try wait(until: "all is delivered") { database.fileLines.count == 300 }
          try database.waitUntilConfirmed(Event.read(database.fileLines))
          if way == "started again" {
            running.signal(SIGTERM)
            #expect(try running.exitCode() == 0)
          }
          try server.putBack()
          try database.psql("SELECT place(1000);")
          let child = way == "started again" ? try database.streamToFile(["--until", "now"]) : running
          #expect(try child.exitCode(within: 30) == 78, "\(child.errors.text)")
          let complaint = try #require(child.complaint, "\(child.errors.text)")
          #expect(complaint.contains("restored") || complaint.contains("older"), "\(complaint)")
          #expect(try Event.read(database.fileLines).numbers == Array(1...300), "nothing is taken for what it is not")
        }
      }
    }

    @Test func `our own kills make no gap`() throws {
      try withDatabase { database in
        for number in 1...6 {
          try database.psql("SELECT place(\(number * 10), \(number * 10 + 3));")
          let stream = try database.streamToFile()
          try wait(until: "the file has them") { database.fileLines.count >= number * 4 - (number % 2) }
          try stream.kill9()
        }
        _ = try database.rest(["--sink", "file:\(database.file)"])
        #expect(try Event.read(database.fileLines).numbers.count == 24)
      }
    }
  }
}
