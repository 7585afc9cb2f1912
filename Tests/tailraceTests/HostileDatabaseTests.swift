// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Every subcommand that connects, run as superuser in a database whose owner has set traps.
  @Suite struct HostileDatabases {
    @Test func `the traps work: whoever looks around without care springs them`() throws {
      try withHostileDatabase { database in
        let whoever = "SELECT count(*) FROM pg_class WHERE relname = 'outbox' AND current_database() = 'x'::text;"
        try database.carelessPsql("SET default_transaction_read_only = off; \(whoever)")
        let traps = try database.sprungTraps()
        for trap in ["operator name = name", "table pg_class", "function current_database", "superuser"] {
          #expect(traps.contains(trap), "\(traps)")
        }
        try database.psql("DELETE FROM evil.sprung; ALTER ROLE \(database.hostileOwner) NOSUPERUSER;")
      }
    }

    @Test(arguments: [15, 18])
    func `setup and teardown spring no trap, and nor does the SQL that they print`(version: Int) throws {
      try withHostileDatabase(version) { database in
        let names = ["--database", database.connection, "--publication", "more", "--slot", "\(database.slot)_2"]
        let create = ["--create-table", "--table", "more.outbox", "--dead-letter-table", "more.letters"]
        try database.psql("CREATE SCHEMA more;")
        let dry = try database.tailrace(["setup"] + names + create + ["--dry-run"])
        #expect(try dry.exitCodeAfterAllOutput() == 0, "\(dry.errors.text)")
        for _ in 0..<2 {
          let setup = try database.tailrace(["setup"] + names + create)
          #expect(try setup.exitCode() == 0, "\(setup.errors.text)")
        }
        for options in [["--dry-run"], []] {
          let teardown = try database.tailrace(["teardown"] + names + options)
          #expect(try teardown.exitCode() == 0, "\(teardown.errors.text)")
          // The database has another slot.
          let kept = teardown.messages.contains { $0.contains("is kept") && $0.contains(database.slot) }
          #expect(kept || !options.isEmpty, "\(teardown.errors.text)")
        }
        try database.psql("DROP PUBLICATION more; DROP TABLE more.outbox, more.letters;")
        // By hand, on the database's own search path.
        let relay = "relay_of_\(database.name)"
        try database.carelessPsql(dry.output.text.replacingOccurrences(of: "\"tailrace\"", with: relay))
        defer { _ = try? database.psql("DROP OWNED BY \(relay); DROP ROLE \(relay);") }
        // The defaults are what they are called.
        try database.psql(
          "INSERT INTO more.outbox (aggregatetype, aggregateid, type) VALUES ('a', '1', 'T'); "
            + "INSERT INTO more.letters (position, id, key, reason, letter) VALUES ('1', '1', '1', '1', '{}');")
      }
    }

    @Test(arguments: [15, 18])
    func `stream springs no trap, live, as a standby, with a temporary slot and with letters in a table`(
      version: Int
    ) throws {
      let server = try WebServer { request in .init(request.holds(2) ? 422 : 200) }
      defer { server.close() }
      try withHostileDatabase(version, prepare: prepareLetters) { database in
        let letters = ["--on-poison", "dead-letter", "--dead-letters", "table:public.dead_letters", "--park-key"]
        for (slot, options) in [
          (database.slot, ["--wait-for-slot"]), (database.slot, ["--streaming", "off"]), ("t", ["--temporary-slot"]),
        ] {
          let stream = try database.command(
            "stream", ["--sink", server.url, "--until", "now"] + letters + options, slot: slot)
          #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        }
        #expect(server.taken.numbers.sorted() == [1, 3])
      }
    }

    @Test func `capture, replay and inspect spring no trap`() throws {
      try withHostileDatabase(prepare: prepareLetters) { database in
        let recording = database.files.file("recording")
        let capture = try database.tailrace(["capture"] + database.names + ["--until", "now", "--output", recording])
        #expect(try capture.exitCode() == 0, "\(capture.errors.text)")
        let replay = try database.tailrace(
          ["replay", recording, "--on-poison", "dead-letter", "--dead-letters", "table:public.dead_letters"],
          environment: ["TAILRACE_DATABASE": database.connection])
        #expect(try replay.exitCodeAfterAllOutput() == 0, "\(replay.errors.text)")
        #expect(try Event.read(replay.output.lines).numbers == [1, 2, 3])
        #expect(try database.tailrace(["inspect", recording]).exitCode() == 0)
      }
    }

    @Test func `dead-letters springs no trap, whatever it does`() throws {
      let server = try WebServer { _ in .init(422) }
      defer { server.close() }
      try withHostileDatabase(prepare: prepareLetters) { database in
        let place = "table:public.dead_letters"
        let stream = try database.stream(
          to: server, ["--until", "now", "--on-poison", "dead-letter", "--dead-letters", place])
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        let list = try database.deadLetters(["list"], at: place)
        #expect(list.output.lineCount == 4, "\(list.errors.text)")
        let id = try #require(server.requests.first?.events.first?.id)
        #expect(try database.deadLetters(["show", id], at: place).exitCode() == 0)
        #expect(try database.deadLetters(["redrive", "--id", id], at: place).exitCode() == 0)
        #expect(try database.deadLetters(["drop", "--all"], at: place).exitCode() == 0)
        #expect(try database.deadLetters(["list"], at: place).output.lineCount == 1)
      }
    }

    @Test func `a superuser keeps no letters in a table whose owner is none, for its triggers would run as superuser`()
      throws
    {
      try withHostileDatabase(prepare: prepareLetters) { database in
        try database.psql(
          """
          ALTER TABLE public.dead_letters OWNER TO \(database.hostileOwner);
          CREATE FUNCTION public.trigger() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM evil.spring('trigger'); RETURN NEW; END $$;
          CREATE TRIGGER evil BEFORE INSERT OR DELETE ON public.dead_letters
            FOR EACH STATEMENT EXECUTE FUNCTION public.trigger();
          CREATE FUNCTION public.constant() RETURNS int LANGUAGE plpgsql IMMUTABLE AS
            $$ BEGIN PERFORM evil.spring('view'); RETURN 1; END $$;
          CREATE VIEW public.letters AS SELECT * FROM public.dead_letters WHERE 1 = public.constant();
          ALTER VIEW public.letters OWNER TO \(database.hostileOwner);
          """)
        for table in ["dead_letters", "letters"] {
          let place = "table:public.\(table)"
          let stream = try database.stream(["--until", "now", "--on-poison", "dead-letter", "--dead-letters", place])
          #expect(try stream.exitCode() == 77, "\(stream.errors.text)")
          #expect(stream.complaint?.contains(database.hostileOwner) == true, "\(stream.errors.text)")
          for arguments in [["list"], ["redrive", "--all"], ["drop", "--all"]] {
            #expect(try database.deadLetters(arguments, at: place).exitCode() == 77)
          }
        }
      }
    }

    @Test(arguments: [15, 18])
    func `on a standby a superuser reads letters although no rows can be locked there, and what writes is refused`(
      version: Int
    ) throws {
      let receiver = try WebServer { _ in .init(422) }
      defer { receiver.close() }
      try TestServer.with(version: version) { server in
        try server.withDatabase { database in
          try prepareLetters(database)
          let place = "table:public.dead_letters"
          let stream = try database.stream(
            to: receiver, ["--until", "now", "--on-poison", "dead-letter", "--dead-letters", place])
          #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
          try database.psql(
            "ALTER DATABASE \(database.name) SET default_transaction_isolation = 'serializable'; "
              + "ALTER DATABASE \(database.name) SET default_transaction_deferrable = on; "
              + "ALTER DATABASE \(database.name) SET default_transaction_read_only = on;")
          let standby = try TestServer(standbyOf: server)
          defer { standby.destroy() }
          func run(_ arguments: [String]) throws -> ChildProcess {
            let child = try database.tailrace(
              [
                "dead-letters", arguments[0], "--dead-letters", place, "--database",
                standby.connection(to: database.name),
              ]
                + arguments.dropFirst())
            _ = try child.exitCodeAfterAllOutput()
            return child
          }
          let list = try run(["list", "--count"])
          #expect(try list.exitCode() == 0 && list.output.lines == ["3"], "\(list.errors.text)")
          let id = try #require(receiver.requests.first?.events.first?.id)
          #expect(try run(["show", id]).exitCode() == 0)
          let posted = receiver.requests.count
          for arguments in [["drop", "--all"], ["redrive", "--all", "--sink", receiver.url]] {
            let refused = try run(arguments)
            #expect(try refused.exitCode() == 78, "\(arguments): \(refused.errors.text)")
            #expect(refused.complaint?.contains("standby") == true, "\(refused.errors.text)")
          }
          #expect(receiver.requests.count == posted, "nothing is delivered of what cannot be removed")
        }
      }
    }

    @Test(arguments: ["", " options='-c default_transaction_read_only=on'"])
    func `transactions that only read are undone, but not when whoever connects has asked for them`(options: String)
      throws
    {
      try withDatabase { database in
        try database.psql("ALTER ROLE postgres IN DATABASE \(database.name) SET default_transaction_read_only = on;")
        let names = [
          "--database", database.connection + options, "--publication", "more", "--slot", "\(database.slot)_2",
        ]
        let setup = try database.tailrace(["setup", "--dead-letter-table", "public.letters"] + names)
        #expect(try setup.exitCode() == (options.isEmpty ? 0 : 78), "\(setup.errors.text)")
        #expect(options.isEmpty || setup.complaint?.contains("read-only") == true, "\(setup.errors.text)")
        let teardown = try database.tailrace(["teardown"] + names)
        #expect(try teardown.exitCode() == 0, "\(teardown.errors.text)")
      }
    }

    /// A table of letters with a trigger that takes back the rights of whoever fires it.
    private func letters(_ table: String, for role: String) -> String {
      """
      CREATE TABLE \(table) (number int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, position text NOT NULL, id text NOT NULL,
        key text NOT NULL, aggregatetype text, reason text NOT NULL, parked_at timestamptz NOT NULL DEFAULT now(),
        letter json NOT NULL);
      CREATE UNIQUE INDEX ON \(table) (position COLLATE "C", id);
      CREATE FUNCTION \(table)_trap() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN EXECUTE 'SET ROLE none'; EXECUTE 'ALTER ROLE \(role) SUPERUSER'; RETURN NEW; END $$;
      CREATE TRIGGER evil BEFORE INSERT OR DELETE ON \(table) FOR EACH STATEMENT EXECUTE FUNCTION \(table)_trap();
      """
    }

    @Test(arguments: ["", " options='-c role=ROLE'"])
    func `a superuser stays one whatever role the database names, and judges a letters' table as one`(options: String)
      throws
    {
      try withHostileDatabase(prepare: prepareLetters) { database in
        let owner = database.hostileOwner
        try database.psql(
          """
          ALTER ROLE \(owner) REPLICATION;
          GRANT SELECT ON public.outbox TO \(owner);
          SET ROLE \(owner); CREATE SCHEMA mine; \(letters("mine.dead", for: owner)) RESET ROLE;
          ALTER DATABASE \(database.name) SET role = \(owner);
          """)
        let names = [
          "--database", database.connection + options.replacing("ROLE", with: owner), "--publication", "events",
          "--slot",
          database.slot,
        ]
        let server = try WebServer { _ in .init(422) }
        defer { server.close() }
        let stream = try database.tailrace(
          ["stream"] + names + ["--until", "now", "--sink", server.url, "--on-poison", "dead-letter"]
            + ["--dead-letters", "table:mine.dead"])
        #expect(try stream.exitCode() == 77, "\(stream.errors.text)")
        #expect(stream.complaint?.contains(owner) == true, "\(stream.errors.text)")
        // What is made belongs to whoever connected, or to the role that was asked for.
        let setup = try database.tailrace(
          ["setup"] + names.prefix(2) + [
            "--publication", "another", "--slot", "\(database.slot)_2", "--table", "mine.outbox",
          ]
            + ["--create-table", "--dry-run"])
        #expect(try setup.exitCode() == 0, "\(setup.errors.text)")
        #expect(try database.psql("SELECT rolsuper FROM pg_roles WHERE rolname = '\(owner)'") == "f")
      }
    }

    /// The right TRIGGER suffices to have code of one's own run by whoever keeps letters.
    @Test func `a superuser keeps no letters in a table with a trigger of somebody else's`() throws {
      try withHostileDatabase(prepare: prepareLetters) { database in
        let owner = database.hostileOwner
        try database.psql(
          """
          SET ROLE \(owner); CREATE SCHEMA mine; \(letters("mine.dead", for: owner)) RESET ROLE;
          ALTER TABLE mine.dead OWNER TO postgres;
          """)
        let server = try WebServer { _ in .init(422) }
        defer { server.close() }
        let stream = try database.stream(
          ["--until", "now", "--sink", server.url, "--on-poison", "dead-letter", "--dead-letters", "table:mine.dead"])
        #expect(try stream.exitCode() == 77, "\(stream.errors.text)")
        #expect(stream.complaint?.contains(owner) == true, "\(stream.errors.text)")
        #expect(try database.psql("SELECT rolsuper FROM pg_roles WHERE rolname = '\(owner)'") == "f")
      }
    }

    @Test func `the role that is set for whoever connects, not for the database, is used`() throws {
      try withDatabase { database in
        let role = "login_of_\(database.name)"
        try database.psql(
          """
          CREATE ROLE \(role) LOGIN; CREATE ROLE \(role)_group; GRANT \(role)_group TO \(role);
          GRANT CREATE ON DATABASE \(database.name) TO \(role)_group; CREATE SCHEMA own AUTHORIZATION \(role)_group;
          ALTER ROLE \(role)_group REPLICATION; ALTER ROLE \(role) REPLICATION; ALTER ROLE \(role) SET role = \(role)_group;
          """)
        defer {
          _ = try? database.psql(
            "DROP OWNED BY \(role)_group; DROP OWNED BY \(role); DROP ROLE \(role), \(role)_group;")
        }
        let connection = database.connection.replacing("user=postgres", with: "user=\(role)")
        let setup = try database.tailrace([
          "setup", "--database", connection, "--publication", "more", "--slot", "\(database.slot)_2", "--table",
          "own.outbox",
          "--create-table",
        ])
        #expect(try setup.exitCode() == 0, "\(setup.errors.text)")
        #expect(
          try database.psql("SELECT tableowner FROM pg_tables WHERE schemaname = 'own'") == "\(role)_group",
          "\(setup.errors.text)")
      }
    }

    @Test func `a table of letters that becomes another one under a superuser's stream is not used`() throws {
      let server = try WebServer { _ in .init(422) }
      defer { server.close() }
      try withHostileDatabase(prepare: prepareLetters) { database in
        let owner = database.hostileOwner
        let stream = try database.stream(
          to: server, ["--on-poison", "dead-letter", "--dead-letters", "table:public.dead_letters"])
        try wait(until: "letters are kept") { try database.psql("SELECT count(*) FROM dead_letters") == "3" }
        try database.psql(
          """
          SET ROLE \(owner); DROP TABLE public.dead_letters; \(letters("public.dead_letters", for: owner)) RESET ROLE;
          SELECT place(4);
          """)
        #expect(try stream.exitCode(within: 30) == 77, "\(stream.errors.text)")
        #expect(stream.complaint?.contains(owner) == true, "\(stream.errors.text)")
        #expect(try database.psql("SELECT rolsuper FROM pg_roles WHERE rolname = '\(owner)'") == "f")
      }
    }

    @Test(arguments: [15, 18])
    func `a dropped publication stops the stream although the database wants to hear of no warnings`(version: Int)
      throws
    {
      try withDatabase(version) { database in
        try database.psql("ALTER DATABASE \(database.name) SET client_min_messages = error;")
        let stream = try database.stream()
        try database.psql("SELECT place(1);")
        try wait(until: "the event arrives") { stream.output.lineCount == 1 }
        for sql in [
          "DROP PUBLICATION events", "SELECT place(2)",
          "CREATE PUBLICATION events FOR TABLE outbox WITH (publish = 'insert')", "SELECT place(3)",
        ] { try database.psql("\(sql);") }
        #expect(try stream.exitCodeAfterAllOutput(within: 20) == 78)
        #expect(try Event.read(stream.output.lines).numbers == [1])
      }
    }

    @Test(
      arguments: [
        "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout",
        "transaction_timeout",
      ], [15, 18])
    func `a time limit of a millisecond, of the database or the role, cuts nothing off`(limit: String, version: Int)
      throws
    {
      if limit == "transaction_timeout", version < 17 { return }
      try withDatabase(version) { database in
        try database.psql("SELECT place(1); ALTER DATABASE \(database.name) SET \(limit) = 1;")
        for options in [[], ["-c", "application_name=x"]] {
          let environment = options.isEmpty ? [:] : ["PGOPTIONS": options.joined(separator: " ")]
          for _ in 0..<4 {
            let setup = try database.tailrace(["setup"] + database.names, environment: environment)
            #expect(try setup.exitCode() == 0, "\(setup.errors.text)")
          }
          let stream = try database.stream(["--until", "now"], environment: environment)
          #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        }
      }
    }

    /// Three events, and a table for letters.
    private func prepareLetters(_ database: OutboxDatabase) throws {
      let setup = try database.tailrace(["setup"] + database.names + ["--dead-letter-table", "public.dead_letters"])
      guard try setup.exitCode() == 0 else { throw ChildProcess.Failure(description: setup.errors.text) }
      try database.place(1...3, keys: 3)
    }
  }
}
