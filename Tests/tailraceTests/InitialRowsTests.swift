// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// The rows that were there before the slot.
  @Suite struct InitialRowDelivery {
    private static let versions = [15, 18]

    @Test(arguments: versions)
    func `they come first, each once and as they were written, then the stream, and the second time nothing`(
      version: Int
    ) throws {
      try withDatabase(version, InitialRowsDatabase.schema) { database in
        try database.psql("SELECT place(1, 2500);")
        try database.setUpWithSnapshot()
        try database.psql("SELECT place(2501, 2600);")
        let first = try database.streamToFile(["--initial-rows", "--until", "now"])
        #expect(try first.exitCode(within: 60) == 0, "\(first.errors.text)")
        #expect(first.errors.text.contains("delivers 2500 initial rows"), "\(first.errors.text)")
        try database.psql("SELECT place(2601, 2610);")
        let second = try database.streamToFile(["--initial-rows", "--until", "now"])
        #expect(try second.exitCode(within: 60) == 0 && !second.errors.text.contains("initial rows"))
        let events = try Event.read(database.fileLines)
        #expect(events.numbers.sorted() == Array(1...2610) && events.isInCommitOrder && events.isOrderedPerKey)
        let start = try database.psql("SELECT consistent_point FROM tailrace_snapshots")
        #expect(
          events.prefix(2500).allSatisfy { $0.commitLSN < start.lowercased() || $0.commitLSN.count < start.count })
        #expect(Set(events.prefix(2500).map(\.commitLSN)).count == 1)
        #expect(events[2499].sequence.hasSuffix("-0000002500"))
      }
    }

    @Test(arguments: versions)
    func `killed at random while others commit, it loses and doubles none`(version: Int) throws {
      try withDatabase(version, InitialRowsDatabase.schema) { database in
        try database.psql("SELECT place(1, 20000);")
        try database.setUpWithSnapshot()
        let writer = try database.session()
        try writer.write("CALL place_one_by_one(20001, 22000, 0.001);\n")
        writer.closeInput()
        for _ in 0..<12 {
          let stream = try database.streamToFile(["--initial-rows"])
          Thread.sleep(forTimeInterval: .random(in: 0.05...0.5))
          try stream.kill9()
        }
        #expect(try writer.exitCode(within: 60) == 0)
        _ = try database.rest(["--initial-rows", "--sink", "file:\(database.file)"])
        let events = try Event.read(database.fileLines)
        #expect(events.numbers.sorted() == Array(1...22000) && events.isInCommitOrder && events.isOrderedPerKey)
        #expect(Set(events.map(\.id)).count == 22000)
      }
    }

    @Test(arguments: versions)
    func `with a checkpoint it goes on where it was, at least once`(version: Int) throws {
      try withDatabase(version, InitialRowsDatabase.schema) { database in
        try database.psql("SELECT place(1, 8000);")
        try database.setUpWithSnapshot()
        let options = ["--initial-rows", "--checkpoint", database.files.file("checkpoint")]
        var lines: [String] = []
        for _ in 0..<4 {
          let stream = try database.stream(options)
          try wait(until: "some have come") { stream.output.lineCount > 0 }
          Thread.sleep(forTimeInterval: .random(in: 0...0.05))
          try stream.kill9()
          try wait(until: "the pipe is read") { stream.output.isComplete }
          lines += stream.output.lines
        }
        try database.psql("SELECT place(8001, 8010);")
        lines += try database.rest(options)
        let events = lines.compactMap { try? Event.read([$0])[0] }
        #expect(Set(events.numbers) == Set(1...8010))
        // The same place each time.
        #expect(Set(events.map { "\($0.id) \($0.sequence)" }).count == 8010)
        #expect(try database.rest(options).isEmpty)
      }
    }

    /// Which rows the slot brings is not told by when they were written, but by when their transactions ended.
    @Test(arguments: versions)
    func `rows of transactions and savepoints that were open where the slot begins come by the slot alone`(version: Int)
      throws
    {
      // On a server of its own: others' transactions would be waited for too.
      try TestServer.with(version: version) { server in
        try server.withDatabase(InitialRowsDatabase.schema) { database in
          try database.psql("SELECT place(1, 10);")
          try database.psql("SELECT pg_drop_replication_slot('\(database.slot)');")
          func open(_ sql: String) throws -> ChildProcess {
            let session = try database.session()
            try session.write("BEGIN; \(sql) SELECT 'open';\n")
            try wait(until: "it is open") { session.output.lineCount >= 1 && session.output.lines.last == "open" }
            return session
          }
          let first = try open("SELECT place(11);")
          let setup = try database.command("setup", ["--snapshot"])
          try wait(until: "it waits for the first") { try database.slots() == 1 && setup.isRunning }
          Thread.sleep(forTimeInterval: 0.5)
          let second = try open("SELECT place(12);")
          try first.write("COMMIT;\n")
          Thread.sleep(forTimeInterval: 1)
          // It runs where the slot begins, which is where the second one ends.
          let third = try open(
            "SELECT place(13); SAVEPOINT a; SELECT place(14); RELEASE a; SAVEPOINT b; SELECT place(15); ROLLBACK TO b; SAVEPOINT c; SELECT place(16);"
          )
          #expect(setup.isRunning)
          // It gets a later number, and ends before: the numbers of the third one lie among those of the snapshot.
          try database.psql("SELECT place(18);")
          try second.write("COMMIT;\n")
          #expect(try setup.exitCode(within: 30) == 0, "\(setup.errors.text)")
          let snapshot = try database.psql("SELECT snapshot FROM tailrace_snapshots")
          // The transaction's own, and those of its savepoints.
          #expect((snapshot.split(separator: ":").last ?? "").split(separator: ",").count >= 3, "\(snapshot)")
          try third.write("COMMIT;\n")
          try database.psql("SELECT place(17);")
          let stream = try database.streamToFile(["--initial-rows", "--until", "now"])
          #expect(try stream.exitCode(within: 30) == 0, "\(stream.errors.text)")
          #expect(try Event.read(database.fileLines).numbers.sorted() == Array(1...14) + Array(16...18), "\(snapshot)")
        }
      }
    }

    @Test(arguments: ["delete", "mark"])
    func `rows are cleaned up after delivery like others, across kills`(way: String) throws {
      try withDatabase(15, InitialRowsDatabase.schema) { database in
        try database.psql("SELECT place(1, 6000);")
        try database.setUpWithSnapshot()
        let options = ["--initial-rows", "--after-delivery", way]
        for _ in 0..<6 {
          let stream = try database.streamToFile(options)
          Thread.sleep(forTimeInterval: .random(in: 0.1...0.5))
          try stream.kill9()
        }
        try database.psql("SELECT place(6001, 6100);")
        _ = try database.rest(options + ["--sink", "file:\(database.file)"])
        let events = try Event.read(database.fileLines)
        #expect(events.numbers.sorted() == Array(1...6100) && events.isOrderedPerKey)
        #expect(try database.psql("SELECT count(*) FROM outbox WHERE dispatched_at IS NULL") == "0")
      }
    }
  }
}

/// An outbox with a random key, as a set-up makes it.
enum InitialRowsDatabase {
  static let schema = OutboxDatabase.schema.replacing(
    "payload jsonb);",
    with: "payload jsonb, occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(), dispatched_at timestamptz);")
}

extension OutboxDatabase {
  /// Makes the slot anew, with a snapshot.
  func setUpWithSnapshot(_ options: [String] = []) throws {
    try psql("SELECT pg_drop_replication_slot('\(slot)');")
    let setup = try command("setup", ["--snapshot"] + options)
    guard try setup.exitCode(within: 60) == 0 else { throw ChildProcess.Failure(description: setup.errors.text) }
  }
}
