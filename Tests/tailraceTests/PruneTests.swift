// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Rows that have been delivered, removed.
  @Suite struct Pruning {
    private static let versions = [15, 18]
    /// Rows are as old as they say.
    private static let schema =
      OutboxDatabase.schema.replacing(
        "payload jsonb);", with: "payload jsonb, occurred_at timestamptz NOT NULL DEFAULT clock_timestamp());")

    @Test(arguments: versions)
    func `what has been delivered goes, and what is young, undelivered, a letter or older than the slot stays`(
      version: Int
    ) throws {
      try withDatabase(version, Self.schema) { database in
        try database.psql("SELECT place(1, 10);")
        try database.prepare()
        try database.psql("SELECT place(11, 500);")
        _ = try database.rest()
        // Before a relay has confirmed what follows, it stays.
        try database.psql("SELECT place(501, 600);")
        let early = try database.prune(["--wait", "1s"])
        #expect(try early.exitCodeAfterAllOutput() == 78, "\(early.errors.text)")
        #expect(early.errors.text.contains("has confirmed only"), "\(early.errors.text)")
        let letter = try database.psql("SELECT id FROM outbox WHERE payload->>'n' = '77'")
        try database.keepLetter(letter)
        _ = try database.rest()
        try database.psql("SELECT place(601, 620);")
        let stream = try database.streamToFile()
        try database.waitUntilAllIsConfirmed()
        let dry = try database.prune(["--dead-letters", "table:public.letters", "--dry-run"])
        #expect(try dry.exitCodeAfterAllOutput() == 0, "\(dry.errors.text)")
        #expect(dry.errors.text.contains("would remove 609 of 620 old rows; 11 stay"), "\(dry.errors.text)")
        #expect(try database.committedNumbers().count == 620)
        let prune = try database.prune(["--dead-letters", "table:public.letters"])
        #expect(try prune.exitCodeAfterAllOutput() == 0, "\(prune.errors.text)")
        #expect(prune.errors.text.contains("removed 609 of 620 old rows; 11 stay"), "\(prune.errors.text)")
        #expect(try database.committedNumbers() == Set(1...10).union([77]))
        let young = try database.prune(["--older-than", "1h", "--before-slot"])
        #expect(try young.exitCodeAfterAllOutput() == 0 && database.committedNumbers().count == 11)
        let old = try database.prune(["--before-slot", "--dead-letters", "table:public.letters"])
        #expect(try old.exitCodeAfterAllOutput() == 0, "\(old.errors.text)")
        #expect(try database.committedNumbers() == [77])
        try stream.kill9()
      }
    }

    @Test(arguments: versions)
    func `what an open transaction has written in a part of its own is not taken for delivered`(version: Int) throws {
      try withDatabase(version, Self.schema) { database in
        try database.prepare()
        let open = try database.session()
        try open.write("BEGIN; SELECT place(1); SAVEPOINT s; SELECT place(2); RELEASE s; SELECT pg_sleep(0);\n")
        try wait(until: "it is open") {
          try database.psql(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database()"
          ) == "1"
        }
        try database.psql("SELECT place(3);")
        let stream = try database.streamToFile()
        try wait(until: "it streams") { database.fileLines.count == 1 }
        let first = try database.prune()
        #expect(try first.exitCodeAfterAllOutput() == 0, "\(first.errors.text)")
        try open.write("COMMIT;\n")
        try wait(until: "all has come") { database.fileLines.count == 3 }
        // By what was noted while it was open, nothing of it may go.
        #expect(try database.committedNumbers() == [1, 2, 3])
        try database.waitUntilAllIsConfirmed()
        let second = try database.prune()
        #expect(try second.exitCodeAfterAllOutput() == 0, "\(second.errors.text)")
        #expect(try database.committedNumbers().isEmpty)
        try stream.kill9()
      }
    }

    @Test(arguments: versions)
    func `without a proof nothing goes, and the mend helps`(version: Int) throws {
      try withDatabase(version, Self.schema) { database in
        try database.psql("SELECT place(1);")
        _ = try database.rest()
        let none = try database.prune()
        #expect(try none.exitCodeAfterAllOutput() == 78, "\(none.errors.text)")
        #expect(none.errors.text.contains("there is no table public.tailrace_marks"), "\(none.errors.text)")
        try database.prepare()
        try database.psql("DELETE FROM tailrace_marks;")
        let unknown = try database.prune()
        #expect(try unknown.exitCodeAfterAllOutput() == 78, "\(unknown.errors.text)")
        #expect(unknown.errors.text.contains("nobody has noted when slot"), "\(unknown.errors.text)")
        try database.prepare()
        // A slot of the same name, made by hand, has never brought what was written before it.
        try database.psql("SELECT place(2, 9);")
        _ = try database.rest()
        try wait(until: "the server has counted") {
          try database.psql("SELECT total_txns > 0 FROM pg_stat_replication_slots WHERE slot_name = '\(database.slot)'")
            == "t"
        }
        let stream = try database.streamToFile()
        try wait(until: "it streams") { stream.messages.contains { $0.contains("streaming from slot") } }
        let good = try database.prune()
        #expect(try good.exitCodeAfterAllOutput() == 0, "\(good.errors.text)")
        stream.signal(SIGTERM)
        #expect(try stream.exitCode() == 0)
        try database.psql("SELECT place(10, 20); SELECT pg_drop_replication_slot('\(database.slot)');")
        try database.makeSlot()
        _ = try database.rest()
        let other = try database.prune()
        #expect(try other.exitCodeAfterAllOutput() == 78, "\(other.errors.text)")
        #expect(other.errors.text.contains("may be another one than was noted"), "\(other.errors.text)")
        #expect(try database.committedNumbers().isSuperset(of: 10...20))
      }
    }

    @Test(arguments: versions)
    func `set-up that makes a slot anew notes that, and what was written between stays`(version: Int) throws {
      try withDatabase(version, Self.schema) { database in
        try database.prepare()
        try database.psql("SELECT pg_drop_replication_slot('\(database.slot)'); SELECT place(1, 5);")
        let setup = try database.tailrace(["setup"] + database.names)
        #expect(try setup.exitCodeAfterAllOutput() == 0, "\(setup.errors.text)")
        try database.psql("SELECT place(6, 9);")
        let stream = try database.streamToFile()
        try wait(until: "all has come") { database.fileLines.count == 4 }
        try database.waitUntilAllIsConfirmed()
        let prune = try database.prune()
        #expect(try prune.exitCodeAfterAllOutput() == 0, "\(prune.errors.text)")
        #expect(try database.committedNumbers() == Set(1...5))
        try stream.kill9()
      }
    }

    @Test(arguments: versions)
    func `what cannot be is refused, with the mend`(version: Int) throws {
      try withDatabase(version, Self.schema) { database in
        try database.prepare()
        try database.psql(
          "CREATE TABLE timeless (id int); CREATE TABLE held (LIKE outbox INCLUDING ALL);"
            + "CREATE TABLE strange (LIKE outbox INCLUDING ALL); CREATE TABLE silent (LIKE outbox INCLUDING ALL);"
            + "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"
            + "CREATE TRIGGER keep BEFORE DELETE ON silent FOR EACH ROW EXECUTE FUNCTION keep();"
            + "INSERT INTO silent (aggregateid) VALUES ('a');"
            + "CREATE TABLE other (held uuid REFERENCES held (id)); CREATE TABLE guarded (LIKE outbox INCLUDING ALL);"
            + "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;"
            + "CREATE TRIGGER refuse BEFORE DELETE ON guarded FOR EACH ROW EXECUTE FUNCTION refuse();"
            + "INSERT INTO guarded (aggregateid) VALUES ('a');")
        // As if the slot brought these too.
        for table in ["guarded", "silent"] {
          try database.psql(
            "INSERT INTO tailrace_marks (slot, outbox, is_start, system, snapshot, position, streamed, noted_at) SELECT slot, "
              + "'public.\(table)', is_start, system, snapshot, position, streamed, '-infinity' FROM tailrace_marks WHERE is_start;"
          )
        }
        try database.psql(
          "UPDATE tailrace_marks SET snapshot = '1:1:' WHERE outbox IN ('public.guarded', 'public.silent');")
        try database.withRole("LOGIN") { role in
          try database.psql(
            "CREATE TABLE \"foreign\" (LIKE outbox INCLUDING ALL); ALTER TABLE \"foreign\" OWNER TO \(role);")
          try database.psql("GRANT SELECT ON outbox TO \(role); GRANT ALL ON tailrace_marks TO \(role);")
          defer { _ = try? database.psql("DROP OWNED BY \(role);") }
          let limited = database.server.connection(to: database.name, user: role)
          try database.psql("SELECT place(1);")
          let stream = try database.streamToFile()
          try database.waitUntilAllIsConfirmed()
          for (options, code, words) in [
            (["--older-than", "0d"], 64, "--older-than"), (["--older-than", "-1d"], 64, "--older-than"),
            (["--older-than", "99999999999999999999d"], 64, "--older-than"), (["--rate", "0"], 64, "--rate"),
            (["--column", "x"], 64, "--column"), (["--dead-letters", "topic:x"], 64, "only written"),
            (["--table", "public.none"], 78, "there is no table public.none"),
            (["--table", "public.timeless"], 78, "--column occurred_at=COLUMN"),
            (["--table", "public.strange"], 78, "nobody has noted when slot"),
            (["--table", "public.strange", "--before-slot"], 78, "began to bring public.strange"),
            (["--drop-partitions"], 78, "no partitions by the time"),
            (["--table", "public.silent"], 78, "a trigger or a rule keeps them"),
            (["--table", "public.held"], 78, "DROP CONSTRAINT"),
            (["--table", "public.guarded"], 78, "a trigger on public.guarded"),
            (["--slot", "none"], 78, "--prunable"),
            (["--table", "public.foreign"], 77, "whose triggers would run as superuser"),
            (["--database", limited], 77, "GRANT SELECT, DELETE"),
          ] {
            let child = try database.prune(options)
            #expect(try child.exitCodeAfterAllOutput() == Int32(code), "\(options): \(child.errors.text)")
            #expect(child.errors.text.contains(words), "\(options): \(child.errors.text)")
          }
          #expect(try database.committedNumbers() == [1])
          try stream.kill9()
        }
      }
    }
  }
}

