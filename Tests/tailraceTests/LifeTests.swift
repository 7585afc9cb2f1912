// SPDX-License-Identifier: Apache-2.0

import DomainEvents
import Foundation
import IntegrationEvents
import PostgresSession
import PostgresWire
import Testing
import TransactionalOutbox

extension Integration {
  /// From a command on an aggregate to the CloudEvent that the relay delivers.
  @Suite struct Life {
    /// What others hear of an order.
    struct OrderPlacedV2: VersionedEvent {
      static let type = "OrderPlaced"
      static let version = 2
      var key: String { orderID }
      let orderID: String
      let total: Decimal
      var placedAt = Date(timeIntervalSince1970: 1_795_840_000.25)

      init(_ order: OrderPlaced) { (orderID, total) = (order.id, Decimal(order.cents) / 100) }
    }

    private func units(
      _ service: borrowing Shop, _ change: (inout Outbox) -> Void = { _ in }
    ) -> UnitsOfWork<PostgresSession> {
      var outbox = Outbox(aggregateType: "order")
      outbox.traceParent = { "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" }
      outbox.headers = { ["tenant": "a"] }
      change(&outbox)
      var handlers = Shop.Handlers { _ in }
      handlers.publish(OrderPlaced.self, as: OrderPlacedV2.init)
      handlers.write(to: outbox)
      return UnitsOfWork(service.session, handlers)
    }

    /// What each line says, and that they say what was placed.
    private func check(_ lines: [String], _ ids: [String], source: String) throws {
      let events = try lines.map { try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
      #expect(events.map { $0["partitionkey"] as? String } == ids)
      for (event, line) in zip(events, lines) {
        #expect(event["type"] as? String == "OrderPlaced")
        #expect(event["dataversion"] as? String == "2")
        #expect(event["aggregatetype"] as? String == "order")
        #expect(event["source"] as? String == source)
        #expect(event["tenant"] as? String == "a")
        #expect(event["traceparent"] as? String == "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        #expect((event["id"] as? String)?.firstMatch(of: /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/) != nil)
        #expect(line.contains("\"total\": 19.99") || line.contains("\"total\":19.99"), "\(line)")
        #expect(line.contains("\"2026-11-28T04:26:40.250000Z\""), "\(line)")
        #expect((event["time"] as? String)?.hasSuffix("Z") == true)
      }
    }

    @Test(arguments: [15, 18])
    func `what units of work publish becomes CloudEvents, in commit order, and what they roll back does not`(
      version: Int
    ) async throws {
      try await Shop.run(version) { service in
        let (units, database) = (units(service), service.database)
        try await units.run { unit in
          try await unit.place("a", cents: 1999)
          try await unit.place("b", cents: 1999)
          _ = try? await unit.savepoint { unit in
            try await unit.place("c", cents: 1999)
            try await unit.place("a", cents: 1999)
          }
        }
        await #expect(throws: Failure.self) { try await units.run { try await $0.place("a", cents: 1999) } }
        try await units.run { try await $0.place("d", cents: 1999) }
        try check(try database.rest(), ["a", "b", "d"], source: "/\(database.name)/public.outbox")
        #expect(
          try database.psql("SELECT count(DISTINCT id) = 3, bool_and(payload->>'total' = '19.99') FROM outbox") == "t|t"
        )
      }
    }

    @Test func `the table that setup makes takes what units of work publish`() async throws {
      let schema = Shop.schema.replacing(/CREATE TABLE outbox.*/.dotMatchesNewlines(), with: "")
      try await Shop.run(15, schema: schema) { service in
        let (units, database) = (units(service), service.database)
        let setup = try database.tailrace(["setup", "--create-table"] + database.names)
        #expect(try setup.exitCodeAfterAllOutput(within: 60) == 0, "\(setup.errors.text)")
        try await units.run { try await $0.place("a", cents: 1999) }
        try check(try database.rest(), ["a"], source: "/\(database.name)/public.outbox")
      }
    }

