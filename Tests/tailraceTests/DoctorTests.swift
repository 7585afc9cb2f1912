// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Each breakage is named, what is printed as its mend is executed as it is printed, what is left is done literally, and then
  /// all is well.
  @Suite struct DoctorFinds {
    @Test(arguments: [15, 18])
    func `nothing wrong with a stream that is set up, by at least fifteen checks`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql("SELECT place(1);")
        let found = try database.doctor(["--strict"])
        #expect(found.code == 0, "\(found.words)")
        #expect(found.checks.count >= 15)
        #expect(Set(found.checks.map(\.id)).count == found.checks.count)
        #expect(found.checks.filter { $0.state == "unknown" }.map(\.id) == ["server-disk"])
        #expect(found.checks.allSatisfy { !$0.found.isEmpty && !$0.means.isEmpty })
        // Nothing has been moved.
        #expect(try Event.read(database.rest()).numbers == [1])
      }
    }

    struct Breakage: CustomTestStringConvertible, Sendable {
      let testDescription: String
      let id: String
      let sql: String
      let says: String

      init(_ description: String, _ id: String, _ sql: String, says: String) {
        (testDescription, self.id, self.sql, self.says) = (description, id, sql, says)
      }
    }

    private static let ofPublication = [
      Breakage("no publication", "publication", "DROP PUBLICATION events;", says: "does not exist"),
      Breakage(
        "a publication without the table", "publication-tables", "ALTER PUBLICATION events DROP TABLE outbox;",
        says: "public.outbox is not in it"),
      Breakage(
        "a publication without inserts", "publication-inserts", "ALTER PUBLICATION events SET (publish = 'update');",
        says: "does not publish inserts"),
      Breakage(
        "a row filter", "row-filter", "ALTER PUBLICATION events SET TABLE outbox WHERE (aggregateid <> 'b');",
        says: "row filter"),
      Breakage(
        "a column list without the payload", "column-list",
        "ALTER PUBLICATION events SET TABLE outbox (id, aggregatetype, aggregateid, type);", says: "payload"),
    ]

    @Test(arguments: [15, 18], ofPublication)
    func `what is wrong with a publication`(version: Int, breakage: Breakage) throws {
      try withDatabase(version) { database in
        try database.psql(breakage.sql)
        try database.psql("SELECT place(1);")
        let broken = try database.doctor()
        #expect(broken.code == 78)
        let check = try #require(broken[breakage.id])
        #expect(check.state == "failure", "\(broken.words)")
        #expect(check.found.contains(breakage.says), "\(check.found)")
        #expect(!check.mend.isEmpty)
        try database.mend(broken)
        let mended = try database.doctor(["--strict"])
        #expect(mended.code == 0, "\(mended.words)")
        try database.psql("SELECT place(2);")
        #expect(try Event.read(database.rest()).numbers.contains(2))
      }
    }

    @Test(arguments: [15, 18])
    func `a publication that was made again, which moves the slot and says how many rows that skips`(
      version: Int
    ) throws {
      try withDatabase(version) { database in
        try database.psql("DROP PUBLICATION events;")
        try database.psql("SELECT place(1, 3);")
        try database.psql("CREATE PUBLICATION events FOR TABLE outbox WITH (publish = 'insert');")
        try database.psql("SELECT place(4);")
        let broken = try database.doctor()
        #expect(broken.code == 78)
        let check = try #require(broken["publication-age"])
        #expect(check.state == "failure", "\(broken.words)")
        #expect(check.mend.count == 1 && check.mend[0].contains("pg_replication_slot_advance"), "\(check.mend)")
        #expect(check.means.contains("(3 rows of the outbox)"), "\(check.means)")
        #expect(check.means.contains(try database.confirmed()), "\(check.means)")
        try database.mend(broken)
        let mended = try database.doctor(["--strict"])
        #expect(mended.code == 0, "\(mended.words)")
        // What came behind its making is not skipped.
        #expect(try Event.read(database.rest()).numbers == [4])
      }
    }

    @Test(arguments: [15, 18])
    func `a missing slot`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql("SELECT pg_drop_replication_slot('\(database.slot)');")
        let broken = try database.doctor()
        #expect(broken.code == 78)
        #expect(broken["slot"]?.state == "failure", "\(broken.words)")
        try database.mend(broken)
        let mended = try database.doctor(["--strict"])
        #expect(mended.code == 0, "\(mended.words)")
      }
    }

    @Test(arguments: [15, 18])
    func `a slot of another program, which stays`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql(
          "SELECT pg_drop_replication_slot('\(database.slot)'); "
            + "SELECT pg_create_logical_replication_slot('\(database.slot)', 'test_decoding');")
        let broken = try database.doctor()
        #expect(broken.code == 78)
        let check = try #require(broken["slot"])
        #expect(check.found.contains("test_decoding"), "\(broken.words)")
        try database.mend(broken)
        let flag = try #require(check.todo.joined().firstMatch(of: #/--slot ([a-z0-9_]+)/#))
        let names = Array(database.names.dropLast()) + [String(flag.output.1)]
        let mended = try database.doctor(["--strict"], names: names)
        #expect(mended.code == 0, "\(mended.words)")
        #expect(
          try database.psql("SELECT plugin FROM pg_replication_slots WHERE slot_name = '\(database.slot)'")
            == "test_decoding")
      }
    }

    @Test(arguments: [15, 18])
    func `a slot that is lost`(version: Int) throws {
      let settings = ["max_slot_wal_keep_size": "1MB", "max_wal_size": "32MB", "min_wal_size": "32MB"]
      try TestServer.with(version: version, settings: settings) { server in
        try server.withDatabase { database in
          try database.loseSlot()
          let broken = try database.doctor()
          #expect(broken.code == 78)
          #expect(broken["slot"]?.found.contains("invalidated") == true, "\(broken.words)")
          try database.mend(broken)
          let mended = try database.doctor()
          #expect(mended.code == 0, "\(mended.words)")
        }
      }
    }

    @Test(arguments: [15, 18])
    func `a slot that another client has`(version: Int) throws {
      try withDatabase(version) { database in
        let other = try database.tailrace(
          ["capture", "--output", database.files.file("capture")] + database.names,
          environment: ["PGAPPNAME": "another"])
        try database.waitUntilStreaming()
        let broken = try database.doctor()
        #expect(broken.code == 78)
        let check = try #require(broken["slot-use"])
        #expect(check.state == "failure" && check.found.contains("'another'"), "\(broken.words)")
        #expect(check.todo.joined().contains("stop that client"), "\(check.todo)")
        other.signal(SIGTERM)
        _ = try other.exitCode()
        // It may have gone already.
        try database.mend(broken)
        let mended = try database.doctor(["--strict"])
        #expect(mended.code == 0, "\(mended.words)")
      }
    }

    @Test func `a relay that runs is told of, and is no failure`() throws {
      try withDatabase { database in
        let relay = try database.streamToFile()
        try database.waitUntilStreaming()
        let found = try database.doctor(["--sink", "file:\(database.file)"])
        #expect(found.code == 0, "\(found.words)")
        #expect(found["slot-use"]?.state == "warning")
        let file = try #require(found["sink-file"])
        #expect(file.state == "warning" && file.found.contains("PID \(relay.pid)"), "\(file.found)")
        #expect(try database.doctor(["--strict"]).code == 78)
      }
    }

    @Test(arguments: [15, 18])
    func `a server whose log does not hold enough`(version: Int) throws {
      try TestServer.with(version: version, settings: ["wal_level": "replica"]) { server in
        try server.withDatabase("") { database in
          try database.psql(OutboxDatabase.schema)
          let broken = try database.doctor()
          #expect(broken.code == 78)
          let check = try #require(broken["wal-level"])
          #expect(check.state == "failure" && check.found.contains("replica"), "\(broken.words)")
          try database.mend(broken)
          #expect(check.todo.joined().contains("restart the server"), "\(check.todo)")
          try server.restart()
          try database.follow(broken.todo.joined(separator: "\n"))
          let mended = try database.doctor(["--strict"])
          #expect(mended.code == 0, "\(mended.words)")
        }
      }
    }
  }
}
