// SPDX-License-Identifier: Apache-2.0

import Testing

extension Integration {
  /// What cannot be read is passed; what can be delivered before is delivered before.
  @Suite struct DoctorSkips {
    private static let making = "CREATE PUBLICATION events FOR TABLE outbox WITH (publish = 'insert');"

    /// Does what is left to a person: starts a stream, which ends with an error, and gives what it delivered.
    private func deliver(_ database: OutboxDatabase, _ check: Examination.Check) throws -> [Int] {
      #expect(!check.mend.joined().contains("pg_replication_slot_advance"), "\(check.mend)")
      #expect(check.todo.first?.contains("start the stream once before") == true, "\(check.todo)")
      let stream = try database.stream(["--until", "now"])
      #expect(try stream.exitCodeAfterAllOutput(within: 60) != 0)
      return try Event.read(stream.output.lines).numbers
    }

    @Test(arguments: [15, 18])
    func `rows from before a publication was dropped`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql("SELECT place(1); SELECT place(2); DROP PUBLICATION events; SELECT place(3);")
        let broken = try database.doctor()
        let check = try #require(broken["publication"])
        try database.mend(broken)
        #expect(try deliver(database, check) == [1, 2])
        let rest = try database.doctor()
        let age = try #require(rest["publication-age"])
        // Before version 18 the server does not hear of what was delivered before it ends the stream.
        let count = age.mend.isEmpty ? "(3 rows of the outbox)" : "(1 row of the outbox)"
        #expect(age.state == "failure" && age.means.contains(count), "\(rest.words)")
        try database.psql(age.mend.joined())
        for case .statement(let sql) in Advice(age.todo.joined(separator: "\n")).steps { try database.psql(sql) }
        try database.psql("SELECT place(4);")
        let mended = try database.doctor(["--strict"])
        #expect(mended.code == 0, "\(mended.words)")
        #expect(try Event.read(database.rest()).numbers == [4])
      }
    }

    @Test(arguments: [15, 18])
    func `rows from before a publication left columns out`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql(
          "SELECT place(1); SELECT place(2); SELECT place(3); "
            + "ALTER PUBLICATION events SET TABLE outbox (id, aggregatetype, aggregateid, type); SELECT place(4);")
        let broken = try database.doctor()
        let check = try #require(broken["column-list"])
        #expect(check.state == "failure", "\(broken.words)")
        try database.mend(broken)
        try database.psql("SELECT place(5);")
        #expect(try deliver(database, check) == [1, 2, 3])
        let rest = try database.doctor()
        let age = try #require(rest["publication-age"])
        #expect(age.found.contains("without column payload"), "\(rest.words)")
        #expect(age.means.contains("(1 row of the outbox)"), "\(age.means)")
        try database.mend(rest)
        let mended = try database.doctor(["--strict"])
        #expect(mended.code == 0, "\(mended.words)")
        #expect(try Event.read(database.rest()).numbers == [5])
      }
    }

    @Test(arguments: [15, 18])
    func `rows from before a publication that was made again`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql(
          "SELECT place(1); SELECT place(2); DROP PUBLICATION events; SELECT place(3); \(Self.making) SELECT place(4); "
            // What is changed later is no reason to skip more.
            + "ALTER PUBLICATION events SET (publish_via_partition_root = true); SELECT place(5);")
        let broken = try database.doctor()
        let check = try #require(broken["publication-age"])
        #expect(check.state == "failure" && check.mend.isEmpty, "\(broken.words)")
        #expect(try deliver(database, check) == [1, 2])
        for case .statement(let sql) in Advice(check.todo.joined(separator: "\n")).steps { try database.psql(sql) }
        let mended = try database.doctor(["--strict"])
        #expect(mended.code == 0, "\(mended.words)")
        #expect(try Event.read(database.rest()).numbers == [4, 5])
      }
    }

    @Test(arguments: [15, 18])
    func `rows of partitions and logical messages are counted`(version: Int) throws {
      try withDatabase(version, "") { database in
        try database.psql(
          """
          CREATE TABLE outbox (id uuid DEFAULT gen_random_uuid(), aggregatetype text DEFAULT 'order',
            aggregateid text, type text DEFAULT 'Placed', payload jsonb) PARTITION BY LIST (aggregateid);
          CREATE TABLE "order" PARTITION OF outbox FOR VALUES IN ('a'); CREATE TABLE b PARTITION OF outbox DEFAULT;
          """)
        try database.makeSlot()
        try database.psql(
          """
          INSERT INTO outbox (aggregateid, payload) SELECT k, '{}' FROM unnest(ARRAY['a', 'b', 'c']) k;
          SELECT pg_logical_emit_message(true, 'orders.1', '{}'); SELECT pg_logical_emit_message(true, 'others', '{}');
          CREATE PUBLICATION events FOR TABLE outbox WITH (publish = 'insert', publish_via_partition_root = true);
          """)
        let broken = try database.doctor(["--message-prefix", "orders", "--table", "public.outbox"])
        let check = try #require(broken["publication-age"])
        #expect(check.state == "failure" && check.mend.count == 1, "\(broken.words)")
        #expect(check.means.contains("(3 rows of the outbox and 1 message)"), "\(check.means)")
      }
    }

    @Test(arguments: [15, 18])
    func `what cannot be counted is not called nothing, and nothing is skipped unasked`(version: Int) throws {
      try TestServer.with(version: version, settings: ["max_replication_slots": "1"]) { server in
        try server.withDatabase { database in
          try database.psql("DROP PUBLICATION events; SELECT place(1); \(Self.making) SELECT place(2);")
          let broken = try database.doctor()
          let check = try #require(broken["publication-age"])
          #expect(check.state == "failure" && check.mend.isEmpty, "\(broken.words)")
          #expect(check.means.contains("cannot be counted"), "\(check.means)")
          #expect(check.todo.joined().contains("max_replication_slots"), "\(check.todo)")
        }
      }
    }
  }
}
