// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Outboxes that are parts of other tables, and the publications that say under whose name their rows come.
  @Suite struct Partitions {
    private static let versions = [15, 18]
    private static let tables = """
      CREATE TABLE outbox (id uuid DEFAULT gen_random_uuid(), aggregatetype text DEFAULT 'order', aggregateid text,
        type text DEFAULT 'Placed', payload jsonb) PARTITION BY LIST (aggregateid);
      CREATE TABLE outbox_eu PARTITION OF outbox FOR VALUES IN ('eu');
      CREATE TABLE outbox_us PARTITION OF outbox FOR VALUES IN ('us');

      """
    private static let both = ["--table", "public.outbox", "--table", "public.outbox_eu"]
    private static let rows =
      "INSERT INTO outbox (aggregateid, payload) VALUES ('eu', '{\"n\":1}'), ('us', '{\"n\":2}');"

    @Test(arguments: versions, ["TABLE outbox", "TABLES IN SCHEMA public", "TABLES IN SCHEMA app", "ALL TABLES"])
    func `a partition is not the outbox where what is above it is published for it`(
      version: Int, target: String
    ) throws {
      try withDatabase(version, "") { database in
        let isElsewhere = target.hasSuffix("app")
        try database.psql(
          Self.tables + (isElsewhere ? "CREATE SCHEMA app; ALTER TABLE outbox SET SCHEMA app;" : "")
            + "CREATE PUBLICATION events FOR \(target) WITH (publish = 'insert', publish_via_partition_root = true);")
        try database.makeSlot()
        let stream = try database.stream(["--until", "now", "--table", "public.outbox_eu"])
        #expect(try stream.exitCode() == 78)
        let root = isElsewhere ? "app.outbox" : "public.outbox"
        #expect(
          stream.complaint?.contains("as a part of the table above it, \(root)") == true, "\(stream.errors.text)")
        let other = try database.stream(["--until", "now", "--table", root])
        #expect(try other.exitCode() == 0, "\(other.errors.text)")
      }
    }

    @Test(arguments: versions)
    func `set-up gives a partition that is named beside its root a source of its own`(version: Int) throws {
      try withDatabase(version, "") { database in
        try database.psql(Self.tables)
        for _ in 1...2 {
          let setup = try database.tailrace(["setup"] + database.names + Self.both)
          #expect(try setup.exitCode() == 0, "\(setup.errors.text)")
        }
        try database.psql("\(Self.rows) CREATE TABLE outbox_late PARTITION OF outbox DEFAULT;")
        try database.psql("INSERT INTO outbox (aggregateid, payload) VALUES ('late', '{\"n\":3}');")
        let events = try Event.read(database.rest(Self.both))
        #expect(events.numbers == [1, 2, 3])
        let of = "/\(database.name)/public.outbox"
        #expect(events.map(\.source) == ["\(of)_eu", of, of])
      }
    }

    @Test(arguments: versions, ["TABLE outbox", "TABLE outbox, outbox_eu", "ALL TABLES"])
    func `a partition that is named beside its root is refused where it comes as the root, with advice that helps`(
      version: Int, target: String
    ) throws {
      try withDatabase(version, "") { database in
        try database.psql(
          Self.tables
            + "CREATE PUBLICATION events FOR \(target) WITH (publish = 'insert', publish_via_partition_root = true);")
        try database.makeSlot()
        let commands = target == "ALL TABLES" ? ["stream"] : ["stream", "setup"]
        for command in commands {
          let child = try database.tailrace([command] + database.names + Self.both)
          #expect(try child.exitCode() == 78, "\(command)")
          #expect(child.complaint?.contains("above it, public.outbox,") == true, "\(command): \(child.errors.text)")
          #expect(
            child.complaint?.contains(
              "ALTER PUBLICATION \"events\" SET (publish_via_partition_root = false);") == true,
            "\(command): \(child.errors.text)")
        }
        try database.psql("ALTER PUBLICATION events SET (publish_via_partition_root = false); \(Self.rows)")
        let events = try Event.read(database.rest(Self.both))
        #expect(events.numbers == [1, 2] && Set(events.map(\.source)).count == 2)
      }
    }

    @Test(arguments: ["dropped", "detached"])
    func `rows of a part that is gone, of which nobody knows what it was, can be delivered`(fate: String) throws {
      try withDatabase(15, "") { database in
        let outboxes = ["--table", "public.outbox", "--table", "public.bills"]
        try database.psql(
          Self.tables
            + """
            CREATE TABLE bills (LIKE outbox INCLUDING DEFAULTS);
            CREATE PUBLICATION events FOR TABLE outbox, bills WITH (publish = 'insert');
            """)
        try database.makeSlot()
        try database.psql(
          Self.rows + "ALTER TABLE outbox DETACH PARTITION outbox_eu;"
            + (fate == "dropped" ? "DROP TABLE outbox_eu;" : ""))
        let stream = try database.stream(["--until", "now"] + outboxes)
        #expect(try stream.exitCode() == 78, "\(stream.errors.text)")
        let complaint = try #require(stream.complaint)
        #expect(
          complaint.contains("--table public.outbox_eu beside") && complaint.contains("--accept-gap"), "\(complaint)")
        #expect(complaint.contains("make an empty table") == (fate == "dropped"), "\(complaint)")
        if fate == "dropped" { try database.psql("CREATE TABLE outbox_eu (LIKE outbox);") }
        try database.psql("ALTER PUBLICATION events ADD TABLE outbox_eu;")
        #expect(
          try Event.read(database.rest(outboxes + ["--table", "public.outbox_eu"])).numbers == [1, 2])
      }
    }
  }
}
