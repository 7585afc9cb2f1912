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

    @Test(arguments: ["started again", "connecting again"])
    func `a server that was put back to an older copy of itself is refused`(way: String) throws {
      try TestServer.with { server in
        try server.withDatabase { database in
          let (data, copy) = ("\(server.directory.path)/data", "\(server.directory.path)/copy")
          try database.psql("SELECT place(1, 5);")
          _ = try database.rest(["--sink", "file:\(database.file)"])
          try server.stop()
          _ = try ChildProcess.run("/bin/cp", ["-a", data, copy])
          try server.start()
          try database.psql("SELECT place(6, 300);")
          let running = try database.streamToFile()
          try wait(until: "all is delivered") { database.fileLines.count == 300 }
          try database.waitUntilConfirmed(Event.read(database.fileLines))
          if way == "started again" {
            running.signal(SIGTERM)
            #expect(try running.exitCode() == 0)
          }
          try server.stop("immediate")
          _ = try ChildProcess.run("/bin/rm", ["-rf", data])
          _ = try ChildProcess.run("/bin/mv", [copy, data])
          try server.start()
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
