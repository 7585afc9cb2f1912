// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct Idle {
    @Test func `while only other tables are written, the confirmed position follows and no WAL is pinned`() throws {
      try TestServer.with { server in
        try server.withDatabase { database in
          let stream = try database.stream()
          try database.waitUntilStreaming()
          try database.psql("CREATE TABLE other (n int, filler text);")
          for _ in 0..<4 {
            try database.psql(
              "INSERT INTO other SELECT n, repeat('x', 1000) FROM generate_series(1, 20000) n; SELECT pg_switch_wal();")
          }
          let position = try database.position()
          try wait(until: "the confirmed position follows") { try database.hasConfirmed(position) }
          try wait(until: "the slot needs no old WAL any more", every: 0.2) {
            try database.psql("CHECKPOINT;")
            return try database.psql(
              """
              SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) < 20000000 FROM pg_replication_slots
              WHERE slot_name = '\(database.slot)'
              """) == "t"
          }
          #expect(stream.output.lineCount == 0)
        }
      }
    }

    @Test func `with a short wal_sender_timeout, silence does not cost the connection`() throws {
      try TestServer.with(settings: ["wal_sender_timeout": "4s"]) { server in
        try server.withDatabase { database in
          let stream = try database.stream()
          try database.waitUntilStreaming()
          let walsender = try database.walsender()
          Thread.sleep(forTimeInterval: 10)
          #expect(try database.walsender() == walsender)
          try database.psql("SELECT place(1);")
          try wait(until: "the event arrives", within: 10) { stream.output.lineCount == 1 }
        }
      }
    }

    @Test func `with a short wal_sender_timeout, a stalled reader does not cost the connection`() throws {
      try TestServer.with(settings: ["wal_sender_timeout": "4s"]) { server in
        try server.withDatabase { database in
          try database.psql("CALL place_one_by_one(1, 5000);")
          let stream = try database.stream(reader: .stalled)
          try database.waitUntilStreaming()
          let walsender = try database.walsender()
          Thread.sleep(forTimeInterval: 10)
          #expect(try database.walsender() == walsender)
          stream.output.resume()
          try wait(until: "all is delivered") { stream.output.lineCount >= 5000 }
          #expect(try Event.read(stream.output.lines).numbers == Array(1...5000))
        }
      }
    }

    @Test func `when it was stopped longer than wal_sender_timeout, it connects again and loses nothing`() throws {
      try TestServer.with(settings: ["wal_sender_timeout": "1500ms"]) { server in
        try server.withDatabase { database in
          let stream = try database.streamToFile()
          try database.waitUntilStreaming()
          try database.psql("CALL place_one_by_one(1, 500);")
          stream.signal(SIGSTOP)
          try database.psql("CALL place_one_by_one(501, 1000);")
          Thread.sleep(forTimeInterval: 3)
          #expect(try database.walsender() == nil)
          stream.signal(SIGCONT)
          try database.psql("CALL place_one_by_one(1001, 1500);")
          try wait(until: "all is delivered") { database.fileLines.count >= 1500 }
          stream.signal(SIGTERM)
          #expect(try stream.exitCode() == 0)
          #expect(try Event.read(database.fileLines).numbers == Array(1...1500))
        }
      }
    }

    @Test func `while nothing happens, it uses no processor time`() throws {
      try TestServer.with(settings: ["autovacuum": "off"]) { server in
        try server.withDatabase { database in
          let stream = try database.stream()
          try database.psql("SELECT place(1);")
          try wait(until: "the event arrives") { stream.output.lineCount == 1 }
          Thread.sleep(forTimeInterval: 1)
          let before = try ProcessFacts.processorTicks(stream.pid)
          Thread.sleep(forTimeInterval: 3)
          // A tick is 10 ms: three in three seconds are one per cent.
          #expect(try ProcessFacts.processorTicks(stream.pid) - before < 3)
        }
      }
    }
  }
}