extension OutboxDatabase {
  /// Notes where the slot begins, and makes a table for letters.
  fileprivate func prepare() throws {
    let setup = try tailrace(["setup", "--prunable", "--dead-letter-table", "public.letters"] + names)
    guard try setup.exitCodeAfterAllOutput() == 0 else { throw ChildProcess.Failure(description: setup.errors.text) }
  }

  /// Starts `tailrace prune`; what the options say counts more.
  func prune(_ options: [String] = []) throws -> ChildProcess {
    let ours = [("--database", connection), ("--slot", slot), ("--older-than", "1us")]
    return try tailrace(
      ["prune"] + ours.filter { !options.contains($0.0) }.flatMap { [$0.0, $0.1] } + options)
  }

  /// Keeps the letter of an event.
  func keepLetter(_ id: String) throws {
    let position = "0000000000000001-0000000001"
    try psql(
      """
      INSERT INTO letters (position, id, key, reason, letter) VALUES ('\(position)', '\(id)', 'a', 'x',
        '{"position":"\(position)","id":"\(id)","key":"a","reason":"x","attempts":1,"firstattempt":"2026-01-31T12:00:00Z",
          "lastattempt":"2026-01-31T12:00:00Z","sink":"x","event":{"id":"\(id)"}}');
      """)
  }
}
