// SPDX-License-Identifier: Apache-2.0

import Testing

extension Integration {
  /// What is only too much may be there for somebody else, and stays unless a person decides.
  @Suite struct DoctorShared {
    struct Sharing: CustomTestStringConvertible, Sendable {
      let testDescription: String
      let sql: String
      let id: String
      let says: String

      init(_ description: String, _ sql: String, _ id: String = "publication-tables", says: String) {
        (testDescription, self.sql, self.id, self.says) = (description, sql, id, says)
      }
    }

    private static let shared = [
      Sharing(
        "the outbox comes with its schema",
        "DROP PUBLICATION events; CREATE PUBLICATION events FOR TABLES IN SCHEMA public WITH (publish = 'insert');",
        says: "schema public is in it"),
      Sharing(
        "another schema", "CREATE SCHEMA app; ALTER PUBLICATION events ADD TABLES IN SCHEMA app;",
        says: "schema app is in it"),
      Sharing("another table", "ALTER PUBLICATION events ADD TABLE other;", says: "public.other is in it"),
      Sharing(
        "other operations, with another table",
        "ALTER PUBLICATION events ADD TABLE other; ALTER PUBLICATION events SET (publish = 'insert, update');",
        "publication-inserts", says: "update too"),
      Sharing(
        "other operations", "ALTER PUBLICATION events SET (publish = 'insert, delete');", "publication-inserts",
        says: "delete too"),
      Sharing(
        "columns that are left out",
        "ALTER TABLE outbox ADD headers jsonb; ALTER PUBLICATION events SET TABLE outbox (id, aggregatetype, aggregateid, type, payload);",
        "column-list", says: "headers"),
    ]

    @Test(arguments: [15, 18], shared)
    func `a warning has no statement that takes away what another relay may read`(
      version: Int, sharing: Sharing
    ) throws {
      try withDatabase(version) { database in
        try database.psql("CREATE TABLE other (n int PRIMARY KEY);" + sharing.sql)
        try database.renewSlot()
        let before = try database.published()
        let found = try database.doctor()
        #expect(found.code == 0, "\(found.words)")
        let check = try #require(found[sharing.id])
        #expect(check.state == "warning" && check.found.contains(sharing.says), "\(found.words)")
        #expect(found.mend.isEmpty, "\(found.mend)")
        #expect(check.todo.joined().hasPrefix("leave it as it is if"), "\(check.todo)")
        try database.mend(found)
        #expect(try database.published() == before)
        // Whoever decides so has the outbox still, at every step.
        for step in Advice(found.todo.joined(separator: "\n")).steps {
          guard case .statement(let sql) = step, sql != "COMMIT;" else { continue }
          try database.psql(sql.hasPrefix("BEGIN") ? "SELECT;" : sql)
          #expect(try database.published().contains("outbox") || sql.contains("DROP TABLE \"public\".\"outbox\""))
        }
        let mended = try database.doctor(["--strict"])
        #expect(mended.code == 0, "\(mended.words)")
        try database.psql("INSERT INTO outbox (aggregateid, payload) VALUES ('a', '{\"n\": 1}');")
        #expect(try Event.read(database.rest()).numbers == [1])
      }
    }

