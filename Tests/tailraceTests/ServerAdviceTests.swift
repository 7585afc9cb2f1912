// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What is advised about the server and the way to it is done as it is written, and then it works.
  @Suite struct ServerAdvice {
    /// A stream to the present, over another connection.
    private func stream(
      _ database: OutboxDatabase, _ connection: String, _ options: [String] = [], slot: String? = nil,
      environment: [String: String] = [:]
    ) throws -> ChildProcess {
      let names = ["--publication", "events", "--slot", slot ?? database.slot, "--until", "now"]
      return try database.tailrace(
        ["stream", "--database", connection] + names + options, environment: environment)
    }

    private func expect(_ child: ChildProcess, _ code: Int32, _ words: String...) throws {
      #expect(try child.exitCodeAfterAllOutput(within: 60) == code, "\(child.errors.text)")
      for words in words { #expect(child.complaint?.contains(words) == true, "\(child.errors.text)") }
    }

    private func works(_ child: ChildProcess) throws {
      #expect(try child.exitCodeAfterAllOutput(within: 60) == 0, "\(child.errors.text)")
    }

    @Test func `a connection string is written as it is said`() throws {
      try withDatabase { database in
        let port = database.server.port
        let refused = try stream(database, "jdbc:postgresql://127.0.0.1:\(port)/\(database.name)")
        try expect(refused, 64, "postgresql://user@host:port/database", "host=… dbname=…")
        try works(stream(database, "postgresql://postgres@127.0.0.1:\(port)/\(database.name)"))
        try works(stream(database, "host=127.0.0.1 port=\(port) user=postgres dbname=\(database.name)"))
      }
    }

    @Test(arguments: [
      (["PGSERVICE": "nowhere"], ""), (["PGCHANNELBINDING": "require"], ""), ([:], " channel_binding=require"),
      ([:], " service=nowhere"), (["PGOPTIONS": "-c no_such=1"], ""),
      (["PGSERVICE": "it", "PGSERVICEFILE": "/nowhere"], ""),
    ])
    func `what is asked of the connection is looked up where it is said, and left`(
      environment: [String: String], words: String
    ) throws {
      try withDatabase { database in
        let refused = try stream(database, database.connection + words, environment: environment)
        try expect(refused, 78)
        for name in environment.keys where name != "PGSERVICEFILE" {
          let said = name == "PGCHANNELBINDING" ? "channel_binding" : name
          #expect(refused.complaint?.contains(said) == true, "\(refused.errors.text)")
        }
        let named = words.split(separator: "=").first.map { $0.dropFirst() } ?? "check"
        let said = refused.complaint?.lowercased() ?? ""
        #expect(said.contains(named.replacing("_", with: " ")), "\(said)")
        try works(stream(database, database.connection))
      }
    }

    @Test func `a password is given in each of the ways that are said`() throws {
      try withDatabase { database in
        try database.withRole("LOGIN REPLICATION PASSWORD 'opensesame' IN ROLE secretive") { role in
          let connection = database.server.connection(to: database.name, user: role)
          let home = ["HOME": database.files.path]
          try expect(
            stream(database, connection, environment: home), 77, "PGPASSWORD", "~/.pgpass", "connection string")
          try expect(
            stream(database, connection + " password=wrong", environment: home), 77, "PGPASSWORD", "~/.pgpass")
          try works(stream(database, connection, environment: home.merging(["PGPASSWORD": "opensesame"]) { $1 }))
          try works(stream(database, connection + " password=opensesame", environment: home))
          let file = database.files.file(".pgpass")
          try "*:*:*:\(role):opensesame\n".write(toFile: file, atomically: false, encoding: .utf8)
          try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
          try works(stream(database, connection, environment: home))
        }
      }
    }

    @Test func `whom pg_hba.conf does not let in is let in there`() throws {
      try TestServer.with { server in
        try server.withDatabase { database in
          let rules = server.directory.path + "/data/pg_hba.conf"
          let before = try String(contentsOfFile: rules, encoding: .utf8)
          try "local all all trust\n".write(toFile: rules, atomically: false, encoding: .utf8)
          _ = try ChildProcess.run(TestServer.path, ["restart", server.directory.path])
          try expect(stream(database, database.connection), 77, "pg_hba.conf")
          try before.write(toFile: rules, atomically: false, encoding: .utf8)
          try server.restart()
          try works(stream(database, database.connection))
        }
      }
    }

    @Test func `TLS that cannot be had is not asked for, and a database that is not there is another`() throws {
      try withDatabase { database in
        try expect(stream(database, database.connection + " sslmode=require"), 78, "check sslmode")
        try works(stream(database, database.connection + " sslmode=prefer"))
        try expect(stream(database, database.server.connection(to: "nowhere")), 78, "check the database name")
        try works(stream(database, database.connection))
      }
    }

    @Test(arguments: [15, 18])
    func `a log with too little in it is given more, and then all is well`(version: Int) throws {
      try TestServer.with(version: version, settings: ["wal_level": "replica"]) { server in
        try server.withDatabase("") { database in
          let setup = try database.command("setup", ["--create-table"])
          try expect(setup, 78, "wal_level is replica")
          try expect(stream(database, database.connection), 78, "ALTER SYSTEM SET wal_level = 'logical';", "restart")
          try database.follow(setup)
          try server.restart()
          try works(database.command("setup", ["--create-table"]))
          try works(stream(database, database.connection))
        }
      }
    }

    @Test(arguments: [15, 18])
    func `on a standby, the primary is found as it is said`(version: Int) throws {
      try TestServer.with(version: version) { server in
        try server.withDatabase { database in
          let standby = try TestServer(standbyOf: server)
          defer { standby.destroy() }
          try wait(until: "the standby has the database", within: 60) {
            try standby.psql("SELECT count(*) FROM pg_database WHERE datname = '\(database.name)'") == "1"
              && standby.psql("SELECT count(*) FROM pg_publication", database: database.name) == "1"
          }
          let there = standby.connection(to: database.name)
          let both =
            "host=127.0.0.1,127.0.0.1 port=\(standby.port),\(server.port) user=postgres dbname=\(database.name)"
          let names = ["--publication", "events", "--slot", "other"]
          let setup = try database.tailrace(["setup", "--database", there] + names)
          if version < 16 {
            try expect(setup, 78, "is a standby", "target_session_attrs=primary")
            try expect(stream(database, there), 78, "is a standby", "target_session_attrs=primary")
          } else {
            // What only a primary can make.
            let publication = try database.tailrace([
              "setup", "--database", there, "--publication", "more", "--slot", "another",
            ])
            try expect(publication, 78, "is a standby", "target_session_attrs=primary")
            try setup.kill9()
          }
          let teardown = try database.tailrace(["teardown", "--database", there, "--force"] + names)
          try expect(teardown, 78, "is a standby", "target_session_attrs=primary")
          let primary = both + " target_session_attrs=primary"
          try works(database.tailrace(["setup", "--database", primary] + names))
          try works(stream(database, primary, slot: "other"))
          try works(database.tailrace(["teardown", "--database", primary] + names))
        }
      }
    }

    @Test(arguments: [15, 18])
    func `a slot that is another's is left, and another one taken or its database gone to`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql("SELECT pg_create_logical_replication_slot('\(database.slot)_foreign', 'test_decoding');")
        let foreign = "\(database.slot)_foreign"
        try expect(stream(database, database.connection, slot: foreign), 78, "test_decoding", "--slot")
        for command in ["setup", "teardown"] {
          let child = try database.command(command, slot: foreign)
          try expect(child, 78, "test_decoding")
          #expect(
            child.complaint?.contains(command == "setup" ? "choose another name with --slot" : "name the slot of this")
              == true, "\(child.errors.text)")
        }
        try works(database.command("setup", slot: "\(database.slot)_own"))
        try works(stream(database, database.connection, slot: "\(database.slot)_own"))
        try works(database.command("teardown", slot: "\(database.slot)_own"))
        try database.server.withDatabase("") { other in
          for command in ["setup", "stream", "teardown"] {
            let child = try other.command(command, command == "setup" ? ["--create-table"] : [], slot: database.slot)
            try expect(child, 78, "database", database.name)
            #expect(try other.psql("SELECT count(*) FROM pg_publication") == "0")
          }
        }
        try works(database.command("setup"))
      }
    }

    @Test func `whoever has the slot is stopped as it is said`() throws {
      try withDatabase { database in
        let other = try database.streamToFile()
        try database.waitUntilStreaming()
        try expect(stream(database, database.connection), 69, "stop the other client")
        let teardown = try database.command("teardown")
        try expect(teardown, 69, "stop that client")
        other.signal(SIGTERM)
        try works(other)
        try works(stream(database, database.connection))
        try works(database.command("teardown"))
      }
    }

    @Test(arguments: [15, 18])
    func `a publication of all tables, or another kind of slot, is left for one of another name`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql("CREATE PUBLICATION everything FOR ALL TABLES WITH (publish = 'insert');")
        let names = ["--database", database.connection, "--slot", database.slot, "--publication"]
        try expect(
          database.tailrace(["setup"] + names + ["everything"]), 78, "FOR ALL TABLES",
          "choose another name with --publication")
        try works(database.tailrace(["setup"] + names + ["other"]))
        if version < 17 {
          let failover = try database.command("setup", ["--failover"], slot: "\(database.slot)_2")
          try expect(failover, 78, "leave --failover")
          try works(database.command("setup", slot: "\(database.slot)_2"))
        }
      }
    }

    @Test(arguments: [15, 18])
    func `a foreign table's rows are kept in a table, and a view's in what is below it`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql(
          """
          CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
          CREATE FOREIGN TABLE abroad (id uuid, aggregatetype text, aggregateid text, type text, payload jsonb)
            SERVER nowhere;
          CREATE VIEW shown AS SELECT * FROM outbox; CREATE MATERIALIZED VIEW kept AS SELECT * FROM outbox;
          """)
        for (table, words) in [
          ("abroad", "is a foreign table"), ("shown", "is a view"), ("kept", "is a view"),
        ] {
          for command in ["stream", "setup"] {
            try expect(
              database.command(command, ["--table", table]), 78, words, table == "abroad" ? "keep" : "--table")
          }
        }
        try works(stream(database, database.connection, ["--table", "outbox"]))
      }
    }

    @Test(arguments: [15, 18])
    func `columns that are left out are done without as it is said`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql(
          """
          ALTER TABLE outbox ADD body jsonb; DROP PUBLICATION events;
          CREATE PUBLICATION events FOR TABLE outbox (id, aggregatetype, aggregateid, type, body)
            WITH (publish = 'insert');
          SELECT pg_drop_replication_slot('\(database.slot)');
          """)
        try database.makeSlot()
        try expect(
          stream(database, database.connection), 78, "without column payload", "map other columns with --column")
        try database.psql("INSERT INTO outbox (aggregateid, body) VALUES ('a', '{\"n\": 1}');")
        #expect(try Event.read(database.rest(["--column", "payload=body"])).numbers == [1])
      }
    }

    @Test(arguments: ["table", "schema"])
    func `a role that may not keep letters is given what it lacks`(lacks: String) throws {
      try withDatabase { database in
        try database.withRole("LOGIN REPLICATION") { role in
          defer { _ = try? database.psql("DROP OWNED BY \(role);") }
          let table = lacks == "table" ? "public.\"Dead\"" : "hidden.letters"
          try works(database.command("setup", ["--dead-letter-table", table]))
          try database.psql(
            "ALTER TABLE outbox ALTER type DROP NOT NULL; INSERT INTO outbox (aggregateid, type) VALUES ('a', NULL);")
          let connection = database.server.connection(to: database.name, user: role)
          let options = ["--on-poison", "dead-letter", "--dead-letters", "table:\(table)"]
          let refused = try stream(database, connection, options)
          try expect(refused, 77, "dead letters", "GRANT SELECT, INSERT, DELETE ON TABLE")
          #expect(refused.complaint?.contains("REPLICATION") == false, "\(refused.errors.text)")
          try database.follow(refused)
          try works(stream(database, connection, options))
          let list = try database.tailrace(
            ["dead-letters", "list", "--database", connection, "--count", "--dead-letters", "table:\(table)"])
          try works(list)
          #expect(list.output.text == "1\n")
        }
      }
    }

    @Test(arguments: [15, 18])
    func `a role that may not remove all of it removes nothing, and is given what it lacks`(version: Int) throws {
      try withDatabase(version) { database in
        try database.withRole("LOGIN") { role in
          defer { _ = try? database.psql("DROP OWNED BY \(role);") }
          let names = [
            "--database", database.server.connection(to: database.name, user: role), "--publication", "events",
            "--slot",
            database.slot,
          ]
          let refused = try database.tailrace(["teardown"] + names)
          try expect(refused, 77, "REPLICATION;", "OWNER TO")
          #expect(!database.confirmedIsGone)
          try database.follow(refused)
          try works(database.tailrace(["teardown"] + names))
          #expect(database.confirmedIsGone)
        }
      }
    }

    @Test(arguments: [15, 18])
    func `a schema that is not there is made with the table, and printed before it`(version: Int) throws {
      try withDatabase(version, "") { database in
        let options = [
          "--create-table", "--table", "\"My Own\".outbox", "--table", "\"My Own\".more",
          "--dead-letter-table", "more.dead",
        ]
        let dry = try database.command("setup", options + ["--dry-run"])
        try works(dry)
        #expect(dry.output.lines.count { $0.hasPrefix("CREATE SCHEMA") } == 2, "\(dry.output.text)")
        try database.withRole("LOGIN REPLICATION") { role in
          defer { _ = try? database.psql("DROP OWNED BY \(role) CASCADE;") }
          let names = [
            "--database", database.server.connection(to: database.name, user: role), "--publication", "events",
            "--slot",
            database.slot,
          ]
          let refused = try database.tailrace(["setup"] + names + options)
          try expect(refused, 77, "GRANT CREATE ON DATABASE")
          try database.follow(refused)
          let setup = try database.tailrace(["setup"] + names + options)
          try works(setup)
          #expect(setup.messages.contains { $0.contains("schema My Own: made") }, "\(setup.errors.text)")
          try works(database.tailrace(["setup"] + names + options))
          try works(stream(database, database.connection, Array(options[1...4])))
          try database.psql("DROP PUBLICATION events;")
        }
      }
    }

    @Test func `whoever has locked the letters' table is found as it is said`() throws {
      try withDatabase { database in
        try works(database.command("setup", ["--dead-letter-table", "\"Dead\""]))
        let lock = try database.session()
        try lock.write("BEGIN; LOCK TABLE \"Dead\" IN ACCESS EXCLUSIVE MODE; SELECT pg_backend_pid();\n")
        try wait(until: "it is locked") { lock.output.lineCount == 1 }
        let stream = try database.stream(["--on-poison", "dead-letter", "--dead-letters", "table:\"Dead\""])
        let words = try eventually("it is told") { stream.messages.first { $0.contains("has locked") } }
        guard case .statement(let sql) = Advice(words).steps.first else {
          throw ChildProcess.Failure(description: words)
        }
        #expect(try database.psql(sql) == lock.output.lines[0])
        try database.psql("SELECT pg_terminate_backend(\(lock.output.lines[0]));")
        try wait(until: "it goes on", within: 30) { stream.errors.text.contains("ready: ") }
      }
    }

    @Test func `a prepared transaction that is waited for is ended with the statement that is printed`() throws {
      try TestServer.with { server in
        try server.withDatabase("") { database in
          let name = "it's \u{1B}[2J\\ a transaction"
          try database.psql(
            """
            CREATE TABLE t (n int); BEGIN; INSERT INTO t VALUES (1);
            PREPARE TRANSACTION '\(name.replacing("'", with: "''"))';
            """)
          let setup = try database.command("setup", ["--create-table"])
          let words = try eventually("it says so") { setup.messages.first { $0.contains("ROLLBACK PREPARED") } }
          #expect(words.contains("in database \(database.name)"), "\(words)")
          let sql = try #require(words.firstRange(of: "ROLLBACK PREPARED").map { String(words[$0.lowerBound...]) })
          try database.psql(sql)
          try works(setup)
        }
      }
    }

    @Test(
      arguments: [
        ("19.0", "replica", nil), ("19.0", "logical", nil), ("19beta1", "replica", nil), ("19.0", "minimal", 78),
        ("18.3", "replica", 78),
      ] as [(String, String, Int32?)])
    func `from version 19 on, a log that the first slot raises by itself suffices`(
      version: String, level: String, code: Int32?
    ) throws {
      let server = try FakePostgres(version: version, answers: [("SHOW wal_level", [[level]])])
      defer { server.close() }
      let stream = try ChildProcess(Tailrace.path, server.options + ["--no-retry"])
      let ended = try stream.exitCode()
      #expect(server.statements.contains { $0.hasPrefix("START_REPLICATION") } == (code == nil), "\(server.statements)")
      #expect(ended == code ?? 69, "\(stream.errors.text)")
      #expect((stream.complaint?.contains("ALTER SYSTEM SET wal_level") == true) == (code != nil))
    }

    @Test func `what an old server cannot do is left to it as it is said`() throws {
      let server = try FakePostgres(version: "13.9")
      defer { server.close() }
      try expect(
        ChildProcess(Tailrace.path, server.options + ["--streaming", "on"]), 78, "version 13", "--streaming auto")
      #expect(!server.statements.contains { $0.hasPrefix("START_REPLICATION") })
      let stream = try ChildProcess(Tailrace.path, server.options + ["--streaming", "auto", "--no-retry"])
      _ = try stream.exitCode()
      #expect(server.statements.contains { $0.hasPrefix("START_REPLICATION") }, "\(stream.errors.text)")
    }

    @Test func `half a slot that nobody makes any more is dropped with the statement that is printed`() throws {
      try withDatabase { database in
        let half: [[String?]] = [["pgoutput", "shop", "reserved", nil, "f", nil]]
        let server = try FakePostgres(answers: [("FROM pg_catalog.pg_replication_slots", half)])
        defer { server.close() }
        let options = server.options.dropLast() + [database.slot]
        let stream = try ChildProcess(Tailrace.path, Array(options))
        try expect(stream, 78, "is only half made")
        try database.follow(stream)
        #expect(database.confirmedIsGone)
        try works(database.command("setup"))
        try works(self.stream(database, database.connection))
      }
    }

    @Test(arguments: ["stream", "setup", "teardown"])
    func `that no database is named is said, and then one is`(command: String) throws {
      try withDatabase { database in
        let names = ["--publication", "events", "--slot", database.slot]
        let more = command == "stream" ? ["--no-retry"] : []
        let child = try database.tailrace([command] + names + more)
        #expect(try child.exitCode() != 0)
        let complaint = try #require(child.complaint, "\(child.errors.text)")
        #expect(complaint.contains("no database is named"), "\(complaint)")
        for way in ["--database", "PGHOST", "PGDATABASE", "PGSERVICE"] {
          #expect(complaint.contains(way), "\(complaint)")
        }
        let until = command == "stream" ? ["--until", "now"] : []
        try works(database.tailrace([command, "--database", database.connection] + names + until))
        if command == "teardown" { return }
        try works(
          database.tailrace(
            [command] + names + until,
            environment: [
              "PGHOST": "127.0.0.1", "PGPORT": database.server.port, "PGUSER": "postgres", "PGDATABASE": database.name,
            ]))
        try works(
          database.tailrace([command] + names + until, environment: ["TAILRACE_DATABASE": database.connection]))
      }
    }

    @Test(arguments: [15, 18], ["stream", "setup"])
    func `columns and types that the table is seen to lack are told at the start, by name`(
      version: Int, command: String
    )
      throws
    {
      try withDatabase(version) { database in
        try database.psql(
          "CREATE DOMAIN day AS date; CREATE DOMAIN instant AS timestamptz; ALTER TABLE outbox ADD occurred_at day;")
        let until = command == "stream" ? ["--until", "now"] : []
        let typed = try database.command(command, until)
        try works(typed)
        #expect(
          typed.messages.contains { $0.contains("warning: table public.outbox, column occurred_at: its type (date)") },
          "\(typed.errors.text)")
        try database.psql("ALTER TABLE outbox DROP occurred_at, ADD occurred_at instant;")
        let fine = try database.command(command, until)
        try works(fine)
        #expect(!fine.errors.text.contains("warning"), "\(fine.errors.text)")
        try database.psql("ALTER TABLE outbox DROP type, ADD kind text DEFAULT 'Placed';")
        let missing = try database.command(command, until)
        try works(missing)
        #expect(
          missing.messages.contains { $0.contains("warning: table public.outbox has no column type,") },
          "\(missing.errors.text)")
        if command == "stream" {
          let mapped = try database.command(command, until + ["--column", "type=kind"])
          try works(mapped)
          #expect(!mapped.errors.text.contains("warning"), "\(mapped.errors.text)")
        }
      }
    }

    @Test func `on a standby, making a slot says what it waits for, and that helps`() throws {
      try TestServer.with(version: 18) { server in
        try server.withDatabase { database in
          let standby = try TestServer(standbyOf: server, hasSlots: true)
          defer { standby.destroy() }
          try wait(until: "the standby has the publication", within: 60) {
            try standby.psql("SELECT count(*) FROM pg_publication", database: database.name) == "1"
          }
          let setup = try database.tailrace([
            "setup", "--database", standby.connection(to: database.name), "--publication", "events", "--slot", "there",
          ])
          let words = try eventually("it says so", within: 30) {
            setup.messages.first { $0.contains("notice: waits for the primary") }
          }
          for case .statement(let sql) in Advice(words).steps { try database.psql(sql) }
          try works(setup)
        }
      }
    }

    @Test(arguments: [15, 18])
    func `statements with names that cannot be shown are pasted and work`(version: Int) throws {
      try withDatabase(version) { database in
        let odd = "a\u{1B}[2J\n\\\u{9B}\u{202E}\"'b"
        let quoted = "\"\(odd.replacing("\"", with: "\"\""))\""
        try database.psql(
          """
          ALTER TABLE outbox RENAME TO \(quoted); ALTER PUBLICATION events RENAME TO \(quoted);
          CREATE TABLE "other \(quoted.dropFirst()) (n int);
          ALTER PUBLICATION \(quoted) DROP TABLE \(quoted);
          ALTER PUBLICATION \(quoted) ADD TABLE "other \(quoted.dropFirst());
          """)
        let names = [
          "--database", database.connection, "--publication", odd, "--slot", database.slot, "--table",
          "public.\(quoted)",
        ]
        let setup = try database.tailrace(["setup"] + names)
        try expect(setup, 78, "is not in it", "is in it", "U&\"")
        #expect(
          !setup.errors.text.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x9B || $0.value == 0x202E })
        let stream = try database.tailrace(["stream"] + names + ["--until", "now"])
        try expect(stream, 78, "is not in publication")
        try database.follow(setup)
        try works(database.tailrace(["setup"] + names))
        try works(database.tailrace(["stream"] + names + ["--until", "now"]))
        try database.psql("SELECT pg_drop_replication_slot('\(database.slot)');")
        let missing = try database.tailrace(["stream"] + names + ["--until", "now"])
        try expect(missing, 78, "tailrace setup", "--table $'")
        let command = try #require(missing.complaint?.firstMatch(of: #/tailrace (setup .*)$/#).map { $0.output.1 })
        let bash = try database.start("/bin/bash", ["-c", "'\(Tailrace.path)' \(command)"])
        try works(bash)
        try works(database.tailrace(["stream"] + names + ["--until", "now"]))
      }
    }
  }
}

extension OutboxDatabase {
  fileprivate var confirmedIsGone: Bool { (try? confirmed())?.isEmpty == true }
}
