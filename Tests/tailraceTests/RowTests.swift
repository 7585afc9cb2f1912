// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What rows and messages may hold, and what becomes of it.
  @Suite struct Rows {
    private static let domains = """
      CREATE DOMAIN event_id AS uuid;
      CREATE DOMAIN document AS jsonb;
      CREATE DOMAIN checked_document AS document CHECK (VALUE IS NOT NULL);
      CREATE DOMAIN document_text AS json;
      CREATE DOMAIN bytes AS bytea;
      CREATE DOMAIN instant AS timestamptz;
      CREATE DOMAIN seconds AS bigint;
      CREATE TYPE kind AS ENUM ('Placed', 'Paid');
      CREATE TABLE outbox (id event_id DEFAULT gen_random_uuid(), aggregatetype kind DEFAULT 'Placed', aggregateid text,
        type kind DEFAULT 'Paid', payload checked_document, occurred_at instant);
      CREATE TABLE texts (id seconds, aggregatetype text DEFAULT 'b', aggregateid text DEFAULT 'b', type text DEFAULT 'b',
        payload document_text, timestamp seconds);
      CREATE TABLE raw (id text, aggregatetype text DEFAULT 'c', aggregateid text DEFAULT 'c', type text DEFAULT 'c',
        payload bytes);
      CREATE PUBLICATION events FOR TABLE outbox, texts, raw WITH (publish = 'insert');

      """

    @Test(arguments: [15, 18])
    func `domains and enumerations are what they are over, also after a change in mid-stream`(version: Int) throws {
      try withDatabase(version, Self.domains) { database in
        try database.psql(
          #"""
          INSERT INTO outbox (aggregateid, payload, occurred_at) VALUES ('a', '{"n": 1}', '2024-05-01 12:00:01Z');
          INSERT INTO texts (id, payload, timestamp) VALUES (-2, '{"n": 2}', 1714564801);
          INSERT INTO raw VALUES ('3', DEFAULT, DEFAULT, DEFAULT, '\x00ff');
          BEGIN;
          ALTER TABLE raw ALTER payload TYPE document USING '{"n": 4}';
          INSERT INTO raw VALUES ('4', DEFAULT, DEFAULT, DEFAULT, '{"n": 4}');
          COMMIT;
          """#)
        let lines = try database.rest(["--table", "public.outbox", "--table", "public.texts", "--table", "public.raw"])
        try #require(lines.count == 4)
        #expect(lines[0].contains(#""type":"Paid","subject":"a","time":"2024-05-01T12:00:01.000000Z""#))
        #expect(lines[0].hasSuffix(#""aggregatetype":"Placed","datacontenttype":"application/json","data":{"n": 1}}"#))
        #expect(lines[1].contains(#""id":"-2""#) && lines[1].contains(#""time":"2024-05-01T12:00:01.000000Z""#))
        #expect(lines[1].hasSuffix(#""data":{"n": 2}}"#))
        #expect(lines[2].hasSuffix(#""datacontenttype":"application/octet-stream","data_base64":"AP8="}"#))
        #expect(lines[3].hasSuffix(#""datacontenttype":"application/json","data":{"n": 4}}"#))
      }
    }

    @Test(arguments: [15, 18])
    func `citext is text`(version: Int) throws {
      try withDatabase(version, "") { database in
        guard try database.psql("SELECT 1 FROM pg_available_extensions WHERE name = 'citext'") == "1" else { return }
        try database.psql(
          """
          CREATE EXTENSION citext;
          CREATE DOMAIN words AS citext;
          CREATE TABLE outbox (id citext, aggregatetype words, aggregateid citext, type words, payload citext);
          CREATE PUBLICATION events FOR TABLE outbox WITH (publish = 'insert');
          """)
        try database.makeSlot()
        try database.psql(#"INSERT INTO outbox VALUES ('I', 'Orders', 'K', 'Placed', '{"n": 1}');"#)
        let lines = try database.rest(["--payload-type", "json"])
        #expect(try Event.read(lines).map { [$0.id, $0.partitionkey, $0.type] } == [["I", "K", "Placed"]])
        #expect(
          lines.first?.hasSuffix(#""aggregatetype":"Orders","datacontenttype":"application/json","data":{"n": 1}}"#)
            == true)
      }
    }

    private static let headers = OutboxDatabase.schema + "ALTER TABLE outbox ADD headers jsonb;"

    private func place(_ number: Int, headers: String, in database: OutboxDatabase) throws {
      try database.psql(
        "INSERT INTO outbox (aggregateid, payload, headers) VALUES ('a', '{\"n\": \(number)}', '\(headers)');")
    }

    @Test(arguments: ["ignore", "warn", "fail"])
    func `a header with a reserved name is left out or refused, as configured, and null is no headers`(policy: String)
      throws
    {
      try withDatabase(15, Self.headers) { database in
        try place(1, headers: "null", in: database)
        let reserved = #"{"id": "x", "Type": "y", "time": 1, "data": {}, "not a name": 1, "region": "eu"}"#
        try place(2, headers: reserved, in: database)
        try place(3, headers: "{}", in: database)
        let options = policy == "warn" ? [] : ["--on-bad-header", policy]
        let stream = try database.stream(["--until", "now"] + options)
        let code = try stream.exitCodeAfterAllOutput()
        let numbers = try Event.read(stream.output.lines).numbers
        if policy == "fail" {
          #expect(code == 65 && numbers == [1])
          #expect(stream.complaint?.contains("headers") == true, "\(stream.errors.text)")
          return
        }
        #expect(code == 0 && numbers == [1, 2, 3], "\(stream.errors.text)")
        #expect(stream.output.lines[1].contains(#","region":"eu","datacontenttype""#))
        #expect(stream.errors.text.contains("on-bad-header") == (policy == "warn"), "\(stream.errors.text)")
        #expect(stream.errors.text.contains("5 headers") == (policy == "warn"), "\(stream.errors.text)")
      }
    }

    @Test func `a header that is refused goes to the dead letters where these are kept`() throws {
      try withDatabase(15, Self.headers) { database in
        try place(1, headers: #"{"data": 1}"#, in: database)
        try place(2, headers: "{}", in: database)
        let letters = database.files.file("letters.ndjson")
        let stream = try database.stream([
          "--until", "now", "--on-bad-header", "fail", "--on-poison", "dead-letter", "--dead-letters",
          "file:\(letters)",
        ])
        #expect(try stream.exitCodeAfterAllOutput() == 0, "\(stream.errors.text)")
        #expect(try Event.read(stream.output.lines).numbers == [2])
        #expect(try database.deadLetters(["list"], at: "file:\(letters)").output.lineCount == 2)
      }
    }

    @Test func `a column serves every role and attribute that it is mapped to`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1, 'k');")
        let lines = try database.rest([
          "--attribute", "orderid=aggregateid", "--column", "type=aggregatetype", "--attribute", "a=type",
          "--attribute",
          "b=type",
        ])
        #expect(try Event.read(lines).map { [$0.type, $0.partitionkey] } == [["order", "k"]])
        #expect(lines.first?.contains(#","aggregatetype":"order","orderid":"k","a":"Placed","b":"Placed","#) == true)
      }
    }

    @Test(arguments: [
      ["--column", "id=a", "--column", "id=b"], ["--column", "occurred_at=a", "--column", "timestamp=b"],
      ["--attribute", "a=x", "--attribute", "a=y"],
    ])
    func `a role or attribute that is given twice is refused, not one of the two forgotten`(options: [String]) throws {
      let child = try ChildProcess(Tailrace.path, ["replay", "-"] + options)
      child.closeInput()
      #expect(try child.exitCode() == 64)
      #expect(child.errors.text.contains("given twice"), "\(child.errors.text)")
    }

    @Test(arguments: ["cloudevents", "payload"])
    func `no envelope has a carriage return in a line`(envelope: String) throws {
      let schema = OutboxDatabase.schema + "ALTER TABLE outbox ALTER payload TYPE json;"
      try withDatabase(15, schema) { database in
        try database.psql(
          #"INSERT INTO outbox (aggregateid, payload) VALUES ('a', E'{\r"n":\r\n\t1\r}'), ('a', E'\r[]\n\r');"#)
        let stream = try database.stream(["--until", "now", "--envelope", envelope])
        #expect(try stream.exitCodeAfterAllOutput() == 0, "\(stream.errors.text)")
        #expect(!stream.output.bytes.contains(0x0D))
        #expect(stream.output.lineCount == 2)
        #expect(stream.output.text.contains("{ \"n\":   1 }"))
      }
    }

    @Test(arguments: ["ignore", "warn", "fail"])
    func `a message outside transactions is counted or refused, as configured`(policy: String) throws {
      try withDatabase { database in
        try database.psql(
          """
          SELECT pg_logical_emit_message(true, 'outbox', '{"type": "A", "payload": {"n": 1}}');
          BEGIN; SELECT pg_logical_emit_message(false, 'outbox', '{"type": "A", "payload": {"n": 2}}'); ROLLBACK;
          SELECT pg_logical_emit_message(false, 'other', 'x');
          SELECT pg_logical_emit_message(false, 'outbox.b', '{"type": "A", "payload": {"n": 3}}');
          SELECT pg_logical_emit_message(true, 'outbox', '{"type": "A", "payload": {"n": 4}}');
          """)
        let options = policy == "warn" ? [] : ["--on-change", policy]
        let stream = try database.stream(["--until", "now", "--message-prefix", "outbox"] + options)
        let code = try stream.exitCodeAfterAllOutput()
        let numbers = try Event.read(stream.output.lines).numbers
        if policy == "fail" {
          #expect(code == 65 && numbers == [1], "\(stream.errors.text)")
          #expect(stream.complaint?.contains("message prefix outbox") == true, "\(stream.errors.text)")
          return
        }
        #expect(code == 0 && numbers == [1, 4], "\(stream.errors.text)")
        let warned = stream.errors.text.contains("2 messages that belong to no transaction")
        #expect(warned == (policy == "warn"), "\(stream.errors.text)")
      }
    }

    @Test(arguments: [
      ("https://schemas.example/order#v1", 0), ("urn:order:1", 0), ("/order/1", 65), ("order.json", 65),
    ])
    func `a schema is an absolute URI`(schema: String, code: Int32) throws {
      try withDatabase(15, OutboxDatabase.schema + "ALTER TABLE outbox ADD dataschema text;") { database in
        try database.psql("INSERT INTO outbox (aggregateid, dataschema) VALUES ('a', '\(schema)');")
        let stream = try database.stream(["--until", "now"])
        #expect(try stream.exitCodeAfterAllOutput() == code, "\(stream.errors.text)")
        #expect(stream.output.text.contains(#""dataschema":"\#(schema)""#) == (code == 0))
        if code == 65 { #expect(stream.complaint?.contains("column dataschema") == true, "\(stream.errors.text)") }
      }
    }
  }
}