    @Test(arguments: [15, 18])
    func `a table of another shape is written by the columns that its roles have`(version: Int) async throws {
      let schema = """
        CREATE TABLE orders (id text PRIMARY KEY, cents int NOT NULL);
        CREATE SCHEMA "My shop";
        CREATE TABLE "My shop"."Events" (
          nr bigserial, note text DEFAULT 'x', "Event ""1"" id" text PRIMARY KEY, kind varchar(40), ref varchar(40),
          what varchar(40), body json, v text, at timestamptz, meta json, trace char(55));
        CREATE PUBLICATION events FOR TABLE "My shop"."Events" WITH (publish = 'insert');

        """
      try await Shop.run(version, schema: schema) { service in
        let names: [Outbox.Field: String] = [
          .id: "Event \"1\" id", .aggregateType: "kind", .aggregateID: "ref", .type: "what", .payload: "body",
          .version: "v", .time: "at", .headers: "meta", .traceParent: "trace",
        ]
        let units = units(service) { outbox in
          outbox.place = .table(schema: "My shop", name: "Events")
          outbox.columns = names
        }
        let database = service.database
        try await units.run { unit in for id in ["a", "b"] { try await unit.place(id, cents: 1999) } }
        let options = names.flatMap { ["--column", "\($0.key.rawValue)=\($0.value)"] }
        let lines = try database.rest(["--table", "\"My shop\".\"Events\""] + options)
        try check(lines, ["a", "b"], source: "/\(database.name)/My%20shop.Events")
        #expect(try database.psql("SELECT nr, note FROM \"My shop\".\"Events\" ORDER BY nr") == "1|x\n2|x")
      }
    }

    @Test(arguments: [15, 18])
    func `without a table, what is published goes through the log alone`(version: Int) async throws {
      try await Shop.run(version) { service in
        let units = units(service) { $0.place = .messages(prefix: "shop") }
        let database = service.database
        try await units.run { unit in for id in ["a", "b"] { try await unit.place(id, cents: 1999) } }
        await #expect(throws: Failure.self) { try await units.run { try await $0.place("a", cents: 1999) } }
        let lines = try database.rest(["--message-prefix", "shop"])
        try check(lines, ["a", "b"], source: "/\(database.name)/message/shop")
        #expect(try database.psql("SELECT count(*) FROM outbox") == "0")
      }
    }

    @Test func `a unit that is run again publishes once`() async throws {
      try await Shop.run(15, { $0.isolation = .repeatableRead }) { service in
        let (units, database, runs) = (units(service), service.database, Notes())
        try await units.run { unit in
          _ = try await unit.transaction.query("SELECT * FROM stock")
          try await unit.place("a", cents: 1999)
          runs.add("run")
          if runs.words.count == 1 { try database.psql("UPDATE stock SET pieces = 50") }
          try await unit.transaction.execute("UPDATE stock SET pieces = pieces - 1")
        }
        #expect(runs.words.count == 2)
        #expect(try database.psql("SELECT count(*) FROM outbox") == "1")
      }
    }

    @Test func `a payload that the database cannot hold is refused, and the work with it`() async throws {
      try await Shop.run { service in
        let units = units(service)
        let failure = await #expect(throws: Failure.self) {
          try await units.run { unit in
            try await unit.place("a", cents: 1999)
            unit.raise(OrderPlaced(id: "zero\u{0}byte"))
          }
        }
        #expect(failure?.sqlState?.hasPrefix("22") == true)
        let orders = try service.orders()
        #expect(orders.isEmpty)
      }
    }

    @Test func `a thousand events of one command are one statement`() async throws {
      try await Shop.run { service in
        let (units, database) = (units(service), service.database)
        try database.psql(
          """
          CREATE TABLE statements (n int);
          CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO statements VALUES (1); RETURN NULL; END $$;
          CREATE TRIGGER note AFTER INSERT ON outbox EXECUTE FUNCTION note();
          """)
        try await units.run { unit in for id in 1...1000 { unit.raise(OrderPlaced(id: "\(id)")) } }
        #expect(
          try database.psql("SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM statements)") == "1000|1")
        #expect(
          try database.psql(
            "SELECT array_agg(aggregateid ORDER BY ctid) = array_agg(aggregateid ORDER BY id) FROM outbox") == "t")
      }
    }
  }
}
