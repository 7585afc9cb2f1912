// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// NATS behind the whole program, read by nats-py.
  @Suite(
    .timeLimit(.minutes(5)),
    .enabled(
      if: ["/usr/sbin/nats-server", "/usr/local/bin/nats-server"].contains {
        FileManager.default.isExecutableFile(atPath: $0)
      }, "there is no NATS"))
  struct NATS {
    private func withBroker(_ options: [String] = [], _ body: (OutboxDatabase, Broker) throws -> Void) throws {
      let broker = try Broker("nats", options)
      defer { broker.remove() }
      try withDatabase { database in try body(database, broker) }
    }

    private func start(
      _ database: OutboxDatabase, _ sink: String, _ options: [String] = [], command: String = "stream"
    ) throws -> ChildProcess {
      try database.start(Tailrace.path, [command] + database.names + ["--sink", sink] + options)
    }

    @Test func `events are messages under their subject, each key in order, and none is there twice after kills`()
      throws
    {
      try withBroker { database, broker in
        try database.psql("SELECT place(1, 2000);")
        for _ in 0..<5 {
          let child = try start(database, broker.address)
          let before = try broker.length()
          try wait(until: "something is stored", within: 60) { try before == 2000 || broker.length() > before }
          child.signal(SIGKILL)
          _ = try child.exitCode(within: 60)
        }
        let last = try start(database, broker.address, ["--until", "now"])
        #expect(try last.exitCode(within: 60) == 0, "\(last.errors.text)")
        let messages = try broker.streamed()
        #expect(messages.count == 2000 && Set(messages.map { $0.headers["ce-id"] }).count == 2000)
        #expect(messages.allSatisfy { $0.headers["Nats-Msg-Id"] == $0.headers["ce-id"] })
        for (subject, messages) in Dictionary(grouping: messages, by: \.subject) {
          #expect(subject == "outbox.event.order.\(messages[0].headers["ce-partitionkey"] ?? "")")
          let order = messages.compactMap { $0.headers["ce-sequence"] }
          #expect(order == order.sorted() && order.count > 200)
        }
        let first = try #require(messages.first { $0.data == #"{"n": 1}"# })
        #expect(first.subject == "outbox.event.order.k1" && first.headers["ce-type"] == "Placed")
        #expect(first.headers["ce-datacontenttype"] == "application/json")

        let doctor = try start(database, broker.address, ["--json"], command: "doctor")
        #expect(try doctor.exitCodeAfterAllOutput(within: 60) == 0, "\(doctor.output.text)")
        try broker.jetStream("await js.add_stream(name='m', subjects=['m.*'], storage='memory')")
        let doubtful = try start(database, broker.address, ["--route", "m.{type}", "--json"], command: "doctor")
        _ = try doubtful.exitCodeAfterAllOutput(within: 60)
        #expect(doubtful.output.text.contains("kept in memory"), "\(doubtful.output.text)")
      }
    }

    @Test func `no stream ends a start with 78 until there is one, and a login that is refused ends it with 77`() throws
    {
      try withBroker { database, broker in
        try database.psql("SELECT place(1, 3);")
        let route = ["--route", "shared.{aggregatetype}", "--until", "now"]
        let missing = try start(database, broker.address, route)
        #expect(try missing.exitCode(within: 60) == 78)
        #expect(missing.complaint?.contains("--nats-create-stream") == true, "\(missing.errors.text)")
        let made = try start(
          database, broker.address, route + ["--nats-create-stream", "shared", "--nats-mode", "structured"])
        #expect(try made.exitCode(within: 60) == 0, "\(made.errors.text)")
        let messages = try broker.streamed(in: "shared")
        #expect(messages.map(\.subject) == Array(repeating: "shared.order", count: 3))
        #expect(messages.allSatisfy { $0.headers["Content-Type"] == "application/cloudevents+json" })
        #expect(messages.first?.data.contains(#""specversion":"1.0""#) == true)

        try broker.configure(["authorization { user: relay, password: secret }"])
        let child = try start(database, broker.address)
        #expect(try child.exitCode(within: 60) == 77, "\(child.errors.text)")
        let doctor = try start(database, broker.address, ["--json"], command: "doctor")
        #expect(try doctor.exitCodeAfterAllOutput(within: 60) == 78)
        let password = database.files.file("password")
        try "secret\n".write(toFile: password, atomically: true, encoding: .utf8)
        let sink = broker.address.replacing("nats://", with: "nats://relay@")
        let admitted = try start(database, sink, ["--sink-password-file", password, "--until", "now"])
        #expect(try admitted.exitCode(within: 60) == 0, "\(admitted.errors.text)")
      }
    }

    @Test func `what cannot be a message becomes a letter, also in a subject, and letters are redriven`() throws {
      try withBroker(["--set", "max_payload: 100000"]) { database, broker in
        try database.psql(
          """
          SELECT place(1);
          INSERT INTO outbox (aggregateid, payload) VALUES ('a', jsonb_build_object('t', repeat('x', 200000)));
          SELECT place(2);
          """)
        let stopped = try start(database, broker.address, ["--until", "now"])
        #expect(try stopped.exitCode(within: 60) == 65)
        #expect(stopped.complaint?.contains("max_payload") == true, "\(stopped.errors.text)")
        #expect(try broker.length() == 1)
        let letters = "file:\(database.files.file("letters.ndjson"))"
        let kept = try start(
          database, broker.address, ["--on-poison", "dead-letter", "--dead-letters", letters, "--until", "now"])
        #expect(try kept.exitCode(within: 60) == 0, "\(kept.errors.text)")
        #expect(try broker.length() == 2)

        try broker.configure(["max_payload: 1MB"])
        let redriven = try database.start(
          Tailrace.path, ["dead-letters", "redrive", "--dead-letters", letters, "--all", "--sink", broker.address])
        #expect(try redriven.exitCode(within: 60) == 0, "\(redriven.errors.text)")
        #expect(try broker.streamed().map(\.data.utf8.count).max() ?? 0 > 200_000)

        try database.psql("INSERT INTO outbox (aggregateid, aggregatetype, payload) VALUES ('b', '', '{}');")
        let subject = try start(
          database, broker.address,
          ["--on-poison", "dead-letter", "--dead-letters", "subject:outbox.event.letters", "--until", "now"])
        #expect(try subject.exitCode(within: 60) == 0, "\(subject.errors.text)")
        let letter = try #require(try broker.streamed().last)
        #expect(letter.subject == "outbox.event.letters" && letter.data.contains("it has no aggregatetype"))
      }
    }

    @Test func `a right that is taken away and a stream that goes are waited for, and nothing is a dead letter`() throws
    {
      try withBroker { database, broker in
        func rights(_ denied: String) -> [String] {
          [
            "authorization { users: [ { user: relay, password: secret, permissions: { publish: { deny: \"\(denied)\" } } }, "
              + "{ user: judge, password: judge } ] }"
          ]
        }
        let judge = "judge:judge@"
        try broker.configure(rights("nowhere"))
        let (password, letters) = (database.files.file("password"), database.files.file("letters.ndjson"))
        try "secret\n".write(toFile: password, atomically: true, encoding: .utf8)
        try database.psql("SELECT place(1, 100);")
        let stream = try start(
          database, broker.address.replacing("nats://", with: "nats://relay@"),
          [
            "--sink-password-file", password, "--on-poison", "dead-letter", "--dead-letters", "file:\(letters)",
            "--max-attempts", "2",
          ])
        try wait(until: "all is stored", within: 60) { try broker.length(login: judge) == 100 }
        try broker.configure(rights("outbox.>"))
        try database.psql("SELECT place(101, 200);")
        try wait(until: "it is told", within: 60) { stream.errors.text.contains("may not publish to outbox.event.*.*") }
        try broker.configure(rights("nowhere"))
        try wait(until: "all is stored", within: 60) { try broker.length(login: judge) == 200 }

        try broker.jetStream("await js.delete_stream('events')", login: judge)
        try database.psql("SELECT place(201, 300);")
        try wait(until: "it is told", within: 60) { stream.errors.text.contains("no stream takes outbox.event.*.*") }
        try broker.jetStream("await js.add_stream(name='events', subjects=['outbox.event.>'])", login: judge)
        try database.waitUntilAllIsConfirmed(within: 60)
        #expect(Set(try broker.streamed(login: judge).map(\.data)).count == 100)
        #expect((try? String(contentsOfFile: letters, encoding: .utf8))?.isEmpty ?? true)
        #expect(!stream.errors.text.contains("secret"))
      }
    }

    @Test(arguments: [
      (["--sink", "nats://h"], 64, "--allow-plain-nats"),
      (["--sink", "tls://h", "--allow-plain-nats"], 64, "--allow-plain-nats"),
      (["--sink", "tls://u:canary@h:99999"], 64, "port"), (["--sink", "tls://u:canary@h/x"], 64, "behind its hosts"),
      (["--sink", "tls://u:canary@h", "--sink-password-file", "/x"], 64, "--sink-password-file"),
      (["--sink", "tls://u:canary@h", "--nats-credentials-file", "/x"], 64, "--nats-credentials-file"),
      (["--sink", "tls://u@h", "--sink-password-file", "/nothing"], 78, "/nothing"),
      (["--sink", "tls://h", "--nats-credentials-file", "/nothing"], 78, "/nothing"),
      (["--sink", "tls://h", "--ca-file", "/nothing"], 78, "/nothing"),
      (["--sink", "nats://localhost", "--envelope", "none"], 64, "--envelope"),
      (["--sink", "nats://localhost", "--route", "a.*"], 64, "--route"),
      (["--sink", "nats://localhost", "--route", "a..{type}"], 64, "--route"),
      (["--sink", "nats://localhost", "--nats-create-stream", "a.b"], 64, "--nats-create-stream"),
      (["--sink", "nats://localhost", "--nats-inbox-prefix", ">"], 64, "--nats-inbox-prefix"),
      (["--sink", "stdout", "--nats-create-stream", "x"], 64, "--nats-create-stream"),
      (["--sink", "stdout", "--on-poison", "dead-letter", "--dead-letters", "subject:x"], 64, "--dead-letters"),
      (
        ["--sink", "nats://localhost", "--on-poison", "dead-letter", "--dead-letters", "subject:a.>"], 64,
        "--dead-letters"
      ),
    ])
    func `what cannot work is refused before anything is opened`(options: [String], code: Int32, word: String) throws {
      let child = try ChildProcess(
        Tailrace.path,
        ["stream", "--database", "host=127.0.0.1 port=9", "--publication", "p", "--slot", "s"] + options)
      #expect(try child.exitCode() == code, "\(child.errors.text)")
      #expect(child.complaint?.contains(word) == true, "\(child.errors.text)")
      #expect(!child.errors.text.contains("canary"))
    }
  }
}
