// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Rows that come out of the table, without a slot.
  @Suite struct Polling {
    private static let versions = [15, 18]

    @Test(arguments: versions, ["delete", "mark"])
    func `each row is delivered as it was written, then deleted or marked`(version: Int, way: String) throws {
      try withDatabase(version, PollDatabase.schema) { database in
        try database.psql("SELECT place(1, 3000);")
        let options = ["--after-delivery", way, "--until", "now"]
        let first = try database.pollToFile(options)
        #expect(try first.exitCode(within: 60) == 0, "\(first.errors.text)")
        #expect(!first.errors.text.contains("warning"), "\(first.errors.text)")
        #expect(try database.unpolled() == 0)
        #expect(try database.psql("SELECT count(*) FROM outbox") == (way == "mark" ? "3000" : "0"))
        try database.psql("SELECT place(3001, 3010);")
        #expect(try database.pollToFile(options).exitCode(within: 60) == 0)
        #expect(try database.pollToFile(options).exitCode(within: 60) == 0)
        let events = try Event.read(database.fileLines)
        #expect(events.numbers == Array(1...3010))
        #expect(events.isInCommitOrder)
        #expect(try database.slots() == 1, "the one that the test has made")
      }
    }

    @Test(arguments: versions)
    func `a row that is committed late is found, behind those that were committed before`(version: Int) throws {
      try withDatabase(version, PollDatabase.schema) { database in
        let poller = try database.pollToFile(["--after-delivery", "delete"])
        let late = try database.session()
        try late.write("BEGIN; SELECT place(1, 'late'); SELECT 'open';\n")
        try wait(until: "it is open") { late.output.lines.last == "open" }
        try database.psql("SELECT place(2, 1200);")
        try wait(until: "the others are there") { database.fileLines.count == 1199 }
        Thread.sleep(forTimeInterval: 1)
        try late.write("COMMIT;\n")
        try wait(until: "it is there") { database.fileLines.count == 1200 }
        try wait(until: "it is cleaned up") { try database.unpolled() == 0 }
        poller.signal(SIGTERM)
        #expect(try poller.exitCode(within: 30) == 0, "\(poller.errors.text)")
        #expect(try Event.read(database.fileLines).numbers == Array(2...1200) + [1])
      }
    }

    @Test(arguments: ["delete", "mark"])
    func `three pollers share the keys, one is killed now and then, and nothing is missing`(way: String) throws {
      try withDatabase(15, PollDatabase.schema) { database in
        let files = (0..<3).map { database.files.file("poller-\($0)") }
        func start(_ number: Int) throws -> ChildProcess {
          let poller = try database.poll(
            ["--after-delivery", way, "--sink", "file:\(files[number])", "--poll-interval", "20ms"])
          try wait(until: "it is ready", within: 60) { poller.errors.text.contains("ready: ") }
          return poller
        }
        var pollers = try (0..<3).map(start)
        // Until each has its share.
        Thread.sleep(forTimeInterval: 3)
        let writers = try (0..<4).map { number in
          let writer = try database.session()
          // Each has keys of its own, for of two that write to one key at once nobody knows which is first.
          try writer.write("CALL place_slowly(\(number), 500);\n")
          writer.closeInput()
          return writer
        }
        for round in 0..<5 {
          Thread.sleep(forTimeInterval: .random(in: 0.3...1))
          let number = round % 3
          try pollers[number].kill9()
          pollers[number] = try start(number)
        }
        for writer in writers { #expect(try writer.exitCode(within: 60) == 0, "\(writer.errors.text)") }
        try wait(until: "all is delivered", within: 60) { try database.unpolled() == 0 }
        for poller in pollers {
          poller.signal(SIGTERM)
          #expect(try poller.exitCode(within: 30) == 0, "\(poller.errors.text)")
        }
        var numbers: Set<Int> = []
        for file in files {
          let text = try String(contentsOfFile: file, encoding: .utf8)
          let events = try Event.read(text.wholeLines)
          // Each file alone, but for what has come again.
          #expect(!events.isEmpty && events.firstOfEach.isOrderedPerKey)
          numbers.formUnion(events.numbers)
        }
        var expected: Set<Int> = []
        for writer in 0..<4 { expected.formUnion(writer * 1000 + 1...writer * 1000 + 500) }
        #expect(numbers == expected)
      }
    }

    @Test func `pollers that mark in different columns each deliver all events`() throws {
      let schema = PollDatabase.schema.replacing(
        "dispatched_at timestamptz,", with: "dispatched_at timestamptz, other_at timestamptz,")
      try withDatabase(15, schema) { database in
        let columns = ["dispatched_at", "other_at"]
        let pollers = try columns.map { column in
          let poller = try database.poll(
            [
              "--after-delivery", "mark", "--mark-column", column, "--sink", "file:\(database.files.file(column))",
              "--poll-interval", "20ms",
            ])
          try wait(until: "it is ready", within: 60) { poller.errors.text.contains("ready: ") }
          return poller
        }
        Thread.sleep(forTimeInterval: 3)
        try database.psql("SELECT place(n, 'k' || n) FROM generate_series(1, 300) n;")
        for column in columns {
          try wait(until: "all are there", within: 60) {
            (try? String(contentsOfFile: database.files.file(column), encoding: .utf8).wholeLines.count) == 300
          }
        }
        // Who deletes leaves none for them, and is told of them.
        let deleting = try database.poll(["--after-delivery", "delete"])
        try wait(until: "it is told", within: 60) {
          deleting.errors.text.contains("mark the rows that this one deletes")
        }
        try wait(until: "they are told", within: 60) {
          pollers[0].errors.text.contains("delete the rows that this one marks")
        }
        for poller in pollers + [deleting] {
          poller.signal(SIGTERM)
          #expect(try poller.exitCode(within: 30) == 0, "\(poller.errors.text)")
        }
      }
    }

    @Test func `positions go on behind the file's, also where the server's log has been set back`() throws {
      try TestServer.with { server in
        try server.withDatabase(PollDatabase.schema) { database in
          let options = ["--after-delivery", "delete", "--until", "now"]
          try database.psql("SELECT place(1, 10);")
          try server.copyData()
          try database.psql("SELECT place(11, 20); CREATE TABLE filler AS SELECT generate_series(1, 100000);")
          let first = try database.pollToFile(options)
          #expect(try first.exitCode(within: 60) == 0, "\(first.errors.text)")
          try server.putBack()
          try database.psql("SELECT place(21, 30);")
          let second = try database.pollToFile(options)
          #expect(try second.exitCode(within: 60) == 0, "\(second.errors.text)")
          let events = try Event.read(database.fileLines)
          #expect(events.numbers == Array(1...20) + Array(1...10) + Array(21...30))
          #expect(events.isInCommitOrder)
        }
      }
    }

    @Test func `a server that is killed again and again loses none`() throws {
      try TestServer.with { server in
        try server.withDatabase(PollDatabase.schema) { database in
          let poller = try database.pollToFile(["--after-delivery", "delete"])
          for round in 0..<3 {
            try database.psql("SELECT place(\(round * 1000 + 1), \(round * 1000 + 1000));")
            Thread.sleep(forTimeInterval: .random(in: 0...0.3))
            try server.kill()
            try server.start()
          }
          try wait(until: "all is delivered", within: 60) { try database.unpolled() == 0 }
          poller.signal(SIGTERM)
          #expect(try poller.exitCode(within: 30) == 0, "\(poller.errors.text)")
          let events = try Event.read(database.fileLines)
          #expect(Set(events.numbers) == Set(1...3000))
          #expect(events.firstOfEach.isOrderedPerKey && events.isInCommitOrder)
        }
      }
    }

    @Test(arguments: ["delete", "mark"])
    func `a row that becomes a dead letter is not read again`(way: String) throws {
      try withDatabase(15, PollDatabase.schema) { database in
        let letters = database.files.file("letters")
        let options = ["--after-delivery", way, "--until", "now", "--on-poison", "dead-letter"]
        try database.psql("SELECT place(1, 5); UPDATE outbox SET type = '' WHERE payload->>'n' = '3';")
        for _ in 0..<2 {
          let poller = try database.pollToFile(options + ["--dead-letters", "file:\(letters)"])
          #expect(try poller.exitCode(within: 60) == 0, "\(poller.errors.text)")
        }
        #expect(try Event.read(database.fileLines).numbers == [1, 2, 4, 5])
        #expect(try String(contentsOfFile: letters, encoding: .utf8).wholeLines.count == 1)
        #expect(try database.unpolled() == 0)
      }
    }
  }
}

