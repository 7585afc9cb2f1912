// SPDX-License-Identifier: Apache-2.0

import Foundation
import IntegrationEvents
import OutboxMapping
import PostgresWire
import TailraceTesting
import TestStream
import Testing

/// Scripts and dumps become events as they would with a server.
@Suite struct RehearsalTests {
  @Test func `what the page of the product shows is so`() throws {
    let events = try Rehearsal().events(
      of: """
        INSERT INTO outbox (aggregatetype, aggregateid, type, payload)
        VALUES ('order', '1', 'OrderPlaced', '{"cents": 999}')
        """)
    #expect(events.map(\.type) == ["OrderPlaced"])
    #expect(events[0].text == #"{"cents": 999}"#)
  }

  @Test func `a row becomes an event`() throws {
    let events = try Rehearsal().events(
      of: """
        INSERT INTO outbox (aggregatetype, aggregateid, type, payload, headers)
        VALUES ('order', '1', 'OrderPlaced', '{"cents": 999}', '{"tenant": "acme"}'::jsonb);
        """)
    #expect(events.count == 1)
    let event = try #require(events.first)
    #expect(event.type == "OrderPlaced" && event.key == "1" && event.text == #"{"cents": 999}"#)
    #expect(event.id == "00000000-0000-4000-8000-000000000001")
    #expect(event.attributes["source"] == "/test/public.outbox" && event.attributes["tenant"] == "acme")
    #expect(event.attributes["time"] == "2000-01-01T00:00:01.000000Z" && event.attributes["dataversion"] == "1")
    #expect(event.line.hasPrefix(#"{"specversion":"1.0","id":"00000000-"#))
  }

