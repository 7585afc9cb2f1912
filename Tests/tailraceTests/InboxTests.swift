// SPDX-License-Identifier: Apache-2.0

import Foundation
import Inbox
import PostgresSession
import PostgresWire
import Testing

extension Integration {
  @Suite struct Inboxes {
    private static let statuses = """
      def show(*events):
          print(*[send(one)[0] for one in events])

      """

    private static func withService(
      _ layout: String, _ body: (OutboxDatabase, ReceivingService) throws -> Void
    ) throws {
      try withDatabase(15, ReceivingService.schema) { database in
        try body(database, try ReceivingService(database, layout: layout))
      }
    }

    @Test
    func `an event that does not follow its aggregate's last version is refused, and taken behind what was missing`()
      throws
    {
      try Self.withService("rows") { database, service in
        let answers = try service.python(
          Self.statuses + """
            def version(id, number, key="k", **more): return event(id, partitionkey=key, aggregateversion=number, **more)
            show(version("a", 4), version("b", 6), version("b", 6), version("c", 5), version("b", 6), version("a", 4))
            show(version("d", 1, "other"), event("e"), version("f", 2), version("g", 7, type="Refused"), version("h", 7))
            show(version("i", 8, key="k2"), version("j", 10, key="k2"))
            print(send([version("k", 9, key="k2"), version("l", 11, key="k2")])[2])
            """)
        #expect(answers.prefix(3) == ["204 422 422 204 204 204", "204 204 422 422 204", "204 422"])
        #expect(answers.last?.contains(#""index":1,"id":"l""#) == true)
        #expect(try database.psql("SELECT string_agg(id, '' ORDER BY at) FROM effects") == "acbdehik")
        #expect(try database.psql("SELECT count(*) FROM inbox") == "8")
      }
    }

