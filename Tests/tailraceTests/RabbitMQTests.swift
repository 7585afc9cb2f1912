// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// RabbitMQ behind the whole program, read by pika.
  @Suite(
    .timeLimit(.minutes(5)),
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: "/usr/lib/rabbitmq/bin/rabbitmq-server"), "there is no RabbitMQ")
  )
  struct RabbitMQ {
    private func withBroker(_ body: (OutboxDatabase, Broker) throws -> Void) throws {
      let broker = try Broker("rabbitmq")
      defer { broker.remove() }
      try withDatabase { database in try body(database, broker) }
    }

    private func start(
      _ database: OutboxDatabase, _ broker: Broker, _ options: [String], command: String = "stream"
    ) throws -> ChildProcess {
      try database.start(Tailrace.path, [command] + database.names + ["--sink", broker.address] + options)
    }

    private let events = ["--amqp-exchange", "events"]

    @Test func `events are messages under their routing key, in the order of their keys`() throws {
      try withBroker { database, broker in
        try database.psql("SELECT place(1, 200);")
        let child = try start(database, broker, events + ["--until", "now"])
        #expect(try child.exitCode(within: 60) == 0, "\(child.errors.text)")
        let messages = try broker.messages(in: "events")
        #expect(messages.count == 200 && messages.allSatisfy { $0.deliveryMode == 2 && $0.id == $0.headers["ce-id"] })
        let first = try #require(messages.first { $0.headers["ce-sequence"]?.hasSuffix("-0000000001") == true })
        #expect(first.key == "order.Placed" && first.body == #"{"n": 1}"# && first.contentType == "application/json")
        for (key, messages) in Dictionary(grouping: messages, by: { $0.headers["ce-partitionkey"] }) {
          let order = messages.compactMap { $0.headers["ce-sequence"] }
          #expect(order == order.sorted(), "\(key ?? "")")
        }

        try database.psql("SELECT place(201);")
        let password = database.files.file("password")
        try "guest\n".write(toFile: password, atomically: true, encoding: .utf8)
        let other = try start(
          database, broker,
          [
            "--amqp-exchange", "", "--route", "events", "--amqp-mode", "structured", "--sink-password-file",
            password, "--until", "now",
          ])
        #expect(try other.exitCode(within: 60) == 0, "\(other.errors.text)")
        let message = try #require(try broker.messages(in: "events").first)
        #expect(message.key == "events" && message.body.contains(#""specversion":"1.0""#))
      }
    }

    @Test func `an exchange that is not there ends a stream at its start, and one that goes is waited for`() throws {
      try withBroker { database, broker in
        try database.psql("SELECT place(1);")
        let options = ["--amqp-exchange", "later"]
        let child = try start(database, broker, options)
        #expect(try child.exitCode(within: 60) == 78)
        #expect(child.complaint?.contains("there is no exchange later; make the exchange later") == true)
        let doctor = try start(database, broker, options + ["--json"], command: "doctor")
        #expect(try doctor.exitCodeAfterAllOutput(within: 60) == 78)
        #expect(doctor.output.text.contains("sink-destination"))

        let letters = database.files.file("letters.ndjson")
        let stream = try start(
          database, broker,
          events + ["--on-poison", "dead-letter", "--dead-letters", "file:\(letters)", "--max-attempts", "2"])
        try wait(until: "it is stored", within: 60) { try broker.messages(in: "events").count == 1 }
        try broker.pika("c.exchange_delete('events')")
        try database.psql("SELECT place(2, 20);")
        try wait(until: "it is told", within: 60) { stream.errors.text.contains("there is no exchange events") }
        try broker.pika("c.exchange_declare('events', 'topic', durable=True); c.queue_bind('events', 'events', '#')")
        try database.waitUntilAllIsConfirmed(within: 90)
        #expect(Set(try broker.messages(in: "events").map(\.body)).count == 19)
        #expect((try? String(contentsOfFile: letters, encoding: .utf8))?.isEmpty ?? true)
        stream.signal(SIGTERM)
        #expect(try stream.exitCode(within: 60) == 0, "\(stream.errors.text)")
      }
    }

    @Test
    func
      `a routing key that nobody takes ends the relay, or makes a letter in a queue or a file, and goes when it may`()
      throws
    {
      try withBroker { database, broker in
        try broker.pika(
          """
          c.exchange_declare('some', 'topic', durable=True)
          c.queue_bind('events', 'some', 'order.*')
          c.queue_declare('dead', durable=True)
          """)
        try database.psql(
          "SELECT place(1); INSERT INTO outbox (aggregateid, aggregatetype, payload) VALUES ('a', 'cart', '{}'); SELECT place(2);"
        )
        let some = ["--amqp-exchange", "some", "--until", "now"]
        let stopped = try start(database, broker, some)
        #expect(try stopped.exitCode(within: 60) == 65)
        #expect(stopped.complaint?.contains("312 NO_ROUTE") == true, "\(stopped.errors.text)")
        let letters = "file:\(database.files.file("letters.ndjson"))"
        let queue = try start(database, broker, some + ["--on-poison", "dead-letter", "--dead-letters", "queue:dead"])
        #expect(try queue.exitCode(within: 60) == 0, "\(queue.errors.text)")
        let letter = try #require(try broker.messages(in: "dead").first)
        #expect(letter.body.contains("312 NO_ROUTE") && letter.deliveryMode == 2)
        let list = try database.tailrace(["dead-letters", "list", "--dead-letters", "queue:dead"])
        #expect(try list.exitCode() == 64 && list.complaint?.contains("only written") == true)

        try database.psql("INSERT INTO outbox (aggregateid, aggregatetype, payload) VALUES ('b', 'cart', '{}');")
        let file = try start(database, broker, some + ["--on-poison", "dead-letter", "--dead-letters", letters])
        #expect(try file.exitCode(within: 60) == 0, "\(file.errors.text)")
        _ = try broker.messages(in: "events")
        let redrive = try database.start(
          Tailrace.path,
          ["dead-letters", "redrive", "--dead-letters", letters, "--all", "--sink", broker.address] + events)
        #expect(try redrive.exitCode(within: 60) == 0, "\(redrive.errors.text)")
        #expect(try broker.messages(in: "events").map { $0.headers["ce-partitionkey"] } == ["b"])
      }
    }

    @Test(arguments: [
      (["--sink", "amqp://h"], 64, "--amqp-exchange"),
      (["--sink", "amqp://h", "--amqp-exchange", "e"], 64, "--allow-plain-amqp"),
      (["--sink", "amqps://h", "--amqp-exchange", "e", "--allow-plain-amqp"], 64, "--allow-plain-amqp"),
      (["--sink", "amqp://u@localhost", "--amqp-exchange", "e"], 64, "--sink-password-file"),
      (["--sink", "amqps://u:canary@h:99999", "--amqp-exchange", "e"], 64, "port"),
      (["--sink", "amqps://u:canary@h?verify=verify_none", "--amqp-exchange", "e"], 64, "verif"),
      (
        ["--sink", "amqps://u:canary@h", "--amqp-exchange", "e", "--sink-password-file", "/x"], 64,
        "--sink-password-file"
      ),
      (["--sink", "amqps://u@h", "--amqp-exchange", "e", "--sink-password-file", "/nothing"], 78, "/nothing"),
      (["--sink", "amqps://u:canary@h", "--amqp-exchange", "e", "--ca-file", "/nothing"], 78, "/nothing"),
      (["--sink", "amqp://localhost", "--amqp-exchange", "e", "--ca-file", "/nothing"], 64, "--ca-file"),
      (["--sink", "amqp://localhost", "--amqp-exchange", "e", "--envelope", "none"], 64, "--envelope"),
      (["--sink", "amqp://localhost", "--amqp-exchange", "e", "--amqp-header-prefix", ""], 64, "--amqp-header-prefix"),
      (["--sink", "stdout", "--amqp-exchange", "e"], 64, "amqp"),
      (["--sink", "stdout", "--on-poison", "dead-letter", "--dead-letters", "queue:x"], 64, "--dead-letters"),
      (
        [
          "--sink", "amqp://localhost", "--amqp-exchange", "e", "--on-poison", "dead-letter", "--dead-letters",
          "queue:x",
          "--park-key",
        ], 64, "--park-key"
      ),
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
