// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What a message advises is done as it is written, and then it works.
  @Suite struct AdviceFollowed {
    struct Breakage: CustomTestStringConvertible, Sendable {
      let testDescription: String
      var sql = ""
      var options: [String] = []
      /// The options that the advice names are given the next time.
      var takesOptions = false
      let words: String

      init(
        _ description: String, _ sql: String, _ options: [String] = [], takesOptions: Bool = false, says words: String
      ) {
        testDescription = description
        (self.sql, self.options, self.takesOptions, self.words) = (sql, options, takesOptions, words)
      }
    }

    private static let parts = """
      CREATE TABLE whole (LIKE outbox INCLUDING DEFAULTS) PARTITION BY LIST (aggregateid);
      CREATE TABLE part PARTITION OF whole DEFAULT;
      """
    private static let again = "DROP PUBLICATION events; CREATE PUBLICATION events"
    private static let insert = "WITH (publish = 'insert');"

    private static let streaming = [
      Breakage(
        "a table that is not published", "ALTER PUBLICATION events DROP TABLE outbox;",
        says: "is not in publication events"),
      Breakage(
        "a table and a publication with odd names",
        #"CREATE SCHEMA "user"; ALTER TABLE outbox SET SCHEMA "user"; ALTER TABLE "user".outbox RENAME TO "Or""der"; ALTER PUBLICATION events DROP TABLE "user"."Or""der";"#,
        ["--table", #""user"."Or""der""#], says: #"ADD TABLE "user"."Or""der";"#),
      Breakage(
        "a partition that is not published", "\(parts) \(again) FOR TABLE outbox \(insert)",
        ["--table", "outbox", "--table", "whole"],
        says: "public.part, a part of public.whole, is not in"),
      Breakage(
        "inserts that are not published", "ALTER PUBLICATION events SET (publish = 'update');",
        says: "does not publish inserts"),
      Breakage(
        "a row filter", "\(again) FOR TABLE outbox WHERE (aggregateid <> 'b') \(insert)", says: "has a row filter"),
      Breakage(
        "a list of columns", "\(again) FOR TABLE outbox (id, aggregatetype, aggregateid, type) \(insert)",
        says: "without column payload"),
      Breakage(
        "a generated column",
        "ALTER TABLE outbox DROP aggregatetype; ALTER TABLE outbox ADD aggregatetype text GENERATED ALWAYS AS ('order') STORED;",
        says: "because it is generated"),
      Breakage(
        "a partition that is published as its table",
        "\(parts) \(again) FOR TABLE whole WITH (publish = 'insert', publish_via_partition_root = true);",
        ["--table", "part"],
        takesOptions: true, says: "--table public.whole"),
    ]

    @Test(arguments: [15, 18], streaming)
    func `stream says how to go on`(version: Int, breakage: Breakage) throws {
      try withDatabase(version) { database in
        try database.psql(breakage.sql)
        try database.psql("SELECT pg_drop_replication_slot('\(database.slot)');")
        try database.makeSlot()
        let broken = try database.stream(breakage.options)
        #expect(try broken.exitCode() == 78)
        let complaint = try #require(broken.complaint, "\(broken.errors.text)")
        #expect(complaint.contains(breakage.words), "\(complaint)")
        let advice = try database.follow(broken)
        #expect(!advice.steps.isEmpty || breakage.takesOptions, "\(complaint)")
        let options = breakage.takesOptions ? advice.options : breakage.options
        let table = breakage.takesOptions ? "whole" : options.last ?? "outbox"
        try database.psql(
          "INSERT INTO \(table) (aggregatetype, aggregateid, payload) VALUES ('order', 'a', '{\"n\": 1}');")
        #expect(try Event.read(database.rest(options)).numbers == [1], "\(complaint)")
      }
    }

    @Test(arguments: [15, 18])
    func `a table without the log is made one with it`(version: Int) throws {
      try withDatabase(version, "") { database in
        try database.psql(
          OutboxDatabase.schema.replacing("CREATE TABLE", with: "CREATE UNLOGGED TABLE").replacing(
            "CREATE PUBLICATION events FOR TABLE outbox WITH (publish = 'insert');", with: ""))
        let setup = try database.command("setup")
        #expect(try setup.exitCode() == 78)
        #expect(setup.complaint?.contains("is unlogged") == true, "\(setup.errors.text)")
        try database.follow(setup)
        #expect(try database.command("setup").exitCode() == 0)
        try database.expectWorking()
      }
    }

    @Test(arguments: [15, 18], ["stream", "setup"])
    func `a view is called a view`(version: Int, command: String) throws {
      try withDatabase(version) { database in
        try database.psql("CREATE VIEW shown AS SELECT * FROM outbox;")
        let child = try database.command(command, ["--table", "shown"])
        #expect(try child.exitCode() == 78)
        #expect(
          child.complaint?.contains("is a view") == true && child.complaint?.contains("--table") == true,
          "\(child.errors.text)")
      }
    }

    private static let settingUp = [
      Breakage("other operations", "CREATE PUBLICATION events FOR TABLE outbox;", says: "publishes update"),
      Breakage(
        "another table",
        "CREATE TABLE \"Other\" (n int); CREATE PUBLICATION events FOR TABLE outbox, \"Other\" \(insert)",
        says: "public.\"Other\" is in it"),
      Breakage(
        "a schema", "CREATE SCHEMA app; CREATE PUBLICATION events FOR TABLE outbox, TABLES IN SCHEMA app \(insert)",
        says: "schema app is in it"),
      Breakage("a missing table", "CREATE PUBLICATION events \(insert)", says: "public.outbox is not in it"),
      Breakage(
        "a row filter", "CREATE PUBLICATION events FOR TABLE outbox WHERE (aggregateid <> 'b') \(insert)",
        says: "row filter"),
      Breakage(
        "a partitioned table",
        "DROP TABLE outbox; CREATE TABLE outbox (id uuid DEFAULT gen_random_uuid(), aggregatetype text DEFAULT 'order', aggregateid text, type text DEFAULT 'Placed', payload jsonb) PARTITION BY LIST (aggregateid); CREATE TABLE part PARTITION OF outbox DEFAULT; CREATE PUBLICATION events FOR TABLE outbox \(insert)",
        says: "publish_via_partition_root is false"),
    ]

    @Test(arguments: [15, 18], settingUp)
    func `set-up says how to change a publication`(version: Int, breakage: Breakage) throws {
      try withDatabase(version) { database in
        try database.psql("DROP PUBLICATION events;" + breakage.sql)
        try database.psql("SELECT pg_drop_replication_slot('\(database.slot)');")
        let setup = try database.command("setup")
        #expect(try setup.exitCode() == 78)
        let complaint = try #require(setup.complaint, "\(setup.errors.text)")
        #expect(complaint.contains(breakage.words), "\(complaint)")
        try database.follow(setup)
        let again = try database.command("setup")
        #expect(try again.exitCode() == 0, "\(complaint) \(again.errors.text)")
        try database.expectWorking()
      }
    }

    @Test(arguments: [15, 18])
    func `what is missing is made with the command that is printed, the table too`(version: Int) throws {
      try withDatabase(version, "") { database in
        try database.psql("CREATE SCHEMA \"My App\";")
        let table = #""My App"."Order's""#
        let stream = try database.stream(["--table", table])
        #expect(try stream.exitCode() == 78)
        let complaint = try #require(stream.complaint)
        #expect(complaint.contains("does not exist") && complaint.contains("--create-table"), "\(complaint)")
        try database.follow(stream)
        try database.psql(
          "INSERT INTO \(table) (aggregatetype, aggregateid, type, payload) VALUES ('o', 'a', 'P', '{\"n\": 1}');")
        #expect(try Event.read(database.rest(["--table", table])).numbers == [1])
      }
    }

    @Test(arguments: [15, 18])
    func `a publication that is made again does not lead in a circle`(version: Int) throws {
      try withDatabase(version) { database in
        let options = ["--sink", "file:\(database.file)"]
        try database.psql("SELECT place(1);")
        _ = try database.rest(options)
        try database.psql("DROP PUBLICATION events; SELECT place(2);")
        let missing = try database.stream(options)
        #expect(try missing.exitCode() == 78)
        #expect(missing.complaint?.contains("in database \"\(database.name)\"") == true, "\(missing.errors.text)")
        let command = try #require(missing.complaint.map { Advice($0) }?.steps.first)
        guard case .command(let words) = command else { throw ChildProcess.Failure(description: "no command") }
        let setup = try database.start("/bin/sh", ["-c", "'\(Tailrace.path)'" + words.dropFirst("tailrace".count)])
        #expect(try setup.exitCode() == 0, "\(setup.errors.text)")
        #expect(setup.errors.text.contains("rows since \(try database.confirmed())"), "\(setup.errors.text)")
        // Whoever does not read that is told it again.
        let again = try database.stream(options)
        #expect(try again.exitCode() == 78)
        #expect(again.errors.text.contains("published otherwise than before"), "\(again.errors.text)")
        #expect(again.complaint?.contains("as tailrace doctor") == true, "\(again.errors.text)")
        // Written with the new one, it is not to be passed.
        try database.psql("SELECT place(3);")
        try database.passAsDoctorSays()
        let gap = try database.stream(options + ["--until", "now"])
        #expect(try gap.exitCode() == 78)
        #expect(gap.complaint?.contains("--accept-gap") == true, "\(gap.errors.text)")
        _ = try database.rest(options + ["--accept-gap"])
        #expect(try Event.read(database.fileLines).numbers == [1, 3])
      }
    }

    @Test(arguments: [15, 18])
    func `what a slot cannot read through a younger publication is passed as it is said`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql(
          "DROP PUBLICATION events; SELECT place(1); CREATE PUBLICATION events FOR TABLE outbox \(Self.insert)")
        let stream = try database.stream(["--until", "now"])
        #expect(try stream.exitCode() == 78, "\(stream.errors.text)")
        let complaint = try #require(stream.complaint)
        #expect(complaint.contains("as tailrace doctor"), "\(complaint)")
        try database.passAsDoctorSays()
        try database.expectWorking()
      }
    }

    @Test(arguments: [15, 18])
    func `a full server is told before anything is made, and how to make room`(version: Int) throws {
      try TestServer.with(version: version, settings: ["max_replication_slots": "1"]) { server in
        try server.withDatabase { full in
          try server.withDatabase("") { database in
            let setup = try database.command("setup", ["--create-table"])
            #expect(try setup.exitCode() == 78)
            #expect(setup.complaint?.contains("max_replication_slots") == true, "\(setup.errors.text)")
            #expect(try database.psql("SELECT count(*) FROM pg_publication") == "0")
            let temporary = try full.command("stream", ["--temporary-slot"], slot: "another")
            #expect(try temporary.exitCode() == 78)
            #expect(temporary.complaint?.contains("max_replication_slots") == true, "\(temporary.errors.text)")
            try database.follow(setup)
            try server.restart()
            #expect(try database.command("setup", ["--create-table"]).exitCode() == 0)
            try database.expectWorking()
          }
        }
      }
    }

    @Test(arguments: [15, 18])
    func `a role is given what it lacks, and nothing is made before`(version: Int) throws {
      try withDatabase(version, "") { database in
        try database.withRole("LOGIN") { role in
          defer { _ = try? database.psql("DROP PUBLICATION events; DROP OWNED BY \(role);") }
          try database.psql(
            "CREATE SCHEMA app; CREATE TABLE outbox (id int); ALTER TABLE outbox ADD aggregatetype text, ADD aggregateid text, ADD type text, ADD payload jsonb;"
          )
          let names = [
            "--database", database.server.connection(to: database.name, user: role), "--publication", "events",
            "--slot", database.slot,
          ]
          let options = ["--table", "outbox", "--table", "app.events", "--create-table"]
          let setup = try database.tailrace(["setup"] + names + options)
          #expect(try setup.exitCode() == 77)
          let complaint = try #require(setup.complaint)
          #expect(try database.psql("SELECT count(*) FROM pg_publication") == "0")
          for case .statement(let sql) in Advice(complaint).steps { try database.psql(sql) }
          let again = try database.tailrace(["setup"] + names + options)
          #expect(try again.exitCode() == 0, "\(complaint) \(again.errors.text)")
          try database.psql("ALTER ROLE \(role) NOREPLICATION;")
          let stream = try database.tailrace(["stream"] + names + options.dropLast())
          #expect(try stream.exitCode() == 77)
          #expect(stream.complaint?.contains("REPLICATION;") == true, "\(stream.errors.text)")
          try database.follow(stream)
          #expect(try database.tailrace(["stream"] + names + options.dropLast() + ["--until", "now"]).exitCode() == 0)
          try database.psql("REVOKE CONNECT ON DATABASE \(database.name) FROM PUBLIC;")
          let closed = try database.tailrace(["stream"] + names + options.dropLast())
          #expect(try closed.exitCode() == 77)
          try database.follow(closed)
          #expect(
            try database.tailrace(["stream"] + names + options.dropLast() + ["--until", "now"]).exitCode() == 0,
            "\(closed.errors.text)")
        }
      }
    }

    @Test(arguments: [15, 18])
    func `teardown throws nothing away unless it is told to`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql("SELECT place(1, 3); SELECT place(4);")
        let refused = try database.command("teardown")
        #expect(try refused.exitCode() == 78)
        let complaint = try #require(refused.complaint)
        #expect(complaint.contains("database \"\(database.name)\" has 4 unread events"), "\(complaint)")
        #expect(try database.rest().count == 4)
        // What is not an event is no reason to ask.
        try database.psql(
          "CREATE TABLE other (n int); INSERT INTO other SELECT generate_series(1, 1000); DELETE FROM outbox;")
        #expect(try database.command("teardown", ["--dry-run"]).exitCode() == 0)
        try database.psql("SELECT place(5);")
        let again = try database.command("teardown")
        #expect(try again.exitCode() == 78)
        try database.follow(again)
        #expect(
          try database.psql("SELECT count(*) FROM pg_replication_slots WHERE slot_name = '\(database.slot)'") == "0")
      }
    }

    @Test func `a command that is advised is about the same database, without its password`() throws {
      try withDatabase(15, "") { database in
        let uri = "postgresql://postgres:opensesame@127.0.0.1:\(database.server.port)/\(database.name)"
        let stream = try database.tailrace([
          "stream", "--database", uri, "--publication", "events", "--slot=\(database.slot)", "--table", "outbox",
        ])
        #expect(try stream.exitCode() == 78)
        let complaint = try #require(stream.complaint)
        #expect(complaint.contains("dbname=\(database.name)") && !complaint.contains("sesame"), "\(complaint)")
        try database.follow(stream)
        #expect(try database.psql("SELECT count(*) FROM pg_publication") == "1")
      }
    }

    private static let headers = OutboxDatabase.schema + "ALTER TABLE outbox ADD headers jsonb;"

    @Test(arguments: [#"{"not a name": 1}"#, #"{"a-b": 1, "A_B": 2}"#])
    func `a header that can be no attribute is named, and left out as it is said`(headers: String) throws {
      try withDatabase(15, Self.headers) { database in
        try database.psql(
          "INSERT INTO outbox (aggregateid, payload, headers) VALUES ('a', '{\"n\": 1}', '\(headers)');")
        let stream = try database.stream(["--until", "now", "--on-bad-header", "fail"])
        #expect(try stream.exitCode() == 65)
        let flag = try #require(
          stream.complaint?.firstMatch(of: #/--ignore-header ('[^']*'|\S+)/#).map { String($0.output.0) },
          "\(stream.errors.text)")
        let program = ([Tailrace.path, "stream"] + database.names + ["--until", "now", "--on-bad-header", "fail"])
          .map { "'\($0)'" }.joined(separator: " ")
        let again = try database.start("/bin/sh", ["-c", "\(program) \(flag)"])
        #expect(try again.exitCodeAfterAllOutput() == 0, "\(flag): \(again.errors.text)")
        #expect(try Event.read(again.output.lines).numbers == [1])
      }
    }

    @Test func `a header that is left out is named in the warning, and a clash is no warning`() throws {
      try withDatabase(15, Self.headers) { database in
        try database.psql(
          "INSERT INTO outbox (aggregateid, payload, headers) VALUES ('a', '{\"n\": 1}', '{\"Type\": 1}');")
        let stream = try database.stream(["--until", "now"])
        #expect(try stream.exitCode() == 0)
        #expect(stream.errors.text.contains("header 'Type' can be no attribute"), "\(stream.errors.text)")
        try database.psql(
          "INSERT INTO outbox (aggregateid, payload, headers) VALUES ('a', '{\"n\": 1}', '{\"a.b\": 1, \"ab\": 2}');")
        #expect(try database.stream(["--until", "now"]).exitCode() == 65)
      }
    }

    @Test func `a type that cannot serve is named, and done without as it is said`() throws {
      try withDatabase { database in
        try database.psql("ALTER TABLE outbox ADD occurred_at date DEFAULT now(); SELECT place(1);")
        let stream = try database.stream(["--until", "now"])
        #expect(try stream.exitCode() == 65)
        let complaint = try #require(stream.complaint)
        #expect(complaint.contains("(date)") && complaint.contains("--column occurred_at="), "\(complaint)")
        #expect(try Event.read(database.rest(["--column", "occurred_at="])).numbers == [1])
      }
    }

    @Test func `an end tells what was delivered, what was confirmed and what went to the dead letters`() throws {
      try withDatabase { database in
        try database.psql(
          "ALTER TABLE outbox ALTER type DROP NOT NULL; SELECT place(1, 3);"
            + "INSERT INTO outbox (aggregateid, type) VALUES ('a', NULL);")
        let stopped = try database.stream(["--until", "now"])
        #expect(try stopped.exitCode() == 65)
        #expect(stopped.errors.text.contains("info: delivered 3 events, confirmed up to "), "\(stopped.errors.text)")
        let letters = ["--on-poison", "dead-letter", "--dead-letters", "file:\(database.files.file("letters"))"]
        try database.psql("SELECT place(4);")
        let stream = try database.stream(["--until", "now"] + letters)
        #expect(try stream.exitCode() == 0)
        let words = try #require(stream.messages.last)
        #expect(
          words.contains("delivered 1 events, confirmed up to \(try database.confirmed()); 0 events and 1 rows went"),
          "\(words)")
      }
    }

    @Test func `once it has started, it says that it waits`() throws {
      try withDatabase { database in
        let stream = try database.stream()
        try wait(until: "it says so") { stream.errors.text.contains("ready: waits for") }
        #expect(stream.errors.text.contains("table public.outbox"), "\(stream.errors.text)")
        try database.terminateWalsender()
        try wait(until: "it tries again") { stream.errors.text.contains("trying again") }
        try database.psql("SELECT place(1);")
        try wait(until: "it goes on") { stream.output.lineCount == 1 }
        #expect(stream.messages.count { $0.contains("ready: ") } == 1, "\(stream.errors.text)")
      }
    }

    @Test(arguments: ["missing", "of an earlier version"])
    func `a table for dead letters is made or completed with the command that is printed`(state: String) throws {
      try withDatabase { database in
        if state != "missing" {
          #expect(try database.command("setup", ["--dead-letter-table", "\"Dead\""]).exitCode() == 0)
          try database.psql("ALTER TABLE \"Dead\" DROP COLUMN aggregatetype;")
        }
        let options = ["--on-poison", "dead-letter", "--dead-letters", "table:\"Dead\""]
        let stream = try database.stream(options + ["--until", "now"])
        #expect(try stream.exitCode() == 78, "\(stream.errors.text)")
        try database.follow(stream)
        try database.psql("SELECT place(1);")
        #expect(try Event.read(database.rest(options)).numbers == [1])
      }
    }

    @Test func `an unknown parameter is the connection's, not set-up's`() throws {
      try withDatabase { database in
        for setting in ["no_such=1", "work_mem=lots"] {
          let stream = try database.tailrace(
            [
              "stream", "--database", database.connection + " options='-c \(setting)'", "--publication", "events",
              "--slot", database.slot,
            ])
          #expect(try stream.exitCode() == 78)
          #expect(stream.complaint?.contains("check options") == true, "\(stream.errors.text)")
        }
      }
    }

    @Test func `a slot that does not follow a failover is made to`() throws {
      try withDatabase(18) { database in
        let setup = try database.command("setup", ["--failover"])
        #expect(try setup.exitCode() == 78)
        let complaint = try #require(setup.complaint)
        let command = try #require(
          complaint.firstMatch(of: #/ALTER_REPLICATION_SLOT [^;]*;/#).map { String($0.output) }, "\(complaint)")
        let psql = try database.start(
          "/bin/sh", ["-c", "\"$0\" bindir --version 18", TestServer.path])
        _ = try psql.exitCodeAfterAllOutput()
        let client = try database.start(
          psql.output.lines[0] + "/psql", ["\(database.connection) replication=database", "-c", command])
        #expect(try client.exitCode() == 0, "\(client.errors.text)")
        #expect(try database.command("setup", ["--failover"]).exitCode() == 0)
      }
    }

    @Test(arguments: [15, 18])
    func `a lost slot is given up as it is said`(version: Int) throws {
      try TestServer.with(
        version: version, settings: ["max_slot_wal_keep_size": "1MB", "max_wal_size": "32MB", "min_wal_size": "32MB"]
      ) { server in
        try server.withDatabase { database in
          let options = ["--sink", "file:\(database.file)"]
          try database.psql("ALTER TABLE outbox ADD occurred_at timestamptz NOT NULL DEFAULT now(); SELECT place(1);")
          _ = try database.rest(options)
          try database.psql("SELECT place(2);")
          try database.loseSlot()
          let setup = try database.command("setup")
          #expect(try setup.exitCode() == 78)
          let stream = try database.stream(options)
          #expect(try stream.exitCode() == 78)
          let advice = try database.follow(stream)
          #expect(advice.options == ["--accept-gap"] && advice.steps.count == 3, "\(stream.errors.text)")
          try database.psql("SELECT place(3);")
          _ = try database.rest(options + advice.options)
          #expect(try Event.read(database.fileLines).numbers == [1, 3])
        }
      }
    }
  }
}

extension OutboxDatabase {
  func command(_ name: String, _ options: [String] = [], slot: String? = nil) throws -> ChildProcess {
    try tailrace([name, "--database", connection, "--publication", "events", "--slot", slot ?? self.slot] + options)
  }

  /// A row that is placed comes.
  fileprivate func expectWorking() throws {
    try psql(
      "INSERT INTO outbox (aggregatetype, aggregateid, type, payload) VALUES ('order', 'a', 'Placed', '{\"n\": 77}');")
    let numbers = try Event.read(rest()).numbers
    guard numbers == [77] else { throw ChildProcess.Failure(description: "\(numbers)") }
  }
}
