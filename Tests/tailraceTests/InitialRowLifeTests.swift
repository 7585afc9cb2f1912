// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Initial rows from one start to the next, and what set-up, doctor and peek say of them.
  @Suite struct InitialRowLife {
    private static let versions = [15, 18]

    @Test(arguments: versions)
    func `a teardown takes with it what was kept of its slot alone, and the next set-up keeps it anew`(version: Int)
      throws
    {
      try withDatabase(version, InitialRowsDatabase.schema) { database in
        try database.psql("SELECT place(1, 3);")
        try database.setUpWithSnapshot()
        try database.psql(
          "INSERT INTO tailrace_snapshots SELECT 'other', outbox, outbox_id, system, consistent_point, snapshot, row_count FROM tailrace_snapshots;"
        )
        let dry = try database.command("teardown", ["--dry-run"])
        #expect(try dry.exitCodeAfterAllOutput() == 0)
        #expect(
          dry.output.text.contains(
            #"DELETE FROM "public"."tailrace_snapshots" WHERE slot = E'\#(database.slot)'; -- the table stays"#),
          "\(dry.output.text)")
        #expect(try database.command("teardown").exitCode() == 0)
        #expect(try database.psql("SELECT slot FROM tailrace_snapshots") == "other")
        let setup = try database.command("setup", ["--snapshot"])
        #expect(try setup.exitCode(within: 60) == 0, "\(setup.errors.text)")
        try database.psql("SELECT place(4);")
        _ = try database.rest(["--initial-rows", "--sink", "file:\(database.file)"])
        #expect(try Event.read(database.fileLines).numbers == [1, 2, 3, 4])
      }
    }

    @Test(arguments: versions)
    func `a role that may not remove what was kept is told who does`(version: Int) throws {
      try withDatabase(version, InitialRowsDatabase.schema) { database in
        try database.psql("SELECT place(1, 3);")
        try database.setUpWithSnapshot()
        try database.withRole("LOGIN REPLICATION") { role in
          try database.psql(
            "GRANT CREATE ON DATABASE \(database.name) TO \(role); ALTER PUBLICATION events OWNER TO \(role);")
          let connection = database.server.connection(to: database.name, user: role)
          let names = ["--publication", "events", "--slot", database.slot]
          let teardown = try database.tailrace(["teardown", "--database", connection] + names)
          #expect(try teardown.exitCode() == 0, "\(teardown.errors.text)")
          #expect(teardown.messages.contains { $0.contains("is left") && $0.contains("DELETE FROM") })
          #expect(try database.psql("SELECT count(*) FROM tailrace_snapshots") == "1" && database.slots() == 0)
          try database.psql("DROP OWNED BY \(role);")
        }
        // Whoever may, does so later.
        #expect(try database.command("teardown").exitCode() == 0)
        #expect(try database.psql("SELECT count(*) FROM tailrace_snapshots") == "0")
      }
    }

    @Test(arguments: versions)
    func `doctor tells whether they can come, and peek that it does not show them`(version: Int) throws {
      try withDatabase(version, InitialRowsDatabase.schema) { database in
        let options = ["--sink", "file:\(database.file)", "--initial-rows"]
        func look(_ options: [String]) throws -> Examination.Check? { try database.doctor(options)["initial-rows"] }
        try database.psql("SELECT place(1, 30);")
        let without = try #require(try look(options))
        #expect(without.state == "failure" && without.found.contains("made without a snapshot"), "\(without)")
        try database.setUpWithSnapshot()
        let ready = try #require(try look(options))
        #expect(ready.state == "ok" && ready.found.contains("30 rows") && ready.found.contains("0 have"), "\(ready)")
        #expect(try look(["--sink", "file:\(database.file)"]) == nil)

        try database.psql("SELECT place(31); ALTER TABLE outbox DROP CONSTRAINT outbox_pkey;")
        let keyless = try #require(try look(options))
        #expect(keyless.state == "failure" && keyless.mend.contains { $0.contains("PRIMARY KEY") }, "\(keyless)")
        try database.psql("ALTER TABLE outbox ADD PRIMARY KEY (id);")

        let peek = try database.tailrace(["peek"] + database.names + options)
        #expect(try peek.exitCodeAfterAllOutput() == 0, "\(peek.errors.text)")
        #expect(peek.output.lines.count == 2 && peek.messages.filter { $0.contains("--initial-rows") }.count == 1)

        _ = try database.rest(options)
        let over = try #require(try look(options))
        #expect(over.state == "ok" && over.found.contains("30 initial rows are delivered"), "\(over)")
        let other = try #require(try look(["--initial-rows", "--sink", "file:\(database.files.file("other"))"]))
        #expect(other.state == "failure" && other.found.contains("has gone on"), "\(other)")
      }
    }

    @Test(arguments: versions)
    func `left in a configuration, the key delivers them once and does nothing at later starts`(version: Int) throws {
      try withDatabase(version, InitialRowsDatabase.schema) { database in
        try database.psql("SELECT place(1, 1200);")
        try database.setUpWithSnapshot()
        let relay = database.relay("orders", "sink: file:\(database.file)", "initial-rows: true")
        for count in [1200, 1210, 1220] {
          let child = try database.run("relays:\n\(relay)")
          if count > 1200 { try database.psql("SELECT place(\(count - 9), \(count));") }
          try wait(until: "the events are in the file", within: 30) { database.fileLines.count >= count }
          child.signal(SIGTERM)
          #expect(try child.exitCode() == 0, "\(child.errors.text)")
          let events = try Event.read(database.fileLines)
          #expect(events.numbers.sorted() == Array(1...count) && events.isInCommitOrder && events.isOrderedPerKey)
        }
      }
    }

    @Test(arguments: versions)
    func `over HTTP the checkpoint keeps how far they are, and once all are delivered none comes again`(version: Int)
      throws
    {
      try withDatabase(version, InitialRowsDatabase.schema) { database in
        try database.psql("SELECT place(1, 4000);")
        try database.setUpWithSnapshot()
        try database.psql("SELECT place(4001, 4010);")
        let server = try WebServer { request in .init(request.number % 50 == 0 ? 503 : 204) }
        defer { server.close() }
        let options = [
          "--initial-rows", "--checkpoint", database.files.file("checkpoint"), "--http-mode", "batch", "--batch-size",
          "20",
        ]
        let killed = try database.stream(to: server, options)
        try wait(until: "half of them have come", within: 60) { server.taken.count > 2000 }
        try killed.kill9()
        let second = try database.stream(to: server, options + ["--until", "now"])
        #expect(try second.exitCode(within: 60) == 0, "\(second.errors.text)")
        let taken = server.taken
        // What was under way when it was killed, and not all from the first on.
        #expect(taken.count < 8000 && Set(taken.numbers) == Set(1...4010))
        #expect(taken.firsts.isOrderedPerKey && server.repeatsPlaces)
        let third = try database.stream(to: server, options + ["--until", "now"])
        #expect(try third.exitCode(within: 60) == 0 && server.taken.count == taken.count, "\(third.errors.text)")
      }
    }
  }
}

extension WebServer {
  /// Whether every event had the same position each time.
  fileprivate var repeatsPlaces: Bool {
    Dictionary(grouping: taken, by: \.id).values.allSatisfy { Set($0.map(\.sequence)).count == 1 }
  }
}
