// SPDX-License-Identifier: Apache-2.0

import Foundation
import IntegrationEvents
import Testing

extension Integration {
  /// Rows of the table, sent again.
  @Suite struct Redelivering {
    private static let versions = [15, 18]

    /// Event `n` of a key happened `n` minutes after noon, whatever the order in which it was written.
    static let schema =
      OutboxDatabase.schema.replacing(
        "payload jsonb);", with: "payload jsonb, occurred_at timestamptz NOT NULL DEFAULT clock_timestamp());") + """
          CREATE FUNCTION happen(n int, key text DEFAULT 'a', type text DEFAULT 'Placed') RETURNS void LANGUAGE sql AS
            $$ INSERT INTO outbox (aggregateid, type, payload, occurred_at) VALUES
               (key, type, jsonb_build_object('n', n), timestamptz '2026-01-31 12:00Z' + n * interval '1 minute') $$;

        """

    @Test(arguments: versions)
    func `the same events come again, marked, in the order of each key, and no slot moves`(version: Int) throws {
      try withDatabase(version, Self.schema) { database in
        try database.psql("SELECT happen(n, 'k' || n % 7) FROM generate_series(300, 1, -1) n;")
        let (before, first) = (try database.confirmed(), try database.peekedLines())
        let again = try database.redeliver(["--since", "2026-01-31T12:00:00Z"])
        #expect(try again.exitCodeAfterAllOutput() == 0, "\(again.errors.text)")
        #expect(try database.confirmed() == before)
        let events = try Redelivered.read(again.output.lines)
        #expect(events.map { $0.data?.n } == Array(1...300).map(Optional.some))
        #expect(events.allSatisfy { $0.redelivery == true && $0.sequence == nil })
        // But for what tells a redelivery, byte for byte.
        let stripped = { (lines: [String]) in
          Set(lines.map { $0.replacing(#/,"(sequence":"[^"]*"|redelivery":true)/#, with: "") })
        }
        #expect(stripped(again.output.lines) == stripped(first))
        #expect(again.errors.text.contains("sends 300 events again to stdout"), "\(again.errors.text)")
        #expect(again.errors.text.contains("sent 300 events again"), "\(again.errors.text)")
      }
    }

    @Test(arguments: versions)
    func `what is named chooses the rows, each as its column has it`(version: Int) throws {
      try withDatabase(version, Self.schema) { database in
        try database.psql(
          "SELECT happen(1); SELECT happen(2, 'b'); SELECT happen(3, 'o''\"b\\'); SELECT happen(4, 'a', 'Paid');")
        let id = try database.psql("SELECT id FROM outbox WHERE payload->>'n' = '2'")
        for (options, numbers) in [
          (["--key", "a"], [1, 4]), (["--key", "o'\"b\\"], [3]), (["--key", "x' OR true --"], []),
          (["--key", String(repeating: "x", count: 100_000)], []),
          (["--type", "Paid"], [4]), (["--key", "a", "--type", "Placed"], [1]), (["--id", id], [2]),
          (["--since", "2026-01-31T12:02:00Z", "--before", "2026-01-31T12:04:00Z"], [2, 3]),
        ] {
          let child = try database.redeliver(options)
          #expect(try child.exitCodeAfterAllOutput() == 0, "\(options) \(child.errors.text)")
          #expect(try Redelivered.read(child.output.lines).map { $0.data?.n } == numbers, "\(options)")
          let dry = try database.redeliver(options + ["--dry-run"])
          #expect(try dry.exitCodeAfterAllOutput() == 0 && dry.output.lines.isEmpty)
          #expect(dry.errors.text.contains("would send \(numbers.count) events"), "\(dry.errors.text)")
        }
      }
    }

    @Test(arguments: versions)
    func `a consumer knows a redelivery, and a service gets it under its id`(version: Int) throws {
      try withDatabase(version, Self.schema) { database in
        try database.psql("SELECT happen(1);")
        let child = try database.redeliver(["--key", "a"])
        #expect(try child.exitCodeAfterAllOutput() == 0, "\(child.errors.text)")
        let line = try #require(child.output.lines.first)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let known: Set = ["specversion", "id", "source", "type", "data"]
        var extensions: [String: String] = [:]
        for (name, value) in object where !known.contains(name) {
          extensions[name] = (value as? Bool).map { $0 ? "true" : "false" } ?? "\(value)"
        }
        let event = ReceivedEvent(
          id: object["id"] as? String ?? "", source: object["source"] as? String ?? "",
          type: object["type"] as? String ?? "", extensions: extensions)
        #expect(event.isRedelivery && event.position == nil && event.key == "a")
        #expect(try database.psql("SELECT id FROM outbox") == event.id)
      }
    }

    @Test(arguments: versions)
    func `stopped in the middle, it says how to go on, and together nothing is missing`(version: Int) throws {
      try withDatabase(version, Self.schema) { database in
        try database.psql("SELECT happen(n, 'k' || n % 7) FROM generate_series(1, 500) n;")
        let first = try database.redeliver(["--since", "2026-01-31T12:00:00Z", "--rate", "100"])
        try wait(until: "some have come", within: 20) { first.output.lines.count > 30 }
        first.signal(SIGTERM)
        #expect(try first.exitCodeAfterAllOutput() == 0, "\(first.errors.text)")
        let come = try Redelivered.read(first.output.lines).compactMap { $0.data?.n }
        #expect(come.count < 500)
        let advice = try #require(first.errors.text.firstMatch(of: #/go on with .* --since (\S+): /#)?.output.1)
        let rest = try database.redeliver(["--since", String(advice)])
        #expect(try rest.exitCodeAfterAllOutput() == 0, "\(rest.errors.text)")
        let later = try Redelivered.read(rest.output.lines).compactMap { $0.data?.n }
        #expect(Set(come + later) == Set(1...500) && come.count + later.count < 510, "\(come.count) \(later.count)")
      }
    }

    @Test(arguments: versions)
    func `rows that go meanwhile are counted, and those that come are left`(version: Int) throws {
      try withDatabase(version, Self.schema) { database in
        try database.psql("SELECT happen(n) FROM generate_series(1, 600) n;")
        let child = try database.redeliver(["--key", "a", "--rate", "200"])
        try wait(until: "some have come", within: 20) { child.output.lines.count > 10 }
        try database.psql("DELETE FROM outbox WHERE payload->>'n' = '600'; SELECT happen(601);")
        #expect(try child.exitCodeAfterAllOutput(within: 30) == 0, "\(child.errors.text)")
        #expect(try Redelivered.read(child.output.lines).compactMap { $0.data?.n } == Array(1...599))
        #expect(child.errors.text.contains("sent 599 events again; 1 rows were gone"), "\(child.errors.text)")
      }
    }

    @Test func `what the receiver refuses ends it, is told and counted, and the rest can be sent`() throws {
      try withDatabase(15, Self.schema) { database in
        try database.psql("SELECT happen(n) FROM generate_series(1, 9) n;")
        let server = try WebServer { request in request.body.contains("\"n\": 5}") ? .init(422) : .init(200) }
        defer { server.close() }
        let child = try database.redeliver(["--key", "a", "--sink", server.url])
        #expect(try child.exitCodeAfterAllOutput() == 65, "\(child.errors.text)")
        let id = try database.psql("SELECT id FROM outbox WHERE payload->>'n' = '5'")
        #expect(
          child.complaint?.contains(id) == true && !child.errors.text.contains("--on-poison"), "\(child.errors.text)")
        #expect(child.errors.text.contains("of 9 events again"), "\(child.errors.text)")
        let rest = try database.redeliver(["--since", "2026-01-31T12:06:00Z", "--sink", server.url])
        #expect(try rest.exitCodeAfterAllOutput() == 0, "\(rest.errors.text)")
        let taken = server.requests.filter { $0.status == 200 }.map(\.body)
        for n in 1...9 { #expect(taken.contains { $0.contains("\"n\": \(n)}") } == (n != 5), "\(n)") }
        #expect(taken.allSatisfy { $0.contains("\"redelivery\":true") && !$0.contains("sequence") })
      }
    }

    @Test(arguments: versions)
    func `a slot is lost, a new one made, the gap sent again as the manual says, and every row is delivered`(
      version: Int
    ) throws {
      try TestServer.with(
        version: version, settings: ["max_slot_wal_keep_size": "1MB", "max_wal_size": "32MB", "min_wal_size": "32MB"]
      ) { server in
        try server.withDatabase(Self.schema) { database in
          let options = ["--sink", "file:\(database.file)"]
          try database.psql("SELECT place(1, 20);")
          _ = try database.rest(options)
          try database.psql("SELECT place(21, 50);")
          try database.loseSlot()
          try database.psql("SELECT place(51, 60);")
          let stopped = try database.stream(options)
          #expect(try stopped.exitCode(within: 20) == 78)
          #expect(stopped.complaint?.contains(#/tailrace redeliver .*--since TIME/#) == true, "\(stopped.errors.text)")
          // Step 1, while others go on writing.
          try database.psql("SELECT pg_drop_replication_slot('\(database.slot)'); SELECT place(61, 65);")
          let setup = try database.tailrace(["setup"] + database.names)
          #expect(try setup.exitCodeAfterAllOutput() == 0, "\(setup.errors.text)")
          try database.psql("SELECT place(66, 70);")
          // Step 2: the end of the file. Step 3.
          let last = try #require(Redelivered.read(database.fileLines).last)
          let since = try database.psql(
            "SELECT to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM outbox WHERE id = '\(last.id)'"
          )
          let again = try database.redeliver(["--since", since])
          #expect(try again.exitCodeAfterAllOutput() == 0, "\(again.errors.text)")
          // Step 4.
          _ = try database.rest(options + ["--accept-gap"])
          let come = try Redelivered.read(database.fileLines + again.output.lines).compactMap { $0.data?.n }
          #expect(Set(come) == Set(1...70))
          #expect(try Event.read(database.fileLines).numbers == Array(1...20) + Array(66...70))
        }
      }
    }

    @Test(arguments: versions)
    func `what cannot be is refused, with the mend`(version: Int) throws {
      try withDatabase(version, Self.schema) { database in
        try database.psql(
          "SELECT happen(1); CREATE TABLE keyless (LIKE outbox); CREATE TABLE timeless (LIKE outbox INCLUDING ALL);"
            + "ALTER TABLE timeless DROP occurred_at; CREATE VIEW seen AS SELECT * FROM outbox;")
        try database.withRole("LOGIN") { role in
          let other = database.server.connection(to: database.name, user: role)
          for (options, code, words) in [
            ([], 64, "say which"), (["--key", ""], 64, "--key: it is empty"),
            (["--key", "a", "--rate", "0"], 64, "--rate"),
            (["--key", "a", "--rate", "-1"], 64, "--rate"),
            (["--key", "a", "--rate", "99999999999999999999"], 64, "--rate"),
            (["--since", "yesterday"], 64, "--since"), (["--id", "x"], 64, "invalid input syntax for type uuid"),
            (["--since", "2026-01-31T12:00:00Z", "--before", "2026-01-31T12:00:00Z"], 64, "not earlier"),
            (["--key", "a", "--sink", "file:\(database.file)"], 64, "no sequence, so no file"),
            (["--key", "a", "--message-prefix", "x"], 64, "are in no table"),
            (["--key", "a", "--table", "public.none"], 78, "does not exist"),
            (["--key", "a", "--table", "public.seen"], 78, "is no table"),
            (["--key", "a", "--table", "public.keyless"], 78, "ADD PRIMARY KEY"),
            (["--key", "a", "--table", "public.timeless"], 78, "--column occurred_at=COLUMN"),
            (["--key", "a", "--database", other], 77, "GRANT SELECT"),
          ] {
            let child = try database.redeliver(options)
            #expect(try child.exitCodeAfterAllOutput() == Int32(code), "\(options): \(child.errors.text)")
            #expect(child.errors.text.contains(words), "\(options): \(child.errors.text)")
          }
        }
      }
    }
  }
}

/// A line of a redelivery, as far as tests look at it.
struct Redelivered: Decodable {
  let id: String
  let sequence: String?
  let redelivery: Bool?
  let data: Event.Payload?

  static func read(_ lines: [String]) throws -> [Redelivered] {
    let decoder = JSONDecoder()
    return try lines.map { try decoder.decode(Redelivered.self, from: Data($0.utf8)) }
  }
}

extension OutboxDatabase {
  /// Starts `tailrace redeliver` for this database; what the options say counts more.
  func redeliver(_ options: [String]) throws -> ChildProcess {
    let database = options.contains("--database") ? [] : ["--database", connection]
    return try tailrace(["redeliver"] + database + options)
  }

  /// The events of the slot as lines, which stay in it.
  func peekedLines() throws -> [String] {
    let child = try tailrace(["peek", "--json", "--count", "1000"] + names)
    guard try child.exitCodeAfterAllOutput() == 0 else { throw ChildProcess.Failure(description: child.errors.text) }
    return child.output.lines.compactMap { line in
      line.firstMatch(of: #/"event": (\{.*\})\}$/#).map { String($0.output.1) }
    }
  }
}
