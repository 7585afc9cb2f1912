import Foundation
import Testing

extension Integration {
  @Suite struct Standby {
    @Test(arguments: [SIGKILL, SIGTERM])
    func `whoever waits for the slot takes over within a second, and the file has every row once`(
      signal: Int32
    ) throws {
      try withDatabase { database in
        var active = try database.streamToFile(["--wait-for-slot"])
        try database.waitUntilStreaming()
        let writer = try database.session()
        try writer.write("CALL place_one_by_one(1, 1500, 0.002);\n")
        writer.closeInput()
        for round in 1...2 {
          let waiting = try database.streamToFile(["--wait-for-slot"])
          try wait(until: "the other waits") { waiting.errors.text.contains("waiting until it is released") }
          try wait(until: "events flow") { database.fileLines.count > round * 200 }
          #expect(!waiting.errors.text.contains("streaming from slot"))
          active.signal(signal)
          let pause = try duration {
            try wait(until: "the other takes over", every: 0.005) {
              waiting.errors.text.contains("streaming from slot")
            }
          }
          #expect(pause < 1)
          #expect(try active.exitCode() == (signal == SIGTERM ? 0 : -SIGKILL))
          active = waiting
        }
        #expect(try writer.exitCode() == 0)
        try wait(until: "all is delivered") { database.fileLines.count >= 1500 }
        active.signal(SIGTERM)
        #expect(try active.exitCode() == 0)
        #expect(try Event.read(database.fileLines).numbers == Array(1...1500))
      }
    }

    @Test func `asked to end while it waits for the slot, it ends well`() throws {
      try withDatabase { database in
        let active = try database.streamToFile()
        try database.waitUntilStreaming()
        let waiting = try database.streamToFile(["--wait-for-slot"])
        try wait(until: "it waits") { waiting.errors.text.contains("waiting until it is released") }
        waiting.signal(SIGTERM)
        #expect(try waiting.exitCode(within: 3) == 0)
        #expect(active.isRunning)
      }
    }
  }

  @Suite struct Failover {
    @Test func `after a failover nothing goes on by itself`() throws {
      try TestServer.with { server in
        try server.withDatabase { database in
          let path = database.files.file("checkpoint")
          try database.psql("SELECT place(1, 5);")
          let file = ["--sink", "file:\(database.file)"]
          #expect(try Event.read(database.rest(["--checkpoint", path])).numbers == Array(1...5))
          try database.psql("SELECT place(6, 9);")
          _ = try database.rest(file)
          let lines = database.fileLines
          #expect(lines.count == 4)

          try server.withPromotedStandby { standby in
            func code(_ options: [String], _ why: String) throws -> Int32 {
              let child = try database.tailrace(
                ["stream", "--database", standby.connection(to: database.name), "--publication", "events"]
                  + ["--slot", database.slot, "--until", "now"] + options)
              let code = try child.exitCodeAfterAllOutput(within: 20)
              #expect(child.complaint?.contains(why) == true, "\(child.errors.text)")
              #expect(child.output.lines.isEmpty)
              return code
            }
            #expect(try code([], "does not exist") == 78, "the slot has stayed behind")
            #expect(try standby.psql("SELECT count(*) FROM pg_replication_slots") == "0", "nor is it made anew")
            try standby.psql(
              "SELECT pg_create_logical_replication_slot('\(database.slot)', 'pgoutput'); SELECT place(10, 12);",
              database: database.name)
            #expect(try code(["--checkpoint", path], "timeline") == 78)
            #expect(try code(file, "timeline") == 78)
            #expect(database.fileLines == lines)
          }
        }
      }
    }
  }
}

extension TestServer {
  /// A standby that has followed this server and has been promoted, for the time of `body`.
  func withPromotedStandby(_ body: (TestServer) throws -> Void) throws {
    let standby = try TestServer(standbyOf: self)
    defer { standby.destroy() }
    try wait(until: "the standby has everything") {
      try standby.psql("SELECT pg_last_wal_replay_lsn() >= '\(psql("SELECT pg_current_wal_flush_lsn()"))'") == "t"
    }
    try standby.psql("SELECT pg_promote();")
    try body(standby)
  }
}
