// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// Redis behind the whole program, read by redis-py.
  @Suite(
    .timeLimit(.minutes(5)),
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/redis-server"), "there is no Redis"))
  struct Redis {
    private func withBroker(_ options: [String] = [], _ body: (OutboxDatabase, Broker) throws -> Void) throws {
      let broker = try Broker("redis", options)
      defer { broker.remove() }
      try withDatabase { database in try body(database, broker) }
    }

    private func start(
      _ database: OutboxDatabase, _ broker: Broker, _ options: [String] = [], command: String = "stream"
    ) throws -> ChildProcess {
      try database.start(Tailrace.path, [command] + database.names + ["--sink", broker.address] + options)
    }

    @Test func `events are entries in the order of their commits, and none is there twice after kills`() throws {
      try withBroker { database, broker in
        try database.psql("SELECT place(1, 2000);")
        for _ in 0..<5 {
          let child = try start(database, broker)
          let before = try broker.entries(of: "outbox.event.order").count
          try wait(until: "something is stored", within: 60) {
            try broker.entries(of: "outbox.event.order").count > before || before == 2000
          }
          child.signal(SIGKILL)
          _ = try child.exitCode(within: 60)
        }
        let last = try start(database, broker, ["--until", "now"])
        #expect(try last.exitCode(within: 60) == 0, "\(last.errors.text)")
        let entries = try broker.entries(of: "outbox.event.order")
        #expect(entries.count == 2000 && Set(entries.map { $0["ce-id"] }).count == 2000)
        let order = entries.compactMap { $0["ce-sequence"] }
        #expect(order == order.sorted() && order.count == 2000)
        let first = try #require(entries.first)
        #expect(first["data"] == #"{"n": 1}"# && first["content-type"] == "application/json")

        let doctor = try start(database, broker, ["--json"], command: "doctor")
        #expect(try doctor.exitCodeAfterAllOutput(within: 60) == 0)
        try broker.control(["config", "set", "appendfsync", "everysec"])
        let doubtful = try start(database, broker, ["--json"], command: "doctor")
        _ = try doubtful.exitCodeAfterAllOutput(within: 60)
        #expect(doubtful.output.text.contains("set appendfsync always"), "\(doubtful.output.text)")
        try database.psql("SELECT place(2001);")
        let told = try start(database, broker, ["--until", "now"])
        #expect(try told.exitCode(within: 60) == 0)
        #expect(told.errors.text.contains("set appendfsync always"), "\(told.errors.text)")
      }
    }

    @Test func `a login that is refused ends a stream with 77, and a key of another kind or other ids with 78`() throws
    {
      try withBroker { database, broker in
        try broker.control(["set", "taken", "x"])
        try broker.control(["xadd", "mixed", "*", "any", "thing"])
        try database.psql("SELECT place(1, 3);")
        for (options, code, words) in [
          (["--route", "taken"], 78, "WRONGTYPE: the stream taken"), (["--route", "mixed"], 78, "no positions"),
        ] as [([String], Int32, String)] {
          let child = try start(database, broker, options)
          #expect(try child.exitCode(within: 60) == code)
          #expect(child.complaint?.contains(words) == true, "\(child.errors.text)")
        }
        try broker.control(["config", "set", "requirepass", "secret"])
        let child = try start(database, broker)
        #expect(try child.exitCode(within: 60) == 77)
        #expect(child.complaint?.contains("NOAUTH") == true, "\(child.errors.text)")
        let doctor = try start(database, broker, ["--json"], command: "doctor")
        #expect(try doctor.exitCodeAfterAllOutput(within: 60) == 78)
        #expect(doctor.output.text.contains("NOAUTH"))
        let password = database.files.file("password")
        try "secret\n".write(toFile: password, atomically: true, encoding: .utf8)
        let admitted = try start(database, broker, ["--sink-password-file", password, "--until", "now"])
        #expect(try admitted.exitCode(within: 60) == 0, "\(admitted.errors.text)")
      }
    }

    @Test func `what cannot be an entry becomes a letter in a stream, and letters are redriven with other ids`() throws
    {
      try withBroker(["--set", "proto-max-bulk-len=1mb"]) { database, broker in
        try database.psql(
          """
          SELECT place(1);
          INSERT INTO outbox (aggregateid, aggregatetype, payload)
            VALUES ('a', 'order', jsonb_build_object('t', repeat('x', 1100000)));
          SELECT place(2);
          """)
        let stopped = try start(database, broker, ["--until", "now"])
        #expect(try stopped.exitCode(within: 60) == 65)
        #expect(stopped.complaint?.contains("proto-max-bulk-len") == true, "\(stopped.errors.text)")
        #expect(try broker.entries(of: "outbox.event.order").count == 1)
        let letters = "file:\(database.files.file("letters.ndjson"))"
        let kept = try start(
          database, broker, ["--on-poison", "dead-letter", "--dead-letters", letters, "--until", "now"])
        #expect(try kept.exitCode(within: 60) == 0, "\(kept.errors.text)")
        #expect(try broker.entries(of: "outbox.event.order").count == 2)

        try broker.control(["config", "set", "proto-max-bulk-len", "10mb"])
        let redrive = ["dead-letters", "redrive", "--dead-letters", letters, "--all", "--sink", broker.address]
        let late = try database.start(Tailrace.path, redrive)
        #expect(try late.exitCode(within: 60) == 78)
        #expect(late.complaint?.contains("--redis-id auto") == true, "\(late.errors.text)")
        let mixed = try database.start(Tailrace.path, redrive + ["--redis-id", "auto"])
        #expect(try mixed.exitCode(within: 60) == 78, "\(mixed.errors.text)")
        let own = try database.start(Tailrace.path, redrive + ["--redis-id", "auto", "--route", "late"])
        #expect(try own.exitCode(within: 60) == 0, "\(own.errors.text)")
        #expect(try broker.entries(of: "late").map { $0["ce-partitionkey"] } == ["a"])

        try database.psql("INSERT INTO outbox (aggregateid, aggregatetype, payload) VALUES ('b', '', '{}');")
        let stream = try start(
          database, broker, ["--on-poison", "dead-letter", "--dead-letters", "stream:letters", "--until", "now"])
        #expect(try stream.exitCode(within: 60) == 0, "\(stream.errors.text)")
        let letter = try #require(try broker.entries(of: "letters").first)
        #expect(letter["letter"]?.contains("it has no aggregatetype") == true, "\(letter)")
      }
    }

    @Test(arguments: [
      (["--sink", "redis://h"], 64, "--allow-plain-redis"),
      (["--sink", "rediss://h", "--allow-plain-redis"], 64, "--allow-plain-redis"),
      (["--sink", "redis://u@localhost"], 64, "--sink-password-file"),
      (["--sink", "rediss://u:canary@h:99999"], 64, "port"), (["--sink", "rediss://u:canary@h/x"], 64, "database"),
      (["--sink", "rediss://u:canary@h", "--sink-password-file", "/x"], 64, "--sink-password-file"),
      (["--sink", "rediss://u@h", "--sink-password-file", "/nothing"], 78, "/nothing"),
      (["--sink", "rediss://h", "--ca-file", "/nothing"], 78, "/nothing"),
      (["--sink", "redis://localhost", "--ca-file", "/nothing"], 64, "--ca-file"),
      (["--sink", "redis://localhost", "--envelope", "none"], 64, "--envelope"),
      (["--sink", "redis://localhost", "--redis-maxlen", "0"], 64, "--redis-maxlen"),
      (["--sink", "redis://localhost", "--redis-id", "other"], 64, "--redis-id"),
      (["--sink", "stdout", "--redis-id", "auto"], 64, "--redis-id"),
      (["--sink", "stdout", "--on-poison", "dead-letter", "--dead-letters", "stream:x"], 64, "--dead-letters"),
    ])
    func `what cannot work is refused before anything is opened`(options: [String], code: Int32, word: String) throws {
      let child = try ChildProcess(
        Tailrace.path,
        ["stream", "--database", "host=127.0.0.1 port=9", "--publication", "p", "--slot", "s"] + options)
      #expect(try child.exitCode() == code)
      #expect(child.complaint?.contains(word) == true, "\(child.errors.text)")
      #expect(!child.errors.text.contains("canary"))
    }
  }
}
