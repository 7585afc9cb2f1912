// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct Checkpoints {
    @Test func `the confirmed position is written down, and counts when it is ahead of the slot's`() throws {
      try TestServer.with { server in
        try server.withDatabase { database in
          let path = database.files.file("checkpoint")
          let options = ["--until", "now", "--checkpoint", path]
          // Sometimes the server writes a slot's confirmed position to disk early.
          for round in 1...5 {
            try database.psql("SELECT place(\(round));")
            let events = try Event.read(database.rest(options))
            #expect(events.numbers == [round])
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text.hasPrefix("tailrace-checkpoint 1\n") && text.contains("\nslot \(database.slot)\n"))
            let position = try #require(text.wholeLines.first { $0.hasPrefix("lsn ") }).dropFirst(4)
            #expect(try database.psql("SELECT '\(position)'::pg_lsn > '\(events[0].commitLSN)'") == "t")
            try server.kill()
            try server.start()
            if try !database.hasConfirmed(String(position)) {
              #expect(try database.rest(options).isEmpty, "although the slot has gone back")
              return
            }
          }
          Issue.record("the slot has never gone back")
        }
      }
    }

    @Test func `killed servers and killed relays together bring nothing twice that was confirmed`() throws {
      try TestServer.with { server in
        try server.withDatabase { database in
          let path = database.files.file("checkpoint")
          var delivered: [Event] = []
          for round in 0..<2 {
            try database.psql("CALL place_one_by_one(\(round * 100 + 1), \(round * 100 + 100));")
            let stream = try database.stream(["--checkpoint", path])
            try wait(until: "all is delivered") { stream.output.lineCount >= 100 }
            let events = try Event.read(stream.output.lines)
            try database.waitUntilConfirmed(events)
            try server.kill()
            try stream.kill9()
            try server.start()
            delivered += events
          }
          #expect(delivered.numbers == Array(1...200))
        }
      }
    }

    @Test func `the checkpoint of another slot or another system is refused`() throws {
      try withDatabase { database in
        let path = database.files.file("checkpoint")
        try database.psql("SELECT place(1);")
        _ = try database.rest(["--checkpoint", path])
        let other = "other_\(database.slot)"
        try database.psql("SELECT pg_create_logical_replication_slot('\(other)', 'pgoutput');")
        try refuses(database, slot: other, path, "belongs to slot \(database.slot)")
        try withDatabase(18) { elsewhere in
          try elsewhere.psql("SELECT pg_create_logical_replication_slot('\(database.slot)_copy', 'pgoutput');")
          try refuses(elsewhere, slot: "\(database.slot)_copy", path, "belongs to slot \(database.slot) of system")
        }
      }
    }

    @Test(arguments: ["", "tailrace", "cut", "flipped", "doubled", "\u{0}\u{1}"])
    func `a damaged checkpoint is refused and left as it is`(damage: String) throws {
      try withDatabase { database in
        let path = database.files.file("checkpoint")
        try database.psql("SELECT place(1);")
        _ = try database.rest(["--checkpoint", path])
        try database.psql("SELECT place(2);")
        let whole = try String(contentsOfFile: path, encoding: .utf8)
        let text =
          switch damage {
          case "cut": String(whole.dropLast(3))
          case "flipped": whole.replacing("lsn 0/", with: "lsn 1/")
          case "doubled": whole + whole
          default: damage
          }
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        try refuses(database, slot: database.slot, path, "damaged")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
        try FileManager.default.removeItem(atPath: path)
        #expect(try Event.read(database.rest(["--checkpoint", path])).numbers == [2])
      }
    }

    @Test func `a checkpoint ahead of the server's log is refused`() throws {
      try TestServer.with { server in
        try server.withDatabase { database in
          let path = database.files.file("checkpoint")
          let (data, copy) = ("\(server.directory.path)/data", "\(server.directory.path)/copy")
          try database.psql("SELECT place(1);")
          try server.stop()
          _ = try ChildProcess.run("/bin/cp", ["-a", data, copy])
          try server.start()
          try database.psql("SELECT place(2, 2000);")
          #expect(try database.rest(["--checkpoint", path]).count == 2000)
          try server.stop()
          try FileManager.default.removeItem(atPath: data)
          try FileManager.default.moveItem(atPath: copy, toPath: data)
          try server.start()
          try refuses(database, slot: database.slot, path, "the server's log ends at")
        }
      }
    }

    @Test func `an old checkpoint is told as a gap; accepted, it brings nothing back and leaves nothing out`() throws {
      try withDatabase { database in
        let path = database.files.file("checkpoint")
        try database.psql("SELECT place(1, 5);")
        #expect(try Event.read(database.rest(["--checkpoint", path])).numbers == Array(1...5))
        let old = try String(contentsOfFile: path, encoding: .utf8)
        try database.psql("SELECT place(6, 9);")
        #expect(try Event.read(database.rest(["--checkpoint", path])).numbers == Array(6...9))
        try old.write(toFile: path, atomically: false, encoding: .utf8)
        try database.psql("SELECT place(10, 12);")
        try refuses(database, slot: database.slot, path, "--accept-gap")
        #expect(try Event.read(database.rest(["--checkpoint", path, "--accept-gap"])).numbers == Array(10...12))
        #expect(try database.rest(["--checkpoint", path]).isEmpty)
      }
    }

    @Test func `a checkpoint that cannot be written ends the stream before anything is confirmed`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1);")
        let before = try database.confirmed()
        let stream = try database.stream(["--until", "now", "--checkpoint", "/nowhere/checkpoint"])
        #expect(try stream.exitCode(within: 10) == 74, "\(stream.errors.text)")
        #expect(stream.complaint?.contains("/nowhere/checkpoint") == true, "\(stream.errors.text)")
        #expect(try database.confirmed() == before)
      }
    }

    private func refuses(_ database: OutboxDatabase, slot: String, _ path: String, _ why: String) throws {
      let stream = try database.tailrace([
        "stream", "--database", database.connection, "--publication", "events", "--slot", slot, "--until", "now",
        "--checkpoint", path,
      ])
      #expect(try stream.exitCodeAfterAllOutput(within: 10) == 78, "\(stream.errors.text)")
      #expect(stream.complaint?.contains(why) == true, "\(stream.errors.text)")
      #expect(stream.output.lines.isEmpty)
    }
  }
}
