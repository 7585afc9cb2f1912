// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Large transactions that the server sends while they are in progress.
  @Suite struct Streaming {
    /// A database whose transactions are sent in progress once they take more than 64 kB.
    private func withStreaming(_ version: Int = 15, _ body: (OutboxDatabase) throws -> Void) throws {
      try withDatabase(version) { database in
        try database.psql("ALTER DATABASE \(database.name) SET logical_decoding_work_mem = '64kB';")
        try body(database)
      }
    }

    /// How many transactions the server has sent while they were in progress, or in blocks.
    private func streamedTransactions(_ database: OutboxDatabase) throws -> Int {
      Int(try database.psql("SELECT stream_txns FROM pg_stat_replication_slots WHERE slot_name = '\(database.slot)'"))
        ?? 0
    }

    /// A session with a transaction that the server has begun to send, while another one's row 9000 has arrived.
    private func openTransaction(_ database: OutboxDatabase, _ sql: String) throws -> ChildProcess {
      let session = try database.session()
      try session.write("BEGIN; \(sql)\n")
      try wait(until: "the server streams") { try streamedTransactions(database) >= 1 }
      try database.psql("SELECT place(9000);")
      try wait(until: "the other row arrives") { database.fileLines.count == 1 }
      return session
    }

    @Test(arguments: [15, 18])
    func `the lines are those that come without it`(version: Int) throws {
      try withStreaming(version) { database in
        try database.psql(
          """
          SELECT pg_copy_logical_replication_slot('\(database.slot)', '\(database.slot)_whole');
          BEGIN; SELECT place(1, 2000); SAVEPOINT a; SELECT place(2001, 4000); ROLLBACK TO a;
            SAVEPOINT b; SELECT place(4001, 4500); SAVEPOINT c; SELECT place(4501, 5000); ROLLBACK TO c;
            SELECT place(5001, 6000); COMMIT;
          SELECT place(7000);
          BEGIN; SELECT place(7001, 9000); ROLLBACK;
          BEGIN; SELECT place(9001, 11000); COMMIT;
          """)
        for (slot, streaming) in [(database.slot, "on"), ("\(database.slot)_whole", "off")] {
          let stream = try database.tailrace([
            "stream", "--database", database.connection, "--publication", "events", "--slot", slot, "--streaming",
            streaming, "--spool-memory", "20kB", "--until", "now", "--sink",
            "file:\(database.files.file(streaming))",
          ])
          #expect(try stream.exitCode(within: 30) == 0, "\(stream.errors.text)")
        }
        let lines = try String(contentsOfFile: database.files.file("on"), encoding: .utf8)
        #expect(lines == (try String(contentsOfFile: database.files.file("off"), encoding: .utf8)))
        let expected = Array(1...2000) + Array(4001...4500) + Array(5001...6000) + [7000] + Array(9001...11_000)
        #expect(try Event.read(lines.wholeLines).numbers == expected)
        try wait(until: "the server has counted what it streamed") { try streamedTransactions(database) >= 2 }
      }
    }

    @Test func `nothing leaves before the commit, and others go first`() throws {
      try withStreaming { database in
        let stream = try database.streamToFile(["--spool-memory", "20kB"])
        try database.waitUntilStreaming()
        let session = try openTransaction(
          database, "SELECT place(1, 3000); SAVEPOINT s; SELECT place(3001, 6000); ROLLBACK TO s;")
        try session.write("COMMIT;\n")
        try wait(until: "all is delivered") { database.fileLines.count >= 3001 }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
        #expect(try Event.read(database.fileLines).numbers == [9000] + Array(1...3000))
      }
    }

    @Test(arguments: [SIGKILL, SIGTERM])
    func `a transaction that was in progress when it ended comes once`(signal: Int32) throws {
      try withStreaming { database in
        let stream = try database.streamToFile(["--spool-memory", "20kB"])
        try database.waitUntilStreaming()
        let session = try openTransaction(database, "SELECT place(1, 3000);")
        stream.signal(signal)
        _ = try stream.exitCode()
        try session.write("COMMIT;\n")
        try wait(until: "it is committed") { try database.committedNumbers().count == 3001 }
        _ = try database.rest(["--sink", "file:\(database.file)"])
        _ = try database.rest(["--sink", "file:\(database.file)"])
        #expect(try Event.read(database.fileLines).numbers == [9000] + Array(1...3000))
      }
    }

    /// The server sends a logical message as the whole transaction's, also when a subtransaction wrote it.
    @Test(arguments: [15, 18])
    func `messages that a subtransaction takes back never come, and the sequence is that without streaming`(
      version: Int
    ) throws {
      try withStreaming(version) { database in
        func emit(_ id: String) -> String {
          "SELECT pg_logical_emit_message(true, 'outbox', '{\"id\": \"\(id)\", \"type\": \"t\"}');"
        }
        let stream = try database.streamToFile([
          "--spool-memory", "20kB", "--message-prefix", "outbox", "--table", "public.outbox", "--no-retry",
        ])
        try database.waitUntilStreaming()
        let session = try database.session()
        try session.write("BEGIN; SELECT place(1, 3000); \(emit("kept")) SAVEPOINT s; \(emit("gone"))\n")
        try session.write(
          "SELECT place(3001, 6000); ROLLBACK TO s; \(emit("last")) SELECT place(6001, 7000); COMMIT;\n")
        try wait(until: "it is committed") { try database.committedNumbers().count == 4000 }
        let last = try database.position()
        try wait(until: "all is delivered", within: 30) { try database.hasConfirmed(last) }
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        let events = try Event.read(database.fileLines)
        #expect(events.map(\.id).filter { $0.count < 10 } == ["kept", "last"])
        #expect(events.count == 4002)
        let ordinals = events.map { $0.sequence.split(separator: "-").last.flatMap { Int($0) } }
        #expect(ordinals == (1...4002).map { $0 })
      }
    }

    /// The server looks for the file of a table that the rolled-back ALTER had rewritten, and fails with XX000.
    @Test(arguments: [15, 18])
    func `a transaction that the server cannot send in progress comes whole`(version: Int) throws {
      try withStreaming(version) { database in
        func rewrite(_ column: String) -> String {
          "ALTER TABLE outbox ADD \(column) text DEFAULT clock_timestamp()::text;"
        }
        try database.psql(
          """
          BEGIN; SAVEPOINT a; SELECT place(1, 1000); SAVEPOINT b; \(rewrite("b")) ROLLBACK TO a;
            SELECT place(1001, 2000); \(rewrite("c")) COMMIT;
          SELECT place(2001);
          """)
        // It is no failure that may come again, so that it counts for no retry.
        let stream = try database.streamToFile(["--until", "now", "--no-retry"])
        #expect(try stream.exitCode(within: 30) == 0, "\(stream.errors.text)")
        #expect(try Event.read(database.fileLines).numbers == Array(1001...2001))
        #expect(stream.errors.text.contains("could not map"), "the server's words are told: \(stream.errors.text)")
        #expect(stream.errors.text.contains("taken whole"), "\(stream.errors.text)")
      }
    }

    @Test func `where its rows cannot be kept, it ends with an error that says where, and nothing is lost`() throws {
      try withStreaming { database in
        try database.psql("SELECT place(1, 3000);")
        let missing = database.files.file("missing")
        let nowhere = try database.streamToFile(["--spool-memory", "20kB", "--spool-dir", missing, "--no-retry"])
        #expect(try nowhere.exitCode() == 74)
        #expect(nowhere.complaint?.contains(missing) == true, "\(nowhere.errors.text)")
        let full = try database.stream(
          by: ["/bin/sh", "-c", "ulimit -f 100; exec \"$@\"", "sh"],
          ["--spool-memory", "20kB", "--sink", "file:/dev/null"])
        #expect(try full.exitCode() == 74)
        #expect(full.complaint?.contains("File too large") == true, "\(full.errors.text)")
        #expect(try database.rest(["--spool-memory", "20kB"]).count == 3000)
      }
    }

    @Test func `a row that cannot become an event counts only if it is committed`() throws {
      try withStreaming { database in
        try database.psql("ALTER TABLE outbox DROP CONSTRAINT outbox_pkey; ALTER TABLE outbox ALTER id DROP NOT NULL;")
        let bad = "INSERT INTO outbox (id, aggregateid) VALUES (NULL, 'a');"
        try database.psql(
          """
          BEGIN; SELECT place(1, 2000); SAVEPOINT s; \(bad) ROLLBACK TO s; SELECT place(2001); COMMIT;
          BEGIN; SELECT place(3001, 5000); \(bad) COMMIT;
          """)
        let stream = try database.streamToFile()
        #expect(try stream.exitCode() == 65)
        #expect(stream.complaint?.contains("column id") == true, "\(stream.errors.text)")
        // Of a committed transaction whole batches may have left before its bad row.
        #expect(try Event.read(database.fileLines).numbers.prefix(2001) == Array(1...2001)[...])
        let letters = database.files.file("letters")
        _ = try database.rest([
          "--sink", "file:\(database.file)", "--on-poison", "dead-letter", "--dead-letters", "file:\(letters)",
        ])
        #expect(try Event.read(database.fileLines).numbers == Array(1...2001) + Array(3001...5000))
        #expect(try String(contentsOfFile: letters, encoding: .utf8).wholeLines.count == 1)
      }
    }
  }
}
