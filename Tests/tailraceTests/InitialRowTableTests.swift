// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Initial rows of several outboxes, of one in parts, and into a broker.
  @Suite struct InitialRowTables {
    private static let versions = [15, 18]
    private static let parts = InitialRowsDatabase.schema.replacing(
      "dispatched_at timestamptz);",
      with: """
        dispatched_at timestamptz) PARTITION BY HASH (id);
        CREATE TABLE outbox_0 PARTITION OF outbox FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE outbox_1 PARTITION OF outbox FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        """)

    /// Kills a stream now and then, and lets the last one end by itself.
    private func deliver(_ database: OutboxDatabase, _ options: [String]) throws -> [Event] {
      for _ in 0..<4 {
        let stream = try database.streamToFile(options)
        Thread.sleep(forTimeInterval: .random(in: 0.05...0.4))
        try stream.kill9()
      }
      _ = try database.rest(["--sink", "file:\(database.file)"] + options)
      return try Event.read(database.fileLines)
    }

    @Test(arguments: versions, [false, true])
    func `the rows of a partitioned outbox come as the outbox's, each once, in the order of writing`(
      version: Int, asRoot: Bool
    ) throws {
      try withDatabase(version, Self.parts) { database in
        try database.psql("ALTER PUBLICATION events SET (publish_via_partition_root = true); SELECT place(1, 5000);")
        try database.setUpWithSnapshot()
        try database.psql("ALTER PUBLICATION events SET (publish_via_partition_root = \(asRoot));")
        try database.psql("SELECT place(5001, 5100);")
        let events = try deliver(database, ["--initial-rows"])
        #expect(events.numbers.sorted() == Array(1...5100) && events.isInCommitOrder && events.isOrderedPerKey)
        #expect(Set(events.map(\.source)) == ["/\(database.name)/public.outbox"])
      }
    }

    @Test(arguments: versions)
    func `the rows of several outboxes come one outbox after the other, each once, and then the stream of all`(
      version: Int
    ) throws {
      try withDatabase(version, InitialRowsDatabase.schema) { database in
        try database.psql(
          """
          CREATE TABLE billing (LIKE outbox INCLUDING ALL);
          ALTER PUBLICATION events ADD TABLE billing;
          CREATE FUNCTION bill(first int, last int) RETURNS void LANGUAGE sql AS
            $$ INSERT INTO billing (aggregateid, payload)
               SELECT 'k' || n % 7, jsonb_build_object('n', n) FROM generate_series(first, last) n $$;
          SELECT bill(1, 1500); SELECT place(1, 2500); SELECT bill(1501, 3000);
          """)
        let both = ["--table", "public.outbox", "--table", "public.billing"]
        try database.setUpWithSnapshot(both)
        #expect(
          try database.psql("SELECT string_agg(row_count::text, ' ' ORDER BY outbox) FROM tailrace_snapshots")
            == "3000 2500")
        try database.psql("SELECT bill(3001, 3010); SELECT place(2501, 2510); SELECT bill(3011, 3020);")
        let events = try deliver(database, both + ["--initial-rows"])
        #expect(events.count == 5530 && events.isInCommitOrder)
        for (table, count) in [("outbox", 2510), ("billing", 3020)] {
          let own = events.filter { $0.source == "/\(database.name)/public.\(table)" }
          #expect(own.numbers.sorted() == Array(1...count) && own.isOrderedPerKey, "\(table)")
        }
        // A table that was not there when the slot was made has no snapshot.
        let more = ["--table", "public.more", "--initial-rows", "--sink", "file:\(database.files.file("more"))"]
        try database.psql("CREATE TABLE more (LIKE outbox INCLUDING ALL); ALTER PUBLICATION events ADD TABLE more;")
        let refused = try database.stream(both + more + ["--until", "now"])
        #expect(try refused.exitCode() == 78)
        #expect(refused.complaint?.contains("public.more") == true, "\(refused.errors.text)")
      }
    }

    @Test(
      .timeLimit(.minutes(5)),
      .enabled(
        if: FileManager.default.isExecutableFile(atPath: "/usr/lib/rabbitmq/bin/rabbitmq-server"),
        "there is no RabbitMQ"
      ))
    func `into RabbitMQ they go with a checkpoint, in the order of their keys`() throws {
      let broker = try Broker("rabbitmq")
      defer { broker.remove() }
      try withDatabase(15, InitialRowsDatabase.schema) { database in
        try database.psql("SELECT place(1, 1500);")
        try database.setUpWithSnapshot()
        try database.psql("SELECT place(1501, 1510);")
        let options = ["--sink", broker.address, "--amqp-exchange", "events", "--initial-rows", "--until", "now"]
        let refused = try database.stream(options)
        #expect(try refused.exitCode() == 64 && refused.complaint?.contains("--checkpoint") == true)
        for _ in 1...2 {
          let stream = try database.stream(options + ["--checkpoint", database.files.file("checkpoint")])
          #expect(try stream.exitCode(within: 60) == 0, "\(stream.errors.text)")
        }
        let messages = try broker.messages(in: "events")
        #expect(messages.count == 1510 && Set(messages.compactMap(\.id)).count == 1510)
        for messages in Dictionary(grouping: messages, by: { $0.headers["ce-partitionkey"] }).values {
          let order = messages.compactMap { $0.headers["ce-sequence"] }
          let numbers = messages.compactMap { $0.body.firstMatch(of: #/[0-9]+/#).flatMap { Int($0.output) } }
          #expect(order == order.sorted() && numbers == numbers.sorted() && !numbers.isEmpty)
        }
      }
    }
  }
}