    @Test(arguments: [15, 18])
    func `inserts are added to what a shared publication publishes`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql(
          "CREATE TABLE other (n int PRIMARY KEY); ALTER PUBLICATION events ADD TABLE other; "
            + "ALTER PUBLICATION events SET (publish = 'update, delete');")
        let broken = try database.doctor()
        #expect(broken["publication-inserts"]?.state == "failure", "\(broken.words)")
        try database.mend(broken)
        let operations = "SELECT pubinsert, pubupdate, pubdelete, pubtruncate FROM pg_publication"
        #expect(try database.psql(operations) == "t|t|t|f")
        #expect(try database.doctor().code == 0)
        #expect(try database.published().contains("other"))
      }
    }

    @Test(arguments: [15, 18])
    func `a row filter that is meant outlives the mend of a list of columns`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql(
          "ALTER PUBLICATION events SET TABLE outbox (id, aggregatetype, aggregateid, type) WHERE (aggregateid <> 'b');"
        )
        let broken = try database.doctor(["--accept-row-filter"])
        #expect(broken["column-list"]?.state == "failure", "\(broken.words)")
        try database.mend(broken)
        let mended = try database.doctor(["--accept-row-filter", "--strict"])
        #expect(mended.code == 0, "\(mended.words)")
        try database.psql("SELECT place(1, 'a'), place(2, 'b'), place(3, 'a');")
        #expect(try Event.read(database.rest(["--accept-row-filter"])).numbers == [1, 3])
      }
    }

    @Test(arguments: [15, 18])
    func `set-up puts the outbox in by its name before its schema goes`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql(
          "CREATE TABLE other (n int PRIMARY KEY); DROP PUBLICATION events; "
            + "CREATE PUBLICATION events FOR TABLES IN SCHEMA public WITH (publish = 'insert, update');")
        try database.renewSlot()
        let setup = try database.tailrace(["setup"] + database.names)
        #expect(try setup.exitCode() == 78)
        let complaint = try #require(setup.complaint)
        #expect(complaint.contains("if no other relay streams through it"), "\(complaint)")
        for case .statement(let sql) in Advice(complaint).steps {
          try database.psql(sql)
          #expect(try database.published().contains("outbox"), "\(sql)")
        }
        #expect(try database.tailrace(["setup"] + database.names).exitCode() == 0)
        try database.psql("SELECT place(1);")
        #expect(try Event.read(database.rest()).numbers == [1])
      }
    }

    @Test(arguments: [15, 18])
    func `a table with others that inherit from it, and one with partitions, are put in with them`(
      version: Int
    ) throws {
      for below in [
        "CREATE TABLE child () INHERITS (outbox); CREATE TABLE grandchild () INHERITS (child);",
        """
        DROP TABLE outbox; CREATE TABLE outbox (id uuid DEFAULT gen_random_uuid(), aggregatetype text DEFAULT 'order',
          aggregateid text, type text DEFAULT 'Placed', payload jsonb) PARTITION BY LIST (aggregateid);
        CREATE TABLE a PARTITION OF outbox FOR VALUES IN ('a'); CREATE TABLE b PARTITION OF outbox DEFAULT;
        ALTER PUBLICATION events SET (publish_via_partition_root = true);
        """,
      ] {
        try withDatabase(version) { database in
          try database.psql("ALTER PUBLICATION events DROP TABLE outbox;" + below)
          let broken = try database.doctor()
          #expect(broken["publication-tables"]?.state == "failure", "\(broken.words)")
          try database.mend(broken)
          let mended = try database.doctor(["--strict"])
          #expect(mended.code == 0, "\(mended.words)")
          try database.psql("SELECT place(1);")
          #expect(try Event.read(database.rest()).numbers == [1])
        }
      }
    }

    @Test(arguments: [15, 18])
    func `a view is put into no publication`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql("CREATE VIEW shown AS SELECT * FROM outbox; DROP PUBLICATION events;")
        let broken = try database.doctor(["--table", "shown"])
        #expect(broken.code == 78)
        #expect(broken["table"]?.found.contains("is a view") == true, "\(broken.words)")
        #expect(broken["publication"]?.state == "failure")
        // What is printed can be executed.
        try database.mend(broken)
        #expect(try database.psql("SELECT count(*) FROM pg_publication") == "0")
      }
    }
  }
}

extension OutboxDatabase {
  /// The tables that come through the publication.
  fileprivate func published() throws -> [String] {
    try psql("SELECT tablename FROM pg_publication_tables WHERE pubname = 'events' ORDER BY 1")
      .split(separator: "\n").map(String.init)
  }

  /// Makes the slot anew, behind what has been done to the publication.
  fileprivate func renewSlot() throws {
    try psql("SELECT pg_drop_replication_slot('\(slot)');")
    try makeSlot()
  }
}