/// An outbox that is polled: with a column that counts up.
enum PollDatabase {
  static let schema =
    InitialRowsDatabase.schema.replacing(
      "dispatched_at timestamptz);", with: "dispatched_at timestamptz, place bigint GENERATED ALWAYS AS IDENTITY);")
      + """
      CREATE PROCEDURE place_slowly(writer int, count int) LANGUAGE plpgsql AS
        $$ BEGIN
          FOR n IN 1..count LOOP
            PERFORM place(writer * 1000 + n, 'k' || writer || '-' || n % 5);
            IF random() < 0.05 THEN PERFORM pg_sleep(random() / 2); END IF;
            IF random() < 0.2 THEN COMMIT; END IF;
          END LOOP;
        END $$;

      """
}

extension [Event] {
  /// Without those that have come before.
  var firstOfEach: [Event] {
    var seen: Set<String> = []
    return filter { seen.insert($0.id).inserted }
  }
}

extension OutboxDatabase {
  /// Starts `tailrace poll`.
  func poll(_ options: [String] = [], as role: String = "postgres") throws -> ChildProcess {
    try tailrace(["poll", "--database", server.connection(to: name, user: role)] + options)
  }

  /// Starts `tailrace poll` into `file`.
  func pollToFile(_ options: [String] = []) throws -> ChildProcess {
    try poll(["--sink", "file:\(file)"] + options)
  }

  /// How many rows are there that are not marked.
  func unpolled() throws -> Int {
    Int(try psql("SELECT count(*) FROM outbox WHERE dispatched_at IS NULL")) ?? -1
  }
}
