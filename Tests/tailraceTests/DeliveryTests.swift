// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct Delivery {
    @Test(arguments: [15, 18])
    func `what is rolled back never comes out, also in savepoints`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql(
          """
          SELECT place(1);
          BEGIN; SELECT place(2); ROLLBACK;
          BEGIN; SELECT place(3); SAVEPOINT a; SELECT place(4); ROLLBACK TO a; SELECT place(5);
            SAVEPOINT b; SELECT place(6); RELEASE b; COMMIT;
          BEGIN; SELECT place(7); SAVEPOINT a; SELECT place(8); SAVEPOINT b; SELECT place(9); RELEASE b; ROLLBACK TO a;
            COMMIT;
          BEGIN; SELECT place(10); SAVEPOINT a; SELECT place(11); RELEASE a; ROLLBACK;
          SELECT place(12);
          """)
        #expect(try Event.read(database.rest()).numbers == [1, 3, 5, 6, 7, 12])
      }
    }

    @Test(arguments: [15, 18])
    func `transactions that interleave come out one after another in the order of their commits`(version: Int) throws {
      try withDatabase(version) { database in
        let sessions = try (0..<4).map { _ in try database.session() }
        func perform(_ session: Int, _ sql: String) throws {
          let count = sessions[session].output.lineCount
          try sessions[session].write("\(sql);\n\\echo done\n")
          try wait(until: "session \(session) did \(sql)") {
            sessions[session].output.text.hasSuffix("done\n") && sessions[session].output.lineCount > count
          }
        }
        for session in 0..<4 { try perform(session, "BEGIN") }
        for row in 0..<3 {
          for session in 0..<4 {
            try perform(
              session,
              "INSERT INTO outbox (aggregateid, payload) VALUES ('s\(session)', '{\"n\": \(session * 10 + row)}')")
          }
        }
        try perform(2, "COMMIT")
        try perform(1, "ROLLBACK")
        try perform(3, "COMMIT")
        try perform(0, "COMMIT")
        let events = try Event.read(database.rest())
        #expect(events.numbers == [20, 21, 22, 30, 31, 32, 0, 1, 2])
        #expect(events.isInCommitOrder)
      }
    }

    @Test(arguments: [15, 18])
    func `what concurrent sessions commit to a ledger comes out, whole transactions in commit order`(
      version: Int
    ) throws {
      try withDatabase(version) { database in
        try database.psql(
          """
          CREATE TABLE ledger (session int, turn int, n int);
          CREATE PROCEDURE work(session int, turns int) LANGUAGE plpgsql AS
            $$ BEGIN
              FOR turn IN 1..turns LOOP
                FOR n IN 1..3 LOOP
                  PERFORM place(session * 1000000 + turn * 10 + n, 's' || session);
                  INSERT INTO ledger VALUES (session, turn, session * 1000000 + turn * 10 + n);
                END LOOP;
                IF random() < 0.3 THEN ROLLBACK; ELSE COMMIT; END IF;
              END LOOP;
            END $$;
          """)
        let stream = try database.stream()
        let sessions = try (1...4).map { _ in try database.session() }
        for (index, session) in sessions.enumerated() {
          try session.write("CALL work(\(index + 1), 150);\n")
          session.closeInput()
        }
        for session in sessions { #expect(try session.exitCode(within: 60) == 0) }
        let ledger = try database.psql("SELECT n FROM ledger ORDER BY n").split(separator: "\n").compactMap { Int($0) }
        try wait(until: "all is delivered") { stream.output.lineCount >= ledger.count }
        stream.signal(SIGTERM)
        #expect(try stream.exitCodeAfterAllOutput() == 0)
        let events = try Event.read(stream.output.lines)
        #expect(events.numbers.sorted() == ledger)
        #expect(events.isInCommitOrder)
        #expect(events.isOrderedPerKey)
        let turns = events.numbers.map { $0 / 10 }
        #expect(stride(from: 0, to: turns.count, by: 3).allSatisfy { Set(turns[$0..<$0 + 3]).count == 1 })
      }
    }

    @Test func `ten thousand rows mixed with rollbacks come out once each`() throws {
      try withDatabase { database in
        let stream = try database.streamToFile()
        try database.psql(
          """
          DO $$ BEGIN
            FOR batch IN 0..99 LOOP
              PERFORM place(batch * 200 + 1, batch * 200 + 100);
              COMMIT;
              PERFORM place(batch * 200 + 101, batch * 200 + 200);
              ROLLBACK;
            END LOOP;
          END $$;
          """)
        try wait(until: "all is delivered", every: 0.1) { database.fileLines.count >= 10_000 }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
        let events = try Event.read(database.fileLines)
        #expect(events.numbers == (0..<20_000).filter { $0 % 200 < 100 }.map { $0 + 1 })
        #expect(Set(events.map(\.id)).count == 10_000)
      }
    }

    @Test func `when the reader of standard output has gone, it ends well and the next run delivers the rest`() throws {
      try withDatabase { database in
        try database.psql("CALL place_one_by_one(1, 3000);")
        let first = try database.stream(reader: .leavesAfterOneLine)
        #expect(try first.exitCode() == 0)
        let read = try #require(Event.read(first.output.lines).first)
        #expect(read.data?.n == 1)
        // What stood in the pipe counts as read; beyond a pipe's and a batch's size nothing may be missing.
        let rest = try Event.read(database.rest()).numbers
        #expect(rest.last == 3000)
        #expect(rest == Array((3001 - rest.count)..<3001))
        #expect(rest.count > 1000)
      }
    }

    @Test func `a stream that is quiet is delivered to a pipe at once`() throws {
      try withDatabase { database in
        let stream = try database.stream()
        try database.waitUntilStreaming()
        for n in 1...20 {
          try database.psql("SELECT place(\(n));")
          try wait(until: "event \(n) arrives", within: 2, every: 0.005) { stream.output.lineCount == n }
        }
      }
    }
  }
}
