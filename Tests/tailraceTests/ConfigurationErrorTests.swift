// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Things on the server that are not as they must be: exit code 78, or 69 where waiting may help.
  @Suite struct ConfigurationErrors {
    @Test(arguments: [15, 18])
    func `a slot that does not exist is an error that names tailrace setup`(version: Int) throws {
      try withDatabase(version) { database in
        let child = try database.tailrace([
          "stream", "--database", database.connection, "--publication", "events", "--slot", "nowhere",
        ])
        #expect(try child.exitCode(within: 10) == 78)
        let complaint = try #require(child.complaint)
        #expect(complaint.contains("\"nowhere\" does not exist") && complaint.contains("tailrace setup"))
      }
    }

    @Test func `a publication that does not exist is an error that names tailrace setup`() throws {
      try withDatabase { database in
        let child = try database.tailrace([
          "stream", "--database", database.connection, "--publication", "nowhere", "--slot", database.slot,
        ])
        #expect(try child.exitCode(within: 10) == 78)
        let complaint = try #require(child.complaint)
        #expect(complaint.contains("\"nowhere\" does not exist") && complaint.contains("tailrace setup"))
      }
    }

    @Test func `a table that does not exist or is not published is an error that names it`() throws {
      try withDatabase { database in
        let missing = try database.stream(["--table", "app.nowhere"])
        #expect(try missing.exitCode(within: 10) == 78)
        #expect(missing.complaint?.contains("app.nowhere does not exist") == true, "\(missing.errors.text)")
        try database.psql("CREATE TABLE unpublished (LIKE outbox);")
        let unpublished = try database.stream(["--table", "unpublished"])
        #expect(try unpublished.exitCode(within: 10) == 78)
        #expect(
          unpublished.complaint?.contains("public.unpublished is not in publication") == true,
          "\(unpublished.errors.text)")
      }
    }

    @Test func `a server without logical decoding is an error that names wal_level`() throws {
      try TestServer.with(settings: ["wal_level": "replica"]) { server in
        for command in ["stream", "setup"] {
          let child = try ChildProcess(
            Tailrace.path,
            [command, "--database", server.connection(to: "postgres"), "--publication", "events", "--slot", "s"])
          #expect(try child.exitCode(within: 10) == 78)
          #expect(child.complaint?.contains("wal_level") == true, "\(child.errors.text)")
        }
      }
    }

    @Test(arguments: [15, 18])
    func `a slot in use is an error that names who uses it`(version: Int) throws {
      try withDatabase(version) { database in
        _ = try database.stream()
        try database.waitUntilStreaming()
        let walsender = try #require(try database.walsender())
        let second = try database.stream()
        #expect(try second.exitCode(within: 15) == 69)
        #expect(second.complaint?.contains(walsender) == true, "\(second.errors.text)")
      }
    }

    @Test(arguments: [15, 18])
    func `a slot whose WAL was removed is an error, and is never made anew`(version: Int) throws {
      try TestServer.with(
        version: version, settings: ["max_slot_wal_keep_size": "1MB", "max_wal_size": "32MB", "min_wal_size": "32MB"]
      ) { server in
        try server.withDatabase { database in
          try database.psql("SELECT place(1);")
          try database.loseSlot()
          let child = try database.stream()
          #expect(try child.exitCode(within: 10) == 78)
          #expect(
            child.complaint?.contains("\"\(database.slot)\" has been invalidated") == true, "\(child.errors.text)")
          #expect(
            try database.psql("SELECT wal_status FROM pg_replication_slots WHERE slot_name = '\(database.slot)'")
              == "lost")
        }
      }
    }

    @Test func `a slot that was idle for too long is an error, and is never made anew`() throws {
      try TestServer.with(version: 18, settings: ["idle_replication_slot_timeout": "1s"]) { server in
        try server.withDatabase { database in
          let slot = "FROM pg_replication_slots WHERE slot_name = '\(database.slot)'"
          try database.psql("SELECT place(1);")
          try wait(until: "the slot is invalidated", every: 0.5) {
            try database.psql("SELECT pg_switch_wal(); CHECKPOINT;")
            return try database.psql("SELECT invalidation_reason \(slot)") == "idle_timeout"
          }
          let child = try database.stream()
          #expect(try child.exitCode(within: 10) == 78)
          #expect(
            child.complaint?.contains("\"\(database.slot)\" has been invalidated") == true, "\(child.errors.text)")
          #expect(try database.psql("SELECT invalidation_reason \(slot)") == "idle_timeout")
        }
      }
    }

    @Test(arguments: [15, 18])
    func `a publication that is dropped while it streams ends it before a row is lost`(version: Int) throws {
      try withDatabase(version) { database in
        let stream = try database.stream()
        try database.psql("SELECT place(1);")
        try wait(until: "the event arrives") { stream.output.lineCount == 1 }
        try database.psql("DROP PUBLICATION events;")
        let ahead = try database.psql(
          "BEGIN; DO 'BEGIN PERFORM place(2); END'; SELECT pg_current_wal_insert_lsn(); COMMIT;")
        #expect(try stream.exitCodeAfterAllOutput(within: 20) == 78)
        #expect(stream.complaint?.contains("events") == true, "\(stream.errors.text)")
        #expect(try Event.read(stream.output.lines).numbers == [1])
        // The row that nobody got is still ahead of the confirmed position.
        #expect(
          try database.psql(
            "SELECT confirmed_flush_lsn <= '\(ahead)' FROM pg_replication_slots WHERE slot_name = '\(database.slot)'")
            == "t")
        let again = try database.stream()
        #expect(try again.exitCode(within: 10) == 78)
      }
    }
  }
}
