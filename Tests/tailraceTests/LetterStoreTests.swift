// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Where dead letters are kept, when that place, a crash or somebody's text makes it hard.
  @Suite struct LetterStores {
    /// A table whose rows may lack an id.
    private static let loose = OutboxDatabase.schema.replacing(
      "id uuid PRIMARY KEY DEFAULT gen_random_uuid()", with: "id uuid DEFAULT gen_random_uuid()")

    /// A place for dead letters in a database, made ready.
    private func options(_ kind: String, in database: OutboxDatabase) throws -> [String] {
      let policy = ["--on-poison", "dead-letter", "--dead-letters"]
      guard kind == "table" else { return policy + ["file:\(database.files.file("letters.ndjson"))"] }
      let setup = try database.tailrace(["setup"] + database.names + ["--dead-letter-table", "public.dead_letters"])
      guard try setup.exitCode() == 0 else { throw ChildProcess.Failure(description: setup.errors.text) }
      return policy + ["table:public.dead_letters"]
    }

    private struct Letter: Decodable {
      let position: String, id: String, type: String, aggregatetype: String, key: String, reason: String
      let event: Event?, cut: Int?, row: [String: String?]?
    }

    private func letters(_ database: OutboxDatabase, _ place: String, _ more: [String] = []) throws -> [Letter] {
      let list = try database.deadLetters(["list", "--json"] + more, at: place)
      // A file is made with the first letter.
      let isMissing = list.errors.text.contains("there is no file")
      #expect(try list.exitCode() == 0 || isMissing, "\(list.errors.text)")
      return try list.output.lines.map { try JSONDecoder().decode(Letter.self, from: Data($0.utf8)) }
    }

    @Test func `while the letters' table is locked the server is answered, and all goes on when it is free`() throws {
      try withDatabase(15, Self.loose) { database in
        let options = try options("table", in: database)
        try database.psql("ALTER DATABASE \(database.name) SET wal_sender_timeout = '2s';")
        let stream = try database.stream(options)
        // Only a stream that is ready has opened its letters: one that streams may still do so.
        try wait(until: "it is ready", within: 60) { stream.errors.text.contains("ready: ") }
        let lock = try database.session()
        try lock.write("BEGIN; LOCK TABLE dead_letters IN ACCESS EXCLUSIVE MODE;\n")
        try wait(until: "it is locked") {
          try database.hasLocked("dead_letters")
        }
        let sender = try database.walsender()
        try database.psql("SELECT place(1); INSERT INTO outbox (id, aggregateid) VALUES (NULL, 'a'); SELECT place(2);")
        Thread.sleep(forTimeInterval: 6)
        #expect(try database.walsender() == sender, "\(stream.errors.text)")
        #expect(stream.output.lineCount == 1)
        try lock.write("COMMIT;\n")
        try wait(until: "the rest arrives", within: 30) { stream.output.lineCount == 2 }
        #expect(try letters(database, options[3]).count == 1)
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
      }
    }

    @Test
    func `a table that is locked at the start is told of soon and not over and over, and readiness only afterwards`()
      throws
    {
      try withDatabase { database in
        let options = try options("table", in: database)
        let lock = try database.session()
        try lock.write("BEGIN; LOCK TABLE dead_letters IN ACCESS EXCLUSIVE MODE;\n")
        try wait(until: "it is locked") {
          try database.hasLocked("dead_letters")
        }
        try database.psql("SELECT place(1);")
        let stream = try database.stream(options)
        try wait(until: "it is told", within: 20) { stream.errors.text.contains("has locked public.dead_letters") }
        try wait(until: "so is what it means", within: 20) { stream.errors.text.contains("nothing is read before") }
        Thread.sleep(forTimeInterval: 3)
        #expect(!stream.errors.text.contains("ready:") && stream.output.lineCount == 0)
        #expect(stream.messages.count { $0.contains("locked") } <= 2, "\(stream.errors.text)")
        try lock.write("COMMIT;\n")
        try wait(until: "it is ready", within: 30) { stream.errors.text.contains("ready:") }
        try wait(until: "the event arrives", within: 30) { stream.output.lineCount == 1 }
        #expect(stream.errors.text.contains("reading goes on"))
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
      }
    }

    @Test(arguments: ["file", "table"])
    func `later events wait behind a row of their aggregate that could not become one`(kind: String) throws {
      try withDatabase(15, Self.loose) { database in
        let receiver = try WebServer()
        defer { receiver.close() }
        let options = try options(kind, in: database) + ["--park-key"]
        // Transactions of which the second comes in progress, through a spool.
        try database.psql("ALTER DATABASE \(database.name) SET logical_decoding_work_mem = '64kB';")
        try database.psql(
          """
          SELECT place(1, 'A');
          INSERT INTO outbox (aggregateid, type) VALUES ('A', '');
          SELECT place(2, 'A'); SELECT place(3, 'B');
          """)
        try database.psql(
          """
          BEGIN; INSERT INTO outbox (id, aggregateid) VALUES (NULL, 'C');
          SELECT place(4, 'C'); SELECT place(10 + n, 'B') FROM generate_series(1, 2000) n; COMMIT;
          """)
        try database.rest(to: receiver, options)
        // Those of other keys go side by side.
        let taken = Set(receiver.taken.numbers)
        #expect(taken.isSuperset(of: [1, 3]) && taken.isDisjoint(with: [2, 4]))
        #expect(receiver.taken.count == 2002)
        #expect(try letters(database, options[3], ["--key", "A"]).map { $0.event?.data?.n } == [nil, 2])
        #expect(try letters(database, options[3], ["--key", "C"]).map { $0.event?.data?.n } == [nil, 4])
      }
    }

    @Test func `a stop does not wait longer than it may for a locked table, and the end says what was given up`() throws
    {
      try withDatabase { database in
        let receiver = try WebServer { .init($0.holds(1) ? 422 : 200) }
        defer { receiver.close() }
        let options = try options("table", in: database)
        let stream = try database.stream(to: receiver, options + ["--drain-timeout", "1s"])
        // Only a stream that is ready has opened its letters: one that streams may still do so.
        try wait(until: "it is ready", within: 60) { stream.errors.text.contains("ready: ") }
        let lock = try database.session()
        try lock.write("BEGIN; LOCK TABLE dead_letters IN ACCESS EXCLUSIVE MODE;\n")
        try wait(until: "it is locked") {
          try database.hasLocked("dead_letters")
        }
        try database.psql("SELECT place(1);")
        try wait(until: "it is refused") { receiver.requests.contains { $0.status == 422 } }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode(within: 15) == 69, "\(stream.errors.text)")
        #expect(stream.complaint?.contains("--drain-timeout") == true, "\(stream.errors.text)")
        func isWaitedFor() throws -> Bool {
          try database.psql(
            """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%dead_letters%'
            """)
            != "0"
        }
        // The server may not have noticed yet that the stream has gone.
        try wait(until: "the stream waits no longer") { try !isWaitedFor() }
        let redrive = try database.tailrace([
          "dead-letters", "redrive", "--database", database.connection, "--dead-letters", options[3], "--all", "--sink",
          receiver.url, "--drain-timeout", "1s",
        ])
        try wait(until: "it waits") { try isWaitedFor() }
        redrive.signal(SIGTERM)
        let code = try redrive.exitCode(within: 15)
        #expect([0, 69].contains(code), "\(code) \(redrive.errors.text)")
        lock.closeInput()
        _ = try lock.exitCode()
        try database.rest(to: receiver, options)
        #expect(try letters(database, options[3]).count == 1)
      }
    }

    @Test func `a redrive whose receiver fails tells it, and goes on when it works again`() throws {
      try withDatabase { database in
        let answers = Counter()
        let receiver = try WebServer { _ in .init(answers.next() <= 3 ? 422 : answers.count < 12 ? 503 : 200) }
        defer { receiver.close() }
        let options = try options("file", in: database)
        try database.place(1...3, keys: 3)
        try database.rest(to: receiver, options)
        let redrive = try database.deadLetters(["redrive", "--all", "--sink", receiver.url], at: options[3])
        #expect(try redrive.exitCode() == 0, "\(redrive.errors.text)")
        #expect(
          redrive.errors.text.contains("fails: ") && redrive.errors.text.contains("503"), "\(redrive.errors.text)")
        #expect(redrive.errors.text.contains("works again"), "\(redrive.errors.text)")
      }
    }

    @Test func `while the letters' server starts again a redrive waits`() throws {
      try TestServer.with { server in
        try server.withDatabase { database in
          let (isMended, gate, redriven) = (Flag(), Gate(), Counter())
          let receiver = try WebServer { _ in
            guard isMended.isSet else { return .init(422) }
            if redriven.next() == 20 { gate.pass() }
            return .init(200)
          }
          defer {
            gate.open()
            receiver.close()
          }
          let options = try options("table", in: database)
          try database.place(1...60, keys: 60)
          try database.rest(to: receiver, options)
          isMended.set()
          let redrive = try database.tailrace([
            "dead-letters", "redrive", "--database", database.connection, "--dead-letters", options[3], "--all",
            "--sink", receiver.url,
          ])
          try wait(until: "it is under way") { redriven.count >= 20 }
          try server.stop()
          gate.open()
          Thread.sleep(forTimeInterval: 1.5)
          try server.start()
          #expect(try redrive.exitCode(within: 60) == 0, "\(redrive.errors.text)")
          #expect(redrive.errors.text.contains("trying again"))
          #expect(try letters(database, options[3]).isEmpty)
          #expect(Set(receiver.taken.numbers) == Set(1...60))
        }
      }
    }

    @Test(arguments: ["file", "table"])
    func `after a crash what stands before a letter is delivered, and no letter is there twice`(kind: String) throws {
      try withDatabase { database in
        let (isMended, gate, held) = (Flag(), Gate(), Flag())
        let receiver = try WebServer { request in
          if request.holds(1), !held.isSet {
            held.set()
            gate.pass()
          }
          return .init(!isMended.isSet && request.holds(3) ? 422 : 200)
        }
        defer {
          gate.open()
          receiver.close()
        }
        let options = try options(kind, in: database) + ["--park-key"]
        let stream = try database.stream(to: receiver, options)
        // The first one holds the confirmed position back.
        try database.psql("SELECT place(1, 'x');")
        try database.psql("SELECT place(2, 'k');")
        try database.psql("SELECT place(3, 'k');")
        try database.psql("SELECT place(4, 'k');")
        try wait(until: "two are letters") { try letters(database, options[3]).count == 2 }
        try stream.kill9()
        gate.open()
        try database.rest(to: receiver, options)
        #expect(receiver.taken.numbers.count { $0 == 2 } == 2, "it stands before the letter")
        #expect(try letters(database, options[3]).map { $0.event?.data?.n } == [3, 4], "each once, in order")
        isMended.set()
        let redrive = try database.deadLetters(
          ["redrive", "--key", "k", "--aggregate-type", "order", "--sink", receiver.url], at: options[3])
        #expect(try redrive.exitCode() == 0, "\(redrive.errors.text)")
        #expect(receiver.taken.firsts.isOrderedPerKey)
        #expect(receiver.taken.firsts.numbers.sorted() == [1, 2, 3, 4])
      }
    }

    @Test(arguments: ["file", "table"])
    func `an id is parked only with its type`(kind: String) throws {
      try withDatabase { database in
        let receiver = try WebServer { .init($0.holds(1) ? 422 : 200) }
        defer { receiver.close() }
        let options = try options(kind, in: database) + ["--park-key"]
        for (n, type) in [(1, "order"), (2, "customer"), (3, "order"), (4, "customer")] {
          try database.psql(
            "INSERT INTO outbox (aggregatetype, aggregateid, payload) VALUES ('\(type)', '7', '{\"n\": \(n)}');")
        }
        try database.rest(to: receiver, options)
        #expect(receiver.taken.numbers == [2, 4])
        #expect(try letters(database, options[3]).map(\.aggregatetype) == ["order", "order"])
        #expect(try letters(database, options[3], ["--key", "7", "--aggregate-type", "customer"]).isEmpty)
        let dropped = try database.deadLetters(["drop", "--key", "7", "--aggregate-type", "order"], at: options[3])
        #expect(dropped.errors.text.contains("dropped 2"))
      }
    }

    @Test(arguments: ["file", "table"])
    func `a prefix with a newline forges no letter and stops nothing`(kind: String) throws {
      try withDatabase { database in
        try database.psql("ALTER DATABASE \(database.name) SET logical_decoding_work_mem = '64kB';")
        let options = try options(kind, in: database)
        let forged =
          #"{"position":"00000000FFFFFFFF-0000000001","id":"forged","key":"k","reason":"r","status":null,"#
          + #""attempts":0,"firstattempt":"2026-01-01T00:00:00Z","lastattempt":"2026-01-01T00:00:00Z","sink":"","event":{}}"#
        try database.psql(
          """
          BEGIN; SELECT place(1, 2000);
          SELECT pg_logical_emit_message(true, E'outbox\\n{}\\n' || '\(forged)' || E'\\n\\x1b[2J', 'no event');
          SELECT pg_logical_emit_message(true, 'outbox' || repeat('p', 100000), repeat('c', 1000000));
          COMMIT;
          """)
        let lines = try database.rest(
          options + ["--message-prefix", "outbox", "--table", "public.outbox", "--spool-memory", "20kB"])
        #expect(lines.count == 2000)
        let found = try letters(database, options[3])
        #expect(found.count == 2 && found.allSatisfy { $0.id.isEmpty })
        #expect(found.first?.row?["content"] == "no event")
        #expect((found.last?.cut ?? 0) > 1_000_000)
        let list = try database.deadLetters(["list"], at: options[3])
        #expect(list.output.lines.count == 3)
        #expect(list.output.bytes.allSatisfy { $0 >= 0x20 || $0 == 0x0A || $0 == 0x09 })
        #expect(list.output.bytes.count < 20_000)
      }
    }

    @Test(arguments: ["file", "table"])
    func `of a large bad row a letter keeps a part, and says how much there was`(kind: String) throws {
      try withDatabase(15, Self.loose) { database in
        let options = try options(kind, in: database)
        try database.psql(
          """
          INSERT INTO outbox (id, aggregateid, payload) VALUES (NULL, 'a', to_jsonb(repeat('"\\', 20000000)));
          SELECT place(1);
          """)
        let stream = try database.stream(options + ["--until", "now"])
        #expect(try stream.exitCodeAfterAllOutput(within: 120) == 0, "\(stream.errors.text)")
        #expect(stream.output.lineCount == 1)
        let list = try database.deadLetters(["list", "--json"], at: options[3])
        #expect(list.output.bytes.count < 200_000)
        let letter = try #require(try letters(database, options[3]).first)
        #expect((letter.cut ?? 0) > 40_000_000)
        #expect(letter.row?["aggregateid"] == "a" && letter.row?["id"] == .some(nil))
      }
    }

    @Test(arguments: ["file", "table"])
    func `letters are listed by what is asked for, as JSON, by pages, and counted`(kind: String) throws {
      try withDatabase { database in
        let receiver = try WebServer { .init($0.holds(2) ? 409 : 422) }
        defer { receiver.close() }
        let options = try options(kind, in: database)
        try database.place(1...5, keys: 5)
        try database.psql("INSERT INTO outbox (aggregateid, type) VALUES ('k9', 'Named');")
        try database.rest(to: receiver, options)
        func ids(_ more: String...) throws -> [String] { try letters(database, options[3], more).map(\.id) }
        let all = try letters(database, options[3])
        #expect(all.count == 6 && all.map(\.position) == all.map(\.position).sorted())
        #expect(try ids("--type", "Named") == [all[5].id])
        #expect(try ids("--type", "Placed").count == 5)
        #expect(try ids("--reason", "409") == [all[1].id])
        #expect(try ids("--since", "2020-01-01T00:00:00Z").count == 6)
        #expect(try ids("--before", "2020-01-01T00:00:00Z").isEmpty)
        #expect(try ids("--limit", "2") == all.prefix(2).map(\.id))
        #expect(try ids("--limit", "2", "--after", all[1].position) == all[2...3].map(\.id))
        let count = try database.deadLetters(["list", "--count", "--type", "Placed"], at: options[3])
        #expect(count.output.lines == ["5"])
        #expect(try database.deadLetters(["drop", "--all", "--key", "k1"], at: options[3]).exitCode() == 64)
      }
    }

    @Test func `ten thousand letters are redriven in work that is linear, and memory stays flat`() throws {
      try withDatabase { database in
        let receiver = try WebServer()
        defer { receiver.close() }
        let path = database.files.file("letters.ndjson")
        let padding = String(repeating: "x", count: 500)
        func write(_ count: Int) throws {
          let lines = (1...count).map { number in
            let sequence = String(format: "%016X-0000000001", number * 8)
            let event =
              #"{"specversion":"1.0","id":"\#(number)","source":"/s","type":"Placed","subject":"k\#(number % 100)","#
              + #""sequence":"\#(sequence)","partitionkey":"k\#(number % 100)","data":{"n":\#(number),"x":"\#(padding)"}}"#
            return #"{"position":"\#(sequence)","id":"\#(number)","key":"k\#(number % 100)","reason":"status 422","#
              + #""status":422,"attempts":1,"firstattempt":"2026-01-01T00:00:00Z","lastattempt":"2026-01-01T00:00:00Z","#
              + #""sink":"","event":\#(event)}"# + "\n"
          }
          try Data(lines.shuffled().joined().utf8).write(to: URL(filePath: path))
          try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        }
        try write(10_000)
        let redrive = try database.tailrace([
          "dead-letters", "redrive", "--dead-letters", "file:\(path)", "--all", "--sink", receiver.url,
        ])
        try wait(until: "many are redriven", within: 120) { receiver.taken.count >= 9000 }
        let memory = try ProcessFacts.peakMemory(redrive.pid)
        #expect(try redrive.exitCode(within: 120) == 0, "\(redrive.errors.text)")
        #expect(receiver.taken.count == 10_000)
        #expect(receiver.taken.isOrderedPerKey)
        #expect(memory < 150_000_000)
        #expect(try Data(contentsOf: URL(filePath: path)).isEmpty)
      }
    }

    @Test func `a redrive whose reader goes away says so, and the letters stay`() throws {
      try withDatabase { database in
        let receiver = try WebServer { _ in .init(422) }
        defer { receiver.close() }
        let options = try options("file", in: database)
        try database.place(1...60, keys: 60)
        try database.rest(to: receiver, options)
        let redrive = try database.start(
          "/bin/sh",
          [
            "-c", "{ \"$@\"; echo $? >&2; } | head -c 1 > /dev/null", "sh", Tailrace.path, "dead-letters", "redrive",
            "--dead-letters", options[3], "--all", "--sink", "stdout",
          ])
        _ = try redrive.exitCode()
        // Small enough, all may be in the pipe before the reader leaves.
        let isWhole = try letters(database, options[3]).isEmpty
        #expect(redrive.errors.text.split(separator: "\n").last == "0", "\(redrive.errors.text)")
        #expect(isWhole || redrive.errors.text.contains("are left"), "\(redrive.errors.text)")
      }
    }
  }
}

extension OutboxDatabase {
  /// Delivers the rest to a receiver, in an orderly way.
  fileprivate func rest(to server: WebServer, _ options: [String]) throws {
    let child = try stream(to: server, ["--until", "now"] + options)
    #expect(try child.exitCode(within: 60) == 0, "\(child.errors.text)")
  }
}
