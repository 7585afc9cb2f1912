// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Outboxes by time: parts ahead are made, and parts that are over go as a whole.
  @Suite struct DayPartitioning {
    private static let versions = [15, 18]

    /// A database whose outbox set-up has made.
    private func withOutbox(_ version: Int, _ body: (OutboxDatabase) throws -> Void) throws {
      try withDatabase(version, "") { database in
        let setup = try database.partition(["--prunable", "--dead-letter-table", "public.letters"])
        #expect(try setup.exitCodeAfterAllOutput() == 0, "\(setup.errors.text)")
        try database.psql(
          """
          CREATE FUNCTION place(n int, age interval DEFAULT '0') RETURNS void LANGUAGE sql AS
            $$ INSERT INTO outbox (aggregatetype, aggregateid, type, payload, occurred_at)
               VALUES ('order', 'a', 'Placed', jsonb_build_object('n', n), now() - age) $$;
          """)
        try body(database)
      }
    }

    private func days(_ database: OutboxDatabase) throws -> [String] {
      try database.psql(
        "SELECT relid FROM pg_partition_tree('outbox') WHERE isleaf AND relid <> 'outbox_default'::regclass ORDER BY 1::text"
      ).split(separator: "\n").map(String.init)
    }

    /// Makes the partition of a day that is over.
    private func makeDay(_ database: OutboxDatabase, ago: Int) throws -> String {
      let name = try database.psql("SELECT to_char((now() AT TIME ZONE 'UTC')::date - \(ago), '\"outbox_\"YYYYMMDD')")
      try database.psql(
        """
        SET timezone = 'UTC';
        DO $$ BEGIN EXECUTE format('CREATE TABLE \(name) PARTITION OF outbox FOR VALUES FROM (%L) TO (%L)',
          current_date - \(ago), current_date - \(ago) + 1); END $$;
        """)
      return name
    }

    private func deliver(_ database: OutboxDatabase) throws {
      _ = try database.rest()
      // What prune itself notes has to be confirmed too.
      try database.waitUntilAllIsConfirmed()
    }

    @Test(arguments: versions)
    func `set-up makes an outbox by time with days ahead, whose rows come under its name`(version: Int) throws {
      try withOutbox(version) { database in
        #expect(try days(database).count == 9)
        try database.psql("SELECT place(1); SELECT place(2, '-3 days'); SELECT place(3, '40 days');")
        let events = try Event.read(database.rest())
        #expect(events.numbers == [1, 2, 3])
        #expect(Set(events.map(\.source)) == ["/\(database.name)/public.outbox"])
        #expect(try database.psql("SELECT count(*) FROM outbox_default") == "1")
        let again = try database.partition()
        #expect(try again.exitCodeAfterAllOutput() == 0, "\(again.errors.text)")
        #expect(again.errors.text.contains("partitions of public.outbox: nothing to do"), "\(again.errors.text)")
        let doctor = try database.tailrace(["doctor"] + database.names)
        _ = try doctor.exitCodeAfterAllOutput()
        #expect(!doctor.output.lines.joined().contains("partitions ahead are missing"))
        let last = try #require(days(database).dropLast(4).last)
        try database.psql("DROP TABLE \(last);")
        let worried = try database.tailrace(["doctor"] + database.names)
        _ = try worried.exitCodeAfterAllOutput()
        let found = worried.output.lines.joined(separator: "\n")
        #expect(found.contains("partitions ahead are missing") && found.contains("ATTACH PARTITION"), "\(found)")
        let mend = try database.partition()
        #expect(try mend.exitCodeAfterAllOutput() == 0, "\(mend.errors.text)")
        #expect(try days(database).count == 9)
      }
    }

    @Test(arguments: versions)
    func `a table that is there and not by days is refused, and what set-up prints can be run`(version: Int) throws {
      try withDatabase(version) { database in
        let refused = try database.partition()
        #expect(try refused.exitCodeAfterAllOutput() == 78, "\(refused.errors.text)")
        #expect(refused.errors.text.contains("not partitioned by the days"), "\(refused.errors.text)")
        let dry = try database.tailrace(
          ["setup", "--database", database.connection, "--publication", "other", "--slot", "other_\(database.slot)"]
            + ["--table", "public.\"Out box\"", "--partition-by", "day", "--dry-run"])
        #expect(try dry.exitCodeAfterAllOutput() == 0, "\(dry.errors.text)")
        let statements = dry.output.lines.prefix { !$0.contains("pg_create_logical_replication_slot") }
        try database.psql(statements.joined(separator: "\n"))
        #expect(try database.psql("SELECT count(*) FROM pg_partition_tree('\"Out box\"') WHERE isleaf") == "10")
        #expect(try database.psql("SELECT pubviaroot FROM pg_publication WHERE pubname = 'other'") == "t")
        for options in [["--partition-by", "week"], ["--partition-by", ""]] {
          let child = try database.tailrace(["setup"] + database.names + options)
          #expect(try child.exitCodeAfterAllOutput() == 64, "\(child.errors.text)")
        }
      }
    }

    @Test(arguments: versions)
    func `a day goes as a whole when each of its rows is proved, and else stays as a whole`(version: Int) throws {
      try withOutbox(version) { database in
        let (whole, letters, undelivered, young) = (
          try makeDay(database, ago: 20), try makeDay(database, ago: 19), try makeDay(database, ago: 18),
          try makeDay(database, ago: 2)
        )
        // The slot has brought them all, although their times are before it.
        try database.psql("UPDATE tailrace_marks SET noted_at = '-infinity';")
        try database.psql(
          "SELECT place(n, '20 days') FROM generate_series(1, 300) n; SELECT place(301, '19 days'); SELECT place(302, '19 days');"
            + "SELECT place(303, '2 days'); SELECT place(304, '40 days'); SELECT place(305);")
        try database.keepLetter(database.psql("SELECT id FROM outbox WHERE payload->>'n' = '302'"))
        _ = try database.rest()
        let stream = try database.streamToFile()
        try wait(until: "it streams") { try database.walsender() != nil }
        let options = ["--drop-partitions", "--older-than", "7d", "--dead-letters", "table:public.letters"]
        let dry = try database.prune(options + ["--dry-run"])
        #expect(try dry.exitCodeAfterAllOutput() == 0, "\(dry.errors.text)")
        #expect(dry.errors.text.contains("would drop partition public.\(whole), with 300 rows"), "\(dry.errors.text)")
        #expect(try database.committedNumbers().count == 305)
        let first = try database.prune(options)
        #expect(try first.exitCodeAfterAllOutput() == 0, "\(first.errors.text)")
        #expect(first.errors.text.contains("dropped partition public.\(whole), with 300 rows"), "\(first.errors.text)")
        #expect(first.errors.text.contains("\(letters) stays: 1 of its 2 rows"), "\(first.errors.text)")
        // A row in the default partition goes by itself.
        #expect(try database.committedNumbers() == [301, 302, 303, 305])
        #expect(try !days(database).contains(whole) && !days(database).contains(undelivered), "an empty one goes too")
        _ = try makeDay(database, ago: 18)
        let open = try database.session()
        try open.write("BEGIN; SELECT place(306, '18 days'), 'open';\n")
        try wait(until: "it is open") { open.output.text.contains("open") }
        let busy = try database.prune(options)
        #expect(try busy.exitCodeAfterAllOutput() == 0, "\(busy.errors.text)")
        #expect(busy.errors.text.contains("\(undelivered) stays, for others have it"), "\(busy.errors.text)")
        try open.write("COMMIT;\n")
        try wait(until: "it has come") { database.fileLines.count == 1 }
        try database.waitUntilAllIsConfirmed()
        let second = try database.prune(options)
        #expect(try second.exitCodeAfterAllOutput() == 0, "\(second.errors.text)")
        #expect(try database.committedNumbers() == [301, 302, 303, 305], "\(second.errors.text)")
        #expect(try days(database).contains(young) && !days(database).contains(undelivered))
        try stream.kill9()
      }
    }

    @Test(arguments: versions)
    func `without a proof no day goes, and rows from before the slot only when that is said`(version: Int) throws {
      try withOutbox(version) { database in
        let day = try makeDay(database, ago: 20)
        try database.psql("SELECT place(1, '20 days');")
        let options = ["--drop-partitions", "--older-than", "7d"]
        let early = try database.prune(options + ["--wait", "1s"])
        #expect(try early.exitCodeAfterAllOutput() == 78, "\(early.errors.text)")
        try deliver(database)
        let stream = try database.streamToFile()
        let old = try database.prune(options)
        #expect(try old.exitCodeAfterAllOutput() == 0, "\(old.errors.text)")
        #expect(try old.errors.text.contains("\(day) stays") && days(database).contains(day), "\(old.errors.text)")
        let all = try database.prune(options + ["--before-slot"])
        #expect(try all.exitCodeAfterAllOutput() == 0, "\(all.errors.text)")
        #expect(try !days(database).contains(day) && database.committedNumbers().isEmpty, "\(all.errors.text)")
        try stream.kill9()
      }
    }

    @Test(arguments: versions)
    func `what keeps a day from going is told, with the mend`(version: Int) throws {
      try withOutbox(version) { database in
        let day = try makeDay(database, ago: 20)
        try database.psql("SELECT place(1, '20 days');")
        _ = try database.rest()
        let stream = try database.streamToFile()
        let options = ["--drop-partitions", "--older-than", "7d", "--before-slot"]
        for (way, back, words) in [
          (
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$;"
              + "CREATE TRIGGER note AFTER DELETE ON outbox FOR EACH ROW EXECUTE FUNCTION note();",
            "DROP TRIGGER note ON outbox;", "would not see a partition that is dropped"
          ),
          ("CREATE VIEW seen AS SELECT * FROM \(day);", "DROP VIEW seen;", "such as views, depend on it"),
          (
            "CREATE TABLE other (a uuid, b timestamptz, FOREIGN KEY (a, b) REFERENCES outbox (id, occurred_at));",
            "DROP TABLE other;", "DROP CONSTRAINT"
          ),
        ] {
          try database.psql(way)
          let child = try database.prune(options)
          #expect(try child.exitCodeAfterAllOutput() == 78, "\(words): \(child.errors.text)")
          #expect(child.errors.text.contains(words), "\(child.errors.text)")
          #expect(try days(database).contains(day))
          try database.psql(back)
        }
        try database.withRole("LOGIN") { role in
          defer { _ = try? database.psql("DROP OWNED BY \(role);") }
          let limited = database.server.connection(to: database.name, user: role)
          try database.psql("GRANT SELECT, DELETE ON outbox TO \(role); GRANT ALL ON tailrace_marks TO \(role);")
          let rows = try database.prune(["--database", limited])
          #expect(try rows.exitCodeAfterAllOutput() == 77, "\(rows.errors.text)")
          let grant = try #require(rows.errors.text.firstMatch(of: #/GRANT SELECT, DELETE ON [^;]*;/#))
          #expect(grant.output.contains("\"\(day)\""), "\(rows.errors.text)")
          try database.psql(String(grant.output))
          let drop = try database.prune(options + ["--database", limited])
          #expect(try drop.exitCodeAfterAllOutput() == 77, "\(drop.errors.text)")
          #expect(drop.errors.text.contains("does not own them"), "\(drop.errors.text)")
          let mended = try database.prune(["--database", limited, "--older-than", "7d", "--before-slot"])
          #expect(try mended.exitCodeAfterAllOutput() == 0, "\(mended.errors.text)")
          #expect(try database.committedNumbers().isEmpty)
        }
        try stream.kill9()
      }
    }

    @Test(arguments: versions, [true, false])
    func `a partition that is detached in mid-run is an error, and keeps its rows`(version: Int, isDropped: Bool) throws
    {
      try withOutbox(version) { database in
        let day = try makeDay(database, ago: 20)
        try database.psql("SELECT place(n, '20 days') FROM generate_series(1, 20000) n;")
        _ = try database.rest()
        let stream = try database.streamToFile()
        let prune = try database.prune(["--older-than", "7d", "--before-slot", "--rate", "500"])
        try wait(until: "some are gone", within: 30) { try database.psql("SELECT count(*) FROM outbox") != "20000" }
        try database.psql("ALTER TABLE outbox DETACH PARTITION \(day);")
        let left = try database.psql("SELECT count(*) FROM \(day)")
        if isDropped { try database.psql("DROP TABLE \(day);") }
        #expect(try prune.exitCodeAfterAllOutput(within: 60) == 78, "\(prune.errors.text)")
        #expect(prune.errors.text.contains("was detached, dropped or made anew"), "\(prune.errors.text)")
        if !isDropped { #expect(try database.psql("SELECT count(*) FROM \(day)") == left && left != "0") }
        try database.psql("SELECT place(n, '20 days') FROM generate_series(1, 20000) n;")
        try database.waitUntilAllIsConfirmed()
        let again = try database.prune(["--older-than", "7d", "--before-slot", "--rate", "500"])
        try wait(until: "some are gone", within: 30) {
          try database.psql("SELECT count(*) FROM outbox_default") != "20000"
        }
        again.signal(SIGTERM)
        #expect(try again.exitCodeAfterAllOutput() == 0, "\(again.errors.text)")
        #expect(again.errors.text.contains("stopped before the end"), "\(again.errors.text)")
        try stream.kill9()
      }
    }
  }
}

extension OutboxDatabase {
  /// Starts set-up for an outbox by time.
  fileprivate func partition(_ options: [String] = []) throws -> ChildProcess {
    try tailrace(["setup", "--partition-by", "day"] + options + names)
  }
}