    @Test
    func `versions go on over events that nobody handles, several may have one, and each aggregate type has its own`()
      throws
    {
      try Self.withService("rows") { database, service in
        let answers = try service.python(
          Self.statuses + """
            def version(id, number, type="Placed", **more):
                return event(id, type, **{"partitionkey": "1", "aggregatetype": "order", "aggregateversion": number, **more})
            show(version("a", 1), version("b", 2, "Unknown"), version("b", 2, "Unknown"), version("c", 3))
            show(version("b", 2, "Unknown"), version("d", 5, "Unknown"), version("e", 4), version("d", 5, "Unknown"))
            show(version("f", 6), version("g", 6), version("f", 6), version("h", 7), version("i", 6), version("j", 9))
            show(version("k", 1, aggregatetype="customer"), version("l", 1, aggregatetype=None), version("m", 2, aggregatetype="customer"))
            show(version("n", "x", "Unknown"), version("o", "x"), version("p", 8, aggregatetype="x" * 256))
            """)
        #expect(
          answers == [
            "204 204 204 204", "204 422 204 204", "204 204 204 204 422 422", "204 204 204", "204 422 422",
          ])
        #expect(try database.psql("SELECT string_agg(id, '' ORDER BY at) FROM effects") == "acefghklm")
        #expect(
          try database.psql("SELECT aggregatetype, key, version FROM inbox_versions ORDER BY 1")
            == "|1|1\ncustomer|1|2\norder|1|7")
      }
    }

    @Test func `keys of two aggregate types have a position each`() throws {
      try Self.withService("positions:/shop") { database, service in
        let answers = try service.python(
          Self.statuses + """
            def placed(id, position, type, **more):
                return event(id, partitionkey="1", aggregatetype=type, sequence=f"{position:016X}-{1:010d}", **more)
            show(placed("c", 11, "customer"), placed("o", 10, "order"), placed("o", 10, "order"))
            show(placed("p", 12, "order", aggregateversion=1), placed("q", 13, "order", aggregateversion=3))
            show(placed("r", 13, "order", aggregateversion=2))
            """)
        #expect(answers == ["204 204 204", "204 422", "204"])
        #expect(try database.psql("SELECT string_agg(id, '' ORDER BY at) FROM effects") == "copr")
      }
    }

    @Test func `several services may make the tables at once`() async throws {
      let days = try Self.inbox(.days)
      try await Shop.run { service in
        let session = service.session
        for _ in 1...10 {
          try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 1...4 {
              group.addTask {
                try await session.transaction { @Sendable transaction in
                  for statement in days.creation + days.partitions() { try await transaction.execute(statement) }
                }
              }
            }
            try await group.waitForAll()
          }
          try service.database.psql("DROP TABLE inbox, inbox_versions")
        }
      }
    }

    @Test(arguments: [InboxLayout.rows, .positions(source: "/shop")])
    func `a table of an earlier version is named, and works with the column that the page says to add`(
      layout: InboxLayout
    ) async throws {
      let inbox = try Self.inbox(layout)
      let (name, key) = layout == .rows ? ("inbox_versions", "consumer, source,") : ("inbox", "consumer,")
      try await Shop.run { service in
        let session = service.session
        for statement in inbox.creation { try await session.execute(statement) }
        try service.database.psql("ALTER TABLE \(name) DROP aggregatetype, ADD PRIMARY KEY (\(key) key)")
        let failure = await #expect(throws: Failure.self) {
          for statement in inbox.creation { try await session.execute(statement) }
        }
        #expect(failure?.sqlState == "42703")
        #expect(failure.map { "\($0)".contains("has no column aggregatetype") } == true)
        try service.database.psql(
          """
          ALTER TABLE "\(name)" ADD aggregatetype text NOT NULL DEFAULT 'order', DROP CONSTRAINT "\(name)_pkey",
            ADD PRIMARY KEY (\(key) aggregatetype, key);
          ALTER TABLE "\(name)" ALTER aggregatetype DROP DEFAULT
          """)
        for statement in inbox.creation { try await session.execute(statement) }
      }
    }

    private static func inbox(_ layout: InboxLayout) throws -> Inbox {
      try Inbox(
        consumer: "billing", layout: layout,
        retention: Retention(.seconds(86_400), longestRedelivery: .seconds(86_400)), versionAttribute: "v")
    }

    @Test func `positions keep one row a key, and whatever breaks their conditions is refused`() throws {
      try Self.withService("positions:/shop") { database, service in
        let answers = try service.python(
          Self.statuses + """
            def placed(id, position, key="a", **more):
                return event(id, partitionkey=key, sequence=f"{position:016X}-{1:010d}", **more)
            show(*[placed(f"{n}", n, "ab"[n % 2]) for n in range(1, 101)])
            show(*[placed(f"{n}", n, "ab"[n % 2]) for n in range(1, 101)])
            show(placed("x", 200, redelivery=True), placed("x", 200, redelivery="true"), placed("y", 201, source="/other"))
            show(event("z"), event("z", sequence="7"), event("z", sequence=7))
            show(placed("w", 202, aggregateversion=5), placed("v", 203, aggregateversion=7), placed("u", 203, aggregateversion=6))
            show(placed("t", 300, "new", aggregateversion=1), placed("r", 5, "fresh", type="Refused"))
            """)
        let all = Array(repeating: "204", count: 100).joined(separator: " ")
        #expect(answers == [all, all, "422 422 422", "422 422 422", "204 422 204", "204 422"])
        #expect(try database.psql("SELECT count(*), count(DISTINCT id) FROM effects") == "103|103")
        #expect(
          try database.psql("SELECT key, sequence FROM inbox ORDER BY key")
            == "a|00000000000000CB-0000000001\nb|0000000000000063-0000000001\nnew|000000000000012C-0000000001")
      }
    }

    @Test
    func `a day's events meet in one partition however late they come again, and older ones than are kept are refused`()
      throws
    {
      try Self.withService("days") { database, service in
        let answers = try service.python(
          Self.statuses + """
            def of(id, days, zone="Z"):
                return event(id, time=time.strftime("%Y-%m-%dT23:59:59", time.gmtime(time.time() - days * 86400)) + zone)
            show(of("a", 29), of("a", 29), of("b", 29, "-01:00"), of("b", 29, "-01:00"), of("c", 40), event("d"), of("e", 0))
            """)
        #expect(answers == ["204 204 204 204 422 422 204"])
        #expect(try database.psql("SELECT string_agg(id, '' ORDER BY id) FROM effects") == "abe")
        #expect(try database.psql("SELECT count(DISTINCT tableoid), count(*) FROM inbox") == "3|3")
      }
    }

    @Test func `old records go in batches, those of others and younger ones stay`() throws {
      try Self.withService("rows") { database, service in
        try database.psql(
          """
          INSERT INTO inbox SELECT c, '/shop', n, now() - n * interval '1 day'
            FROM generate_series(1, 280) n, unnest(ARRAY['billing', 'other']) c
          """)
        let forgotten = try service.python("print(post({}, b'', '/forget')[2])")
        #expect(forgotten == ["[100, 100, 51] 0"])
        #expect(
          try database.psql("SELECT consumer, count(*), max(id::int) FROM inbox GROUP BY 1 ORDER BY 1")
            == "billing|29|29\nother|280|280")
      }
    }

    @Test func `partitions of days that are not kept are dropped, and no other table`() throws {
      try Self.withService("days") { database, service in
        try database.psql(
          """
          CREATE TABLE inbox_20200101 PARTITION OF inbox FOR VALUES FROM ('2020-01-01') TO ('2020-01-02');
          CREATE TABLE inbox_20200102 PARTITION OF inbox FOR VALUES FROM ('2020-01-02') TO ('2020-01-03');
          CREATE TABLE inbox_archived PARTITION OF inbox FOR VALUES FROM ('2019-01-01') TO ('2020-01-01');
          CREATE TABLE inbox_20200103 (n int);
          """)
        #expect(try service.python("for _ in range(2): print(post({}, b'', '/forget')[2])") == ["[0] 2", "[0] 0"])
        #expect(
          try database.psql(
            "SELECT to_regclass('inbox_archived'), to_regclass('inbox_20200103'), to_regclass('inbox_20200101')")
            == "inbox_archived|inbox_20200103|")
        #expect(try database.psql("SELECT count(*) FROM pg_inherits WHERE inhparent = 'inbox'::regclass") == "39")
      }
    }

    @Test func `the record of an event whose effect fails goes with it`() throws {
      try Self.withService("rows") { database, service in
        let answers = try service.python(
          Self.statuses + "show(event('a', 'Refused'), event('a', 'Refused'), event('b'))")
        #expect(answers == ["422 422 204"])
        #expect(try database.psql("SELECT count(*) FROM effects; SELECT string_agg(id, '') FROM inbox") == "1\nb")
      }
    }
  }
}
