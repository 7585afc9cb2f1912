// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What would be delivered next.
  @Suite struct Peeking {
    @Test(arguments: [15, 18])
    func `the next events of a slot, whole and in order, and nothing is moved`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql("SELECT place(1, 20);")
        let before = try database.confirmed()
        let child = try database.peek(["--count", "5", "--json", "--sink", "file:\(database.file)"])
        #expect(try child.exitCodeAfterAllOutput() == 0, "\(child.errors.text)")
        let items = try Peeked.read(child.output.lines)
        #expect(items.map { $0.event?.data?.n } == [1, 2, 3, 4, 5])
        #expect(items.allSatisfy { $0.to == "file:\(database.file)" && $0.position == $0.event?.sequence })
        #expect(try database.confirmed() == before)
        #expect(!FileManager.default.fileExists(atPath: database.file))
        #expect(try database.copies() == 0)
        #expect(try Event.read(database.rest()).numbers == Array(1...20))
      }
    }

    @Test func `each event's own way at a broker is shown, and an event that has none`() throws {
      try withDatabase(15) { database in
        try database.psql(
          "INSERT INTO outbox (aggregatetype, aggregateid, type) VALUES ('order', 'a', 'Placed'), ('an order', 'b', 'Paid')"
        )
        let broker = ["--sink", "amqp://127.0.0.1:1", "--amqp-exchange", "events"]
        let shown = try database.peek(broker)
        #expect(try shown.exitCodeAfterAllOutput() == 0, "\(shown.errors.text)")
        let ends = zip(shown.output.lines.dropFirst(), ["\tamqp://127.0.0.1:1 order.Placed", " an order.Paid"])
        #expect(shown.output.lines.count == 3 && ends.allSatisfy { $0.hasSuffix($1) }, "\(shown.output.lines)")
        for (route, routes, reason) in [
          ("x.{type}", ["x.Placed", "x.Paid"], nil),
          ("{tenant}", [nil, nil], "it has no tenant, which the routing key needs"),
        ] {
          let child = try database.peek(broker + ["--json", "--route", route])
          #expect(try child.exitCodeAfterAllOutput() == 0, "\(child.errors.text)")
          let items = try Peeked.read(child.output.lines)
          #expect(items.map(\.route) == routes && items.allSatisfy { $0.reason == reason }, "\(child.output.lines)")
        }
      }
    }

    @Test(arguments: [15, 18])
    func `a row that is no event is shown with the reason, in its place`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql("ALTER TABLE outbox ALTER type DROP NOT NULL;")
        try database.psql("SELECT place(1);")
        try database.psql("INSERT INTO outbox (aggregateid, type) VALUES ('b', NULL);")
        try database.psql("SELECT place(2);")
        let child = try database.peek(["--json"])
        #expect(try child.exitCodeAfterAllOutput() == 0, "\(child.errors.text)")
        let items = try Peeked.read(child.output.lines)
        #expect(items.map { $0.event?.data?.n } == [1, nil, 2])
        #expect(items[1].to == nil && items[1].reason?.contains("column type") == true, "\(items)")
        let text = try database.peek()
        #expect(try text.exitCodeAfterAllOutput() == 0)
        let lines = text.output.lines.map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
        #expect(lines.count == 4 && lines[0].first == "position")
        #expect(lines[1][1] == "Placed" && lines[1][4] == "stdout" && lines[2][4].hasPrefix("nowhere: "))
      }
    }

    @Test(arguments: [15, 18], [true, false])
    func `good events come before bad rows, though these are known sooner`(version: Int, isWhole: Bool) throws {
      try withDatabase(version) { database in
        try database.psql("ALTER TABLE outbox ALTER type DROP NOT NULL;")
        let bad = "INSERT INTO outbox (aggregateid, type) SELECT 'b', NULL FROM generate_series(1, 2000);"
        let good = "SELECT place(1); SELECT place(2); SELECT place(3);"
        try database.psql((isWhole ? "BEGIN; \(good) \(bad) COMMIT;" : good + bad) + " SELECT place(4);")
        let child = try database.peek(["--json", "--count", "5"])
        #expect(try child.exitCodeAfterAllOutput() == 0, "\(child.errors.text)")
        let items = try Peeked.read(child.output.lines)
        #expect(items.map { $0.event?.data?.n } == [1, 2, 3, nil, nil])
        #expect(items.map(\.position) == items.map(\.position).sorted())
      }
    }

    @Test(arguments: [15, 18])
    func `what comes before trouble is shown, and then the trouble`(version: Int) throws {
      try withDatabase(version) { database in
        try database.psql(
          "SELECT place(1); SELECT place(2); SELECT place(3); DROP PUBLICATION events; SELECT place(4); "
            + "CREATE PUBLICATION events FOR TABLE outbox WITH (publish = 'insert');")
        let child = try database.peek(["--json", "--count", "5"])
        #expect(try child.exitCodeAfterAllOutput() == 78, "\(child.errors.text)")
        #expect(try Peeked.read(child.output.lines).map { $0.event?.data?.n } == [1, 2, 3])
        #expect(child.complaint?.contains("as tailrace doctor") == true, "\(child.errors.text)")
        let first = try database.peek(["--json", "--count", "2"])
        #expect(try first.exitCodeAfterAllOutput() == 0, "\(first.errors.text)")
        #expect(try database.copies() == 0)
      }
    }

    @Test(arguments: [15, 18])
    func `while a relay has the slot, it goes on undisturbed`(version: Int) throws {
      try withDatabase(version) { database in
        let gate = Gate()
        let receiver = try WebServer { _ in
          gate.pass()
          return WebServer.Answer(204)
        }
        defer {
          gate.open()
          receiver.close()
        }
        let relay = try database.stream(["--sink", receiver.url])
        try database.psql("SELECT place(1, 3);")
        try wait(until: "the receiver is asked") { !receiver.requests.isEmpty }
        let child = try database.peek(["--json"])
        #expect(try child.exitCodeAfterAllOutput() == 0, "\(child.errors.text)")
        #expect(try Peeked.read(child.output.lines).map { $0.event?.data?.n } == [1, 2, 3])
        #expect(try database.copies() == 0)
        gate.open()
        try wait(until: "all is delivered") { receiver.taken.numbers.count == 3 }
        #expect(relay.isRunning)
      }
    }

    @Test func `of an empty slot there is nothing, and it ends`() throws {
      try withDatabase { database in
        let child = try database.peek()
        #expect(try child.exitCodeAfterAllOutput() == 0, "\(child.errors.text)")
        #expect(child.output.text.isEmpty)
      }
    }

    @Test func `without a free slot it ends with 69, and works when one is free`() throws {
      try TestServer.with(settings: ["max_replication_slots": "2"]) { server in
        try server.withDatabase { database in
          try database.psql("SELECT pg_create_physical_replication_slot('other');")
          let child = try database.peek()
          #expect(try child.exitCode() == 69, "\(child.errors.text)")
          #expect(child.complaint?.contains("no free replication slot") == true, "\(child.errors.text)")
          try database.psql("SELECT pg_drop_replication_slot('other');")
          #expect(try database.peek().exitCode() == 0)
        }
      }
    }

    @Test func `a copy is gone when it is killed`() throws {
      try withDatabase { database in
        try database.psql("SELECT place(1, 50000);")
        let child = try database.peek(["--count", "100000"])
        try wait(until: "there is a copy", every: 0.001) { try database.copies() == 1 || !child.isRunning }
        try child.kill9()
        try wait(until: "the copy is gone") { try database.copies() == 0 }
        #expect(try database.confirmed() != "")
      }
    }

    @Test func `a recording is shown too`() throws {
      try withDatabase { database in
        let recording = database.files.file("recording")
        try database.psql("SELECT place(1, 3);")
        let capture = try database.tailrace(["capture", "--output", recording, "--until", "now"] + database.names)
        #expect(try capture.exitCode() == 0, "\(capture.errors.text)")
        let child = try database.tailrace(["peek", recording, "--json", "--count", "2"])
        #expect(try child.exitCodeAfterAllOutput() == 0, "\(child.errors.text)")
        #expect(try Peeked.read(child.output.lines).map { $0.event?.data?.n } == [1, 2])
        for wrong in [[recording, "--slot", "s"], ["--slot", "s"], [recording, "--count", "0"]] {
          #expect(try database.tailrace(["peek"] + wrong).exitCode() == 64)
        }
      }
    }
  }
}

/// A line of `tailrace peek --json`.
private struct Peeked: Decodable {
  let position: String
  let to: String?
  let route: String?
  let event: Event?
  let reason: String?

  static func read(_ lines: [String]) throws -> [Peeked] {
    try lines.map { try JSONDecoder().decode(Peeked.self, from: Data($0.utf8)) }
  }
}

extension OutboxDatabase {
  fileprivate func peek(_ options: [String] = []) throws -> ChildProcess {
    try tailrace(["peek"] + names + options)
  }

  /// How many copies of the slot there are.
  fileprivate func copies() throws -> Int {
    Int(
      try psql(
        "SELECT count(*) FROM pg_replication_slots WHERE database = '\(name)' AND slot_name <> '\(slot)'")) ?? -1
  }
}