  @Test func `what is not committed never happened`() throws {
    let events = try Rehearsal().events(
      of: """
        BEGIN; INSERT INTO outbox (aggregatetype, aggregateid, type) VALUES ('order', '1', 'A'); ROLLBACK;
        START TRANSACTION;
        INSERT INTO public.outbox (aggregatetype, aggregateid, type) VALUES ('order', '2', 'B'), ('order', '2', 'C');
        INSERT INTO outbox (aggregatetype, aggregateid, type) VALUES ('order', '3', 'D');
        COMMIT TRANSACTION;
        BEGIN; INSERT INTO outbox (aggregatetype, aggregateid, type) VALUES ('order', '4', 'E')
        """)
    #expect(events.map(\.type) == ["B", "C", "D"])
    #expect(
      events.map { $0.attributes["sequence"] } == (1...3).map { "0000000000001000-000000000\($0)" }, "one transaction")
  }

  @Test func `a table of one's own has its own columns, and other tables none that become events`() throws {
    var rehearsal = Rehearsal()
    rehearsal.mapping.tables = [TableName(schema: "shop", name: "Events")]
    rehearsal.mapping.columns = [.payload: "body", .aggregateType: "kind"]
    let events = try rehearsal.events(
      of: #"""
        CREATE TABLE IF NOT EXISTS shop."Events" (
          id bigserial PRIMARY KEY, kind character varying(20) NOT NULL DEFAULT 'order' CHECK (length(kind) > (1)),
          aggregateid text COLLATE "C", type pg_catalog.text, body bytea, price numeric(10, 2) DEFAULT 1.5,
          CONSTRAINT known CHECK (kind IN ('order', 'refund')), UNIQUE (kind, aggregateid));
        CREATE TABLE orders (n int);
        INSERT INTO orders VALUES (1); -- the change itself
        INSERT INTO shop."Events" (id, aggregateid, type, body) /* and its /* nested */ event */
          VALUES (7, $$it's$$, E'Order\\Placed', '\x00ff'::bytea);
        """#)
    #expect(events.map(\.id) == ["7"] && events.map(\.type) == [#"Order\Placed"#])
    #expect(events[0].attributes["aggregatetype"] == "order")
    #expect(events[0].key == "it's" && events[0].data == [0, 255] && events[0].dataKind == .base64)
  }

  @Test func `a message without a table becomes an event`() throws {
    var rehearsal = Rehearsal()
    rehearsal.mapping.messagePrefixes = ["outbox"]
    let events = try rehearsal.events(
      of: """
        SELECT pg_logical_emit_message(true, 'outbox', '{"type": "OrderPlaced", "aggregateid": "1", "payload": {"n": 1}}');
        SELECT pg_catalog.pg_logical_emit_message(true, 'other', 'x')
        """)
    #expect(events.map(\.type) == ["OrderPlaced"] && events[0].text == #"{"n": 1}"#)
  }

  @Test(arguments: [
    ("INSERT INTO outbox VALUES ('a", "line 1", "no end"), ("\n\nINSERT INTO outbx VALUES (1)", "line 3", "no table"),
    ("INSERT INTO outbox (nme) VALUES (1)", "line 1", "no column nme"),
    ("INSERT INTO outbox (id, type) VALUES (1)", "line 1", "1 values for 2"),
    ("INSERT INTO outbox (type) VALUES (upper('x'))", "line 1", "upper where there should be a literal"),
    ("INSERT INTO outbox (type) SELECT 'x'", "line 1", "VALUES"), ("UPDATE outbox SET id = 1", "line 1", "update"),
    ("CREATE TABLE t (x mood)", "line 1", "type of x"),
    ("INSERT INTO outbox (type) VALUES ($1)", "line 1", "parameter"),
    ("BEGIN INSERT", "line 1", "end of a statement"), ("/* /* */", "line 1", "comment"),
    ("CREATE TABLE t (", "line 1", "column"),
    ("CREATE TABLE t (x int CHECK (", "line 1", "the end"),
    ("INSERT INTO outbox (type) VALUES (E'\\q')", "line 1", "escapes"),
    ("SELECT pg_logical_emit_message(false, 'a', 'b')", "line 1", "true"), ("'", "line 1", "no end"),
    ("$x", "line 1", "parameter"),
    ("INSERT INTO outbox (type) VALUES ('x'::numeric(", "line 1", "the end"),
  ])
  func `what cannot be read is told with its line`(_ script: String, _ line: String, _ words: String) {
    let failure = #expect(throws: Failure.self) { try Rehearsal().events(of: script) }
    let text = "\(failure.map { "\($0)" } ?? "")"
    #expect(text.contains(line) && text.contains(words), "\(text)")
  }

  @Test(arguments: [
    "INSERT INTO outbox (aggregatetype, aggregateid, type, payload) VALUES ('o', '1', 'T', '{')",
    "INSERT INTO outbox (aggregatetype, aggregateid, type) VALUES ('o', '1', NULL)",
    "INSERT INTO outbox (aggregatetype, aggregateid, type, occurred_at) VALUES ('o', '1', 'T', 'yesterday')",
  ])
  func `a row that cannot become an event is an error as it is for the relay`(_ script: String) {
    let failure = #expect(throws: Failure.self) { try Rehearsal().events(of: script) }
    #expect(failure?.kind == .row, "\(failure.map { "\($0)" } ?? "")")
  }

  @Test func `a dump has the events of its stream`() throws {
    let directory = FixtureFiles.directory.appending(path: "pg15")
    let expected = try String(contentsOf: directory.appending(path: "orders.events"), encoding: .utf8)
    let events = try Rehearsal().events(ofDump: directory.appending(path: "orders.dump").path)
    #expect(events.map { "\($0.line)\n" }.joined() == expected && !events.isEmpty)
  }

  @Test func `no script makes it trap`() {
    let pieces = [
      "INSERT", "INTO", "outbox", "(", ")", ",", ";", "VALUES", "'", "''", "$$", "$a$", "E'", "\\", "\"", "::", "int4",
      "1",
      "-", "--", "\n", "/*", "*/", "CREATE", "TABLE", "t", ".", "BEGIN", "COMMIT", "SELECT", "pg_logical_emit_message",
      "true", "NULL", "DEFAULT", "now", "é", "\u{0}", "😀", "CHECK", "numeric", "e", "+", "x'",
    ]
    var random = Randomness(seed: 20_261)
    for _ in 0..<20_000 {
      let script = (0..<Int.random(in: 1...24, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
      _ = try? Rehearsal().events(of: script.joined(separator: Bool.random(using: &random) ? " " : ""))
    }
  }
}
