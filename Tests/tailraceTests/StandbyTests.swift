// SPDX-License-Identifier: Apache-2.0

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

    @Test func `an owner that is paused and comes back beside its successor loses, doubles and reorders nothing`()
      throws
    {
      try withDatabase { database in
        let checkpoint = ["--wait-for-slot", "--checkpoint", database.files.file("checkpoint")]
        let first = try database.streamToFile(checkpoint)
        try database.waitUntilStreaming()
        let second = try database.streamToFile(checkpoint)
        try wait(until: "the other waits") { second.errors.text.contains("waiting until it is released") }
        let writer = try database.session()
        try writer.write("CALL place_one_by_one(1, 900, 0.002);\n")
        writer.closeInput()
        for round in 1...2 {
          try wait(until: "events flow") { database.fileLines.count > round * 100 }
          first.signal(SIGSTOP)
          try database.terminateWalsender()
          Thread.sleep(forTimeInterval: 1)
          first.signal(SIGCONT)
        }
        #expect(try writer.exitCode() == 0)
        try wait(until: "all is delivered", within: 40) { database.fileLines.count >= 900 }
        for one in [first, second] {
          one.signal(SIGTERM)
          #expect(try one.exitCode() == 0, "\(one.errors.text)")
        }
        #expect(try Event.read(database.fileLines).numbers == Array(1...900))
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

    /// Its connection is of no use any more, but nobody tells.
    @Test(arguments: ["heals", "is silent for good"])
    func `whoever waits takes over although the network was cut meanwhile`(connection: String) throws {
      try withDatabase { database in
        try database.withLink { link in
          let active = try database.streamToFile()
          try database.waitUntilStreaming()
          let names = database.names(over: link).map { $0.replacing("dbname", with: "connect_timeout=2 dbname") }
          let waiting = try database.tailrace(
            ["stream"] + names + ["--sink", "file:\(database.file)", "--wait-for-slot"])
          try wait(until: "the other waits") { waiting.errors.text.contains("waiting until it is released") }
          link.cut()
          try database.psql("CALL place_one_by_one(1, 300);")
          try active.kill9()
          try database.psql("CALL place_one_by_one(301, 600);")
          Thread.sleep(forTimeInterval: 0.5)
          #expect(waiting.isRunning)
          if connection == "heals" { link.heal() } else { link.healForNewOnes() }
          try wait(until: "all is delivered") { database.fileLines.count >= 600 }
          waiting.signal(SIGTERM)
          #expect(try waiting.exitCode() == 0)
          #expect(try Event.read(database.fileLines).numbers == Array(1...600))
        }
      }
    }

    @Test func `asked to end while it waits and the server does not answer, it ends well`() throws {
      try withDatabase { database in
        try database.withLink { link in
          _ = try database.streamToFile()
          try database.waitUntilStreaming()
          let waiting = try database.tailrace(["stream"] + database.names(over: link) + ["--wait-for-slot"])
          try wait(until: "it waits") { waiting.errors.text.contains("waiting until it is released") }
          link.cut()
          Thread.sleep(forTimeInterval: 0.5)
          waiting.signal(SIGTERM)
          #expect(try waiting.exitCode(within: 3) == 0)
        }
      }
    }
  }

  @Suite struct Failover {
    @Test func `with a slot that follows a failover, whoever starts anew on the promoted standby misses nothing`()
      throws
    {
      try TestServer.with(version: 18) { server in
        try server.withDatabase { database in
          let slot = "follower"
          let names = ["--publication", "events", "--slot", slot]
          let setup = try database.tailrace(["setup", "--database", database.connection, "--failover"] + names)
          #expect(try setup.exitCode() == 0, "\(setup.errors.text)")
          let active = try database.tailrace(
            ["stream", "--database", database.connection, "--sink", "file:\(database.file)"] + names)
          try database.psql("CALL place_one_by_one(1, 200);")
          let writer = try database.session()
          try writer.write("CALL place_one_by_one(201, 100000, 0.002);\n")

          try server.withPromotedStandby(slot: slot) { standby in
            try active.kill9()
            try server.stop("immediate")
            try standby.psql("CALL place_one_by_one(200001, 200100);", database: database.name)
            let file = database.files.file("after.ndjson")
            let next = try database.tailrace(
              ["stream", "--database", standby.connection(to: database.name), "--sink", "file:\(file)"] + names
                + ["--until", "now"])
            #expect(try next.exitCode() == 0, "\(next.errors.text)")
            let before = try Event.read(database.fileLines)
            let after = try Event.read(String(contentsOfFile: file, encoding: .utf8).wholeLines)
            let there = try standby.psql("SELECT payload->>'n' FROM outbox", database: database.name)
              .split(separator: "\n").compactMap { Int($0) }
            #expect(there.count > 300)
            #expect(Set(there).subtracting(before.numbers + after.numbers).isEmpty, "every row has been delivered")
            #expect(after.isInCommitOrder && Set(after.map(\.id)).count == after.count)
            #expect(after.numbers.suffix(100) == Array(200_001...200_100)[...])
          }
        }
      }
    }

    @Test func `a message has one id before and after a failover, one written afterwards tells its timeline`() throws {
      try TestServer.with(version: 18) { server in
        try server.withDatabase { database in
          let slot = "follower"
          let names = ["--publication", "events", "--slot", slot, "--message-prefix", "outbox"]
          let setup = try database.tailrace(
            ["setup", "--database", database.connection, "--publication", "events", "--slot", slot, "--failover"])
          #expect(try setup.exitCode() == 0, "\(setup.errors.text)")
          func emit(_ server: TestServer, _ type: String) throws {
            try server.psql(
              "SELECT pg_logical_emit_message(true, 'outbox', '{\"type\": \"\(type)\"}');", database: database.name)
          }
          func events(_ server: TestServer) throws -> [Event] {
            let child = try database.tailrace(
              ["stream", "--database", server.connection(to: database.name), "--until", "now"] + names)
            #expect(try child.exitCodeAfterAllOutput(within: 30) == 0, "\(child.errors.text)")
            return try Event.read(child.output.lines)
          }
          // Only a slot that moves on is followed.
          let active = try database.tailrace(["stream", "--database", database.connection] + names)
          let writer = try database.session()
          try writer.write("CALL place_one_by_one(1, 100000, 0.01);\n")
          var before: [Event] = []
          try server.withPromotedStandby(slot: slot) { standby in
            // What is delivered now, the standby's slot knows nothing of.
            try standby.psql("ALTER SYSTEM SET sync_replication_slots = off;")
            try standby.psql("SELECT pg_reload_conf();")
            try wait(until: "slots are no longer followed") {
              try standby.psql("SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'slotsync%'") == "0"
            }
            writer.closeInput()
            try database.psql(
              "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE query LIKE 'CALL place_one_by_one%';"
            )
            active.signal(SIGTERM)
            #expect(try active.exitCode() == 0)
            try emit(server, "before")
            before = try events(server).filter { $0.type == "before" }
          } body: { standby in
            try server.stop("immediate")
            try emit(standby, "after")
            let after = try events(standby).filter { ["before", "after"].contains($0.type) }
            #expect(after.map(\.type) == ["before", "after"])
            #expect(before.map(\.id) == after.prefix(1).map(\.id), "the record's timeline counts, not the present one")
            #expect(after.last?.id.hasSuffix("-2") == true && before.first?.id.hasSuffix("-2") == false, "\(after)")
          }
        }
      }
    }

    @Test func `a stream from a standby ends when that is promoted under it`() throws {
      try TestServer.with(version: 18) { server in
        try server.withDatabase { database in
          var stream: ChildProcess?
          try server.withPromotedStandby(hasSlots: true) { standby in
            let making = try database.start(
              "/bin/sh",
              [
                "-c", "for i in 1 2 3 4 5; do sleep 1; psql -d \"$1\" -c 'SELECT pg_log_standby_snapshot()'; done",
                "sh",
                database.connection,
              ])
            try standby.psql(
              "SELECT pg_create_logical_replication_slot('\(database.slot)', 'pgoutput');", database: database.name)
            _ = try making.exitCode(within: 30)
            stream = try database.tailrace(
              ["stream", "--database", standby.connection(to: database.name), "--publication", "events"]
                + ["--slot", database.slot, "--sink", "file:\(database.file)"])
            try database.psql("SELECT place(1);")
            try wait(until: "it is delivered") { database.fileLines.count == 1 }
          } body: { standby in
            let stream = try #require(stream)
            try wait(until: "it is the primary") { try standby.psql("SELECT pg_is_in_recovery()") == "f" }
            try standby.psql("SELECT place(2);", database: database.name)
            #expect(try stream.exitCode(within: 20) == 78, "\(stream.errors.text)")
            #expect(stream.complaint?.contains("was promoted") == true, "\(stream.errors.text)")
          }
        }
      }
    }

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
  /// A standby that has followed this server and has been promoted, for the time of `body`; with a slot that it is to
  /// have too.
  func withPromotedStandby(
    slot: String? = nil, hasSlots: Bool = false, beforePromotion: (TestServer) throws -> Void = { _ in },
    body: (TestServer) throws -> Void
  ) throws {
    let standby = try TestServer(standbyOf: self, hasSlots: hasSlots || slot != nil)
    defer { standby.destroy() }
    if let slot {
      try wait(until: "the standby has the slot", within: 60, every: 0.2) {
        // Only a position that moves on is taken over.
        try psql("SELECT pg_log_standby_snapshot();")
        return try standby.psql(
          "SELECT synced AND NOT temporary FROM pg_replication_slots WHERE slot_name = '\(slot)'") == "t"
      }
    }
    try beforePromotion(standby)
    try wait(until: "the standby has everything") {
      try standby.psql("SELECT pg_last_wal_replay_lsn() >= '\(psql("SELECT pg_current_wal_flush_lsn()"))'") == "t"
    }
    try standby.psql("SELECT pg_promote();")
    try body(standby)
  }
}
