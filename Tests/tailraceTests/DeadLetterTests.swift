// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct DeadLetters {
    /// A place for dead letters in a database, made ready.
    private func place(_ kind: String, in database: OutboxDatabase) throws -> String {
      guard kind == "table" else { return "file:\(database.files.file("letters.ndjson"))" }
      let setup = try database.tailrace(["setup"] + database.names + ["--dead-letter-table", "public.dead_letters"])
      guard try setup.exitCode() == 0 else { throw ChildProcess.Failure(description: setup.errors.text) }
      return "table:public.dead_letters"
    }

    private func lines(_ database: OutboxDatabase, _ place: String) throws -> [[Substring]] {
      let list = try database.deadLetters(["list"], at: place)
      #expect(try list.exitCode() == 0, "\(list.errors.text)")
      #expect(list.output.lines.first == "position\tid\tkey\treason\tattempts")
      return list.output.lines.dropFirst().map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
    }

    @Test(arguments: ["list", "redrive", "drop", "show"])
    func `a file that is not there is an error`(command: String) throws {
      try withDatabase { database in
        let what = command == "list" ? [] : command == "show" ? ["x"] : ["--all"]
        let child = try database.tailrace(
          ["dead-letters", command, "--dead-letters", "file:\(database.files.file("nowhere"))"] + what)
        #expect(try child.exitCode() == 78)
        #expect(child.complaint?.contains("there is no file") == true, "\(child.errors.text)")
      }
    }

    @Test(arguments: ["file", "table"])
    func `a refused event becomes a letter, the others go on, and it can be delivered later`(kind: String) throws {
      try withDatabase { database in
        let isMended = Flag()
        let server = try WebServer { request in .init(!isMended.isSet && request.holds(3) ? 422 : 200) }
        defer { server.close() }
        let place = try place(kind, in: database)
        try database.place(1...10, keys: 2)
        let stream = try database.stream(
          to: server, ["--until", "now", "--on-poison", "dead-letter", "--dead-letters", place])
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(server.taken.numbers.sorted() == [1, 2, 4, 5, 6, 7, 8, 9, 10])
        #expect(try database.rest().isEmpty, "its position is confirmed")

        let event = try #require(server.requests.first { $0.holds(3) }?.events.first)
        let line = try #require(try lines(database, place).first)
        #expect(line.prefix(3) == [event.sequence[...], event.id[...], "k1"])
        #expect(line[3].contains("422") && line[4] == "1")
        let shown = try database.deadLetters(["show", event.id], at: place)
        #expect(try shown.exitCode() == 0)
        struct Letter: Decodable { let position: String, id: String, key: String, status: Int, event: Event }
        let letter = try JSONDecoder().decode(Letter.self, from: Data(shown.output.text.utf8))
        #expect(letter.event == event && letter.status == 422 && letter.position == event.sequence)
        #expect(try database.deadLetters(["show", "nobody"], at: place).exitCode() == 64)

        let early = try database.deadLetters(["redrive", "--all", "--sink", server.url], at: place)
        #expect(try early.exitCode() == 65, "it is refused again")
        #expect(try lines(database, place).count == 1)
        isMended.set()
        let redrive = try database.deadLetters(["redrive", "--id", event.id, "--sink", server.url], at: place)
        #expect(try redrive.exitCode() == 0, "\(redrive.errors.text)")
        let bodies = Set(server.requests.filter { $0.holds(3) }.map(\.body))
        #expect(server.taken.last == event && bodies.count == 1, "the same event, byte for byte")
        #expect(try lines(database, place).isEmpty)
      }
    }

    @Test func `rights that are missing for keeping or removing letters are missed before anything is delivered`()
      throws
    {
      try withDatabase { database in
        let server = try WebServer { .init($0.holds(1) ? 422 : 200) }
        defer { server.close() }
        let place = try place("table", in: database)
        try database.withRole("LOGIN REPLICATION") { role in
          defer { _ = try? database.psql("DROP OWNED BY \(role);") }
          let connection = ["--database", database.connection.replacing("user=postgres", with: "user=\(role)")]
          let letters = ["--dead-letters", place, "--sink", server.url]
          func run(_ arguments: [String]) throws -> ChildProcess {
            let child = try database.tailrace(arguments + letters + connection)
            _ = try child.exitCode()
            return child
          }
          let stream = [
            "stream", "--publication", "events", "--slot", database.slot, "--until", "now", "--on-poison",
            "dead-letter",
          ]
          try database.psql("GRANT SELECT ON dead_letters TO \(role); SELECT place(1); SELECT place(2);")
          let blind = try run(stream)
          #expect(try blind.exitCode() == 77, "\(blind.errors.text)")
          #expect(server.requests.isEmpty)
          try database.psql("GRANT INSERT ON dead_letters TO \(role);")
          #expect(try run(stream).exitCode() == 0)
          #expect(server.taken.numbers == [2])
          let posted = server.requests.count
          let redrive = try run(["dead-letters", "redrive", "--all"])
          #expect(try redrive.exitCode() == 77, "\(redrive.errors.text)")
          #expect(server.requests.count == posted, "what cannot be removed would come again and again")
          try database.psql("GRANT DELETE ON dead_letters TO \(role);")
          #expect(try run(["dead-letters", "redrive", "--all"]).exitCode() == 65, "it is refused again")
        }
      }
    }

    @Test(arguments: ["file", "table"])
    func `of two processes that keep letters in one place, each has its own, and none is lost`(kind: String) throws {
      try withDatabase { database in
        let other = "\(database.name)_b"
        try database.makeSlots(other)
        let place = try place(kind, in: database)
        let (one, two) = (Flag(), Flag())
        let server = try WebServer { .init(!one.isSet && !$0.holds(2) ? 400 : 200) }
        let second = try WebServer { .init(!two.isSet && !$0.holds(1) ? 400 : 200) }
        defer { [server, second].forEach { $0.close() } }
        try database.place(1...2, keys: 1)
        let letters = ["--until", "now", "--on-poison", "dead-letter", "--dead-letters", place]
        #expect(try database.stream(to: server, letters).exitCode() == 0)
        let stream = try database.tailrace(
          ["stream", "--database", database.connection, "--publication", "events", "--slot", other] + letters
            + ["--sink", second.url])
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(try lines(database, place).count == 2)
        one.set()
        two.set()
        for (slot, receiver, number) in [(database.slot, server, 1), (other, second, 2)] {
          let redrive = try database.deadLetters(
            ["redrive", "--all", "--slot", slot, "--sink", receiver.url], at: place)
          #expect(try redrive.exitCode() == 0, "\(redrive.errors.text)")
          #expect(receiver.taken.last?.data?.n == number)
        }
        #expect(try lines(database, place).isEmpty)
        #expect(server.taken.numbers == [2, 1] && second.taken.numbers == [1, 2])
      }
    }

    @Test(arguments: ["file", "table"])
    func `a letter about an event of which another relay has one is kept too, or ends the stream`(kind: String) throws {
      try withDatabase { database in
        let other = "\(database.name)_b"
        try database.makeSlots(other)
        let place = try place(kind, in: database)
        let server = try WebServer { _ in .init(400) }
        defer { server.close() }
        try database.place(1...1, keys: 1)
        let letters = ["--until", "now", "--on-poison", "dead-letter", "--dead-letters", place]
        #expect(try database.stream(to: server, letters).exitCode() == 0)
        let stream = try database.tailrace(
          ["stream", "--database", database.connection, "--publication", "events", "--slot", other] + letters
            + ["--sink", server.url])
        if kind == "file" {
          #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
          #expect(try lines(database, place).count == 2)
        } else {
          #expect(try stream.exitCode() == 78, "\(stream.errors.text)")
          #expect(stream.complaint?.contains("another relay's letter") == true, "\(stream.errors.text)")
          let left = try database.psql(
            "SELECT count(*) FROM pg_logical_slot_peek_binary_changes('\(other)', NULL, NULL, 'proto_version', '1', "
              + "'publication_names', 'events')")
          #expect(left != "0", "it is not confirmed")
        }
      }
    }

    @Test func `letters in a table are durable although the database's commits are not`() throws {
      try withDatabase { database in
        let server = try WebServer { _ in .init(400) }
        defer { server.close() }
        let place = try place("table", in: database)
        // Before, since such a commit may come after the end that is asked for.
        try database.place(1...2, keys: 2)
        try database.psql(
          """
          ALTER DATABASE \(database.name) SET synchronous_commit = off;
          CREATE TABLE commits (way text);
          CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN INSERT INTO public.commits VALUES (current_setting('synchronous_commit')); RETURN NULL; END$$;
          CREATE TRIGGER note AFTER INSERT OR DELETE ON dead_letters EXECUTE FUNCTION note();
          """)
        let stream = try database.stream(
          to: server, ["--until", "now", "--on-poison", "dead-letter", "--dead-letters", place])
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(try database.deadLetters(["drop", "--all"], at: place).exitCode() == 0)
        let ways = try database.psql("SELECT DISTINCT way FROM commits")
        #expect(ways == "local", "\(ways); \(stream.errors.text)")
      }
    }

    @Test func `a table of letters that a crash of the server empties is refused, with the statement that mends it`()
      throws
    {
      try withDatabase { database in
        let server = try WebServer { _ in .init(400) }
        defer { server.close() }
        let place = try place("table", in: database)
        try database.psql("ALTER TABLE dead_letters SET UNLOGGED;")
        try database.place(1...2, keys: 2)
        let options = ["--until", "now", "--on-poison", "dead-letter", "--dead-letters", place]
        let refused = try database.stream(to: server, options)
        #expect(try refused.exitCode() == 78, "\(refused.errors.text)")
        #expect(refused.complaint?.contains("ALTER TABLE \"public\".\"dead_letters\" SET LOGGED;") == true)
        try database.psql(#"ALTER TABLE "public"."dead_letters" SET LOGGED;"#)
        #expect(try database.stream(to: server, options).exitCode() == 0)
        #expect(try lines(database, place).count == 2)
      }
    }

    @Test(arguments: ["file", "table"])
    func `letters that are dropped are gone, the others stay`(kind: String) throws {
      try withDatabase { database in
        let server = try WebServer { _ in .init(400) }
        defer { server.close() }
        let place = try place(kind, in: database)
        try database.place(1...6, keys: 3)
        let stream = try database.stream(
          to: server, ["--until", "now", "--on-poison", "dead-letter", "--dead-letters", place])
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        let all = try lines(database, place)
        #expect(all.count == 6)
        #expect(try database.deadLetters(["drop"], at: place).exitCode() == 64, "it must be said which")
        #expect(try database.deadLetters(["drop", "--key", "k1"], at: place).exitCode() == 0)
        #expect(try Set(lines(database, place)) == Set(all.filter { $0[2] != "k1" }))
        #expect(try database.deadLetters(["drop", "--id", String(all[2][1])], at: place).exitCode() == 0)
        #expect(try database.deadLetters(["drop", "--all"], at: place).exitCode() == 0)
        #expect(try lines(database, place).isEmpty)
      }
    }

    @Test(arguments: ["file", "table"])
    func `later events of a parked key wait behind the letter, and a redrive beside the stream keeps their order`(
      kind: String
    ) throws {
      try withDatabase { database in
        let isMended = Flag()
        let server = try WebServer { request in .init(!isMended.isSet && request.holds(21) ? 422 : 200) }
        defer { server.close() }
        let place = try place(kind, in: database)
        let stream = try database.stream(
          to: server, ["--on-poison", "dead-letter", "--dead-letters", place, "--park-key"])
        try database.place(1...100, keys: 5)
        try wait(until: "the others are delivered") { server.taken.count == 84 }
        #expect(server.taken.allSatisfy { $0.partitionkey != "k1" || $0.data?.n ?? 0 < 21 })
        try wait(until: "the rest is parked") { try lines(database, place).count == 16 }
        let letters = try lines(database, place)
        #expect(letters.allSatisfy { $0[2] == "k1" })
        #expect(letters.map { $0[0] } == letters.map { $0[0] }.sorted(), "in order")

        isMended.set()
        let writer = try database.session()
        try writer.write(
          "DO $$ BEGIN FOR n IN 101..400 LOOP PERFORM place(n, 'k' || n % 5); COMMIT; PERFORM pg_sleep(0.003); "
            + "END LOOP; END $$;\n")
        writer.closeInput()
        try wait(until: "events flow") { server.taken.count > 100 }
        let redrive = try database.deadLetters(["redrive", "--key", "k1", "--sink", server.url], at: place)
        #expect(try redrive.exitCode() == 0, "\(redrive.errors.text)")
        #expect(try writer.exitCode() == 0)
        try wait(until: "all is delivered") { server.taken.count >= 400 }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
        #expect(try lines(database, place).isEmpty)
        #expect(server.taken.numbers.sorted() == Array(1...400))
        #expect(server.taken.isOrderedPerKey)
      }
    }

    @Test(arguments: ["file", "table"])
    func `a redrive that is killed loses nothing, and the next one goes on`(kind: String) throws {
      try withDatabase { database in
        let (isMended, gate, redriven) = (Flag(), Gate(), Counter())
        let server = try WebServer { _ in
          guard isMended.isSet else { return .init(422) }
          if redriven.next() == 36 { gate.pass() }
          return .init(200)
        }
        defer {
          gate.open()
          server.close()
        }
        let place = try place(kind, in: database)
        try database.place(1...60, keys: 3)
        let stream = try database.stream(
          to: server, ["--until", "now", "--on-poison", "dead-letter", "--dead-letters", place, "--park-key"])
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(try lines(database, place).count == 60)
        isMended.set()
        let redrive = try database.tailrace([
          "dead-letters", "redrive", "--database", database.connection, "--dead-letters", place, "--all", "--sink",
          server.url,
        ])
        try wait(until: "some are delivered") { redriven.count >= 36 }
        try redrive.kill9()
        gate.open()
        #expect(try !lines(database, place).isEmpty)
        let next = try database.deadLetters(["redrive", "--all", "--sink", server.url], at: place)
        #expect(try next.exitCode() == 0, "\(next.errors.text)")
        #expect(try lines(database, place).isEmpty)
        #expect(server.taken.firsts.numbers.sorted() == Array(1...60))
        #expect(server.taken.firsts.isOrderedPerKey)
      }
    }

    @Test(arguments: ["stdout", "file"], ["file", "table"])
    func `rows that cannot become events go to the letters for other sinks too`(sink: String, kind: String) throws {
      let schema = OutboxDatabase.schema.replacing(
        "id uuid PRIMARY KEY DEFAULT gen_random_uuid()", with: "id uuid DEFAULT gen_random_uuid()")
      try withDatabase(15, schema) { database in
        let place = try place(kind, in: database)
        try database.psql(
          """
          SELECT place(1);
          INSERT INTO outbox (id, aggregateid, payload) VALUES (NULL, 'a', '{"n": 2}');
          SELECT place(3);
          BEGIN; SELECT place(4); INSERT INTO outbox (aggregateid, type) VALUES ('a', E'Pla\\x01ced'); SELECT place(5);
          COMMIT;
          """)
        let options = [
          "--sink", sink == "file" ? "file:\(database.file)" : sink, "--until", "now", "--on-poison", "dead-letter",
          "--dead-letters", place,
        ]
        let stream = try database.stream(options)
        #expect(try stream.exitCodeAfterAllOutput() == 0, "\(stream.errors.text)")
        let delivered = sink == "file" ? database.fileLines : stream.output.lines
        #expect(try Event.read(delivered).numbers == [1, 3, 4, 5])

        let letters = try lines(database, place)
        #expect(letters.count == 2)
        #expect(letters.first?[3].contains("id") == true && letters.last?[3].contains("type") == true)
        let position = String(letters[0][0])
        let shown = try database.deadLetters(["show", position], at: place)
        #expect(try shown.exitCode() == 0)
        #expect(shown.output.text.contains(#""row":{"id":null,"#), "\(shown.output.text)")
        #expect(shown.output.text.contains(#""payload":"{\"n\": 2}""#))

        let server = try WebServer()
        defer { server.close() }
        let redrive = try database.deadLetters(["redrive", "--all", "--sink", server.url], at: place)
        #expect(try redrive.exitCode() == 65)
        #expect(server.requests.isEmpty)
        #expect(try lines(database, place).count == 2)
        #expect(try database.rest(Array(options.drop { $0 != "--on-poison" })).isEmpty)
        #expect(try database.deadLetters(["drop", "--all"], at: place).exitCode() == 0)
        #expect(try lines(database, place).isEmpty)
      }
    }

    @Test func `while the database with the letters is down nothing is lost, and after that letters are written`()
      throws
    {
      try TestServer.with { server in
        try server.withDatabase { database in
          let (isUnderWay, gate) = (Flag(), Gate())
          let receiver = try WebServer { request in
            if request.holds(5) {
              isUnderWay.set()
              gate.pass()
            }
            return .init(request.events.allSatisfy { ($0.data?.n ?? 0) % 5 != 0 } ? 200 : 422)
          }
          defer {
            gate.open()
            receiver.close()
          }
          let place = try place("table", in: database)
          let options = ["--on-poison", "dead-letter", "--dead-letters", place]
          let stream = try database.stream(to: receiver, options)
          try database.place(1...9, keys: 9)
          try wait(until: "the others are delivered") { receiver.taken.count == 8 && isUnderWay.isSet }
          try server.stop()
          gate.open()
          Thread.sleep(forTimeInterval: 1)
          try server.start()
          // It cannot keep the letter when it has to, says so, and waits.
          try wait(until: "the letter is written", within: 60) { try lines(database, place).count == 1 }
          #expect(stream.errors.text.contains("dead letters"), "\(stream.errors.text)")
          // The connection that letters go over is lost, without need of it.
          try server.restart()
          try database.place(10...13, keys: 4)
          try wait(until: "the next letter is written") { try lines(database, place).count == 2 }
          try wait(until: "the others are delivered") { Set(receiver.taken.numbers).count == 11 }
          stream.signal(SIGTERM)
          #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
          #expect(Set(receiver.taken.numbers) == Set(1...13).subtracting([5, 10]))
          #expect(try database.rest().isEmpty)
        }
      }
    }

    @Test func `a missing table for dead letters is an error that names what makes it`() throws {
      try withDatabase { database in
        let stream = try database.stream(["--on-poison", "dead-letter", "--dead-letters", "table:public.nowhere"])
        #expect(try stream.exitCode(within: 10) == 78)
        #expect(stream.complaint?.contains("--dead-letter-table") == true, "\(stream.errors.text)")
      }
    }
  }
}
