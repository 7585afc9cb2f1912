// SPDX-License-Identifier: Apache-2.0

#if Kafka
  import Foundation
  import Testing

  extension Integration {
    /// Kafka behind the whole program.
    @Suite(.timeLimit(.minutes(5))) struct Kafka {
      private func withBroker(
        _ topics: [String] = ["outbox.event.order", "dead"], _ body: (OutboxDatabase, Broker) throws -> Void
      ) throws {
        let broker = try Broker("kafka", topics.flatMap { ["--topic", $0] })
        defer { broker.remove() }
        try withDatabase { database in try body(database, broker) }
      }

      private func start(
        _ database: OutboxDatabase, _ broker: Broker, _ options: [String], command: String = "stream"
      ) throws -> ChildProcess {
        try database.start(
          Tailrace.built, [command] + database.names + ["--sink", broker.address] + options,
          environment: ["LD_LIBRARY_PATH": Broker.library])
      }

      @Test func `events are records in the topic of their aggregate type, under their key, in order`() throws {
        try withBroker { database, broker in
          try database.psql("SELECT place(1, 200);")
          let child = try start(database, broker, ["--until", "now"])
          #expect(try child.exitCode(within: 60) == 0, "\(child.errors.text)")
          let records = try broker.records(in: "outbox.event.order")
          #expect(records.count == 200)
          let first = try #require(records.first { $0["ce_sequence"]?.hasSuffix("-0000000001") == true })
          #expect(first.key == "k1" && first.payload == #"{"n": 1}"# && first["ce_specversion"] == "1.0")
          #expect(first["ce_type"] == "Placed" && first["content-type"] == "application/json")
          for (key, records) in Dictionary(grouping: records, by: \.key) {
            let order = records.compactMap { $0["ce_sequence"] }
            #expect(order == order.sorted() && Set(records.map(\.partition)).count == 1, "\(key ?? "")")
          }
        }
      }

      @Test func `a topic that is not there ends a stream at its start, and is made as it is said`() throws {
        try withBroker { database, broker in
          try database.psql("SELECT place(1);")
          let options = ["--route", "orders", "--until", "now"]
          let child = try start(database, broker, options)
          #expect(try child.exitCode(within: 60) == 78)
          #expect(child.complaint?.contains("topic orders: UNKNOWN_TOPIC_OR_PART; make the topic") == true)
          let doctor = try start(database, broker, ["--route", "orders", "--json"], command: "doctor")
          #expect(try doctor.exitCodeAfterAllOutput(within: 60) == 78)
          #expect(doctor.output.text.contains("sink-destination"))
          try broker.control(["topic", "create", "orders"])
          let again = try start(database, broker, options)
          #expect(try again.exitCode(within: 60) == 0, "\(again.errors.text)")
          #expect(try broker.records(in: "orders").map(\.payload) == [#"{"n": 1}"#])
        }
      }

      @Test func `a topic that goes for a while moves nothing to the dead letters`() throws {
        try withBroker { database, broker in
          let letters = database.files.file("letters.ndjson")
          let child = try start(
            database, broker,
            [
              "--on-poison", "dead-letter", "--dead-letters", "file:\(letters)", "--max-attempts", "2",
              "--kafka-property", "topic.metadata.refresh.interval.ms=500",
              "--kafka-property", "topic.metadata.propagation.max.ms=500",
            ])
          try database.psql("SELECT place(1, 20);")
          try wait(until: "they are stored", within: 60) { try broker.records(in: "outbox.event.order").count == 20 }
          try broker.control(["topic", "delete", "outbox.event.order"])
          Thread.sleep(forTimeInterval: 2)
          try database.psql("SELECT place(21, 40);")
          try wait(until: "it is told", within: 60) { child.errors.text.contains("UNKNOWN_TOPIC") }
          try broker.control(["topic", "create", "outbox.event.order"])
          try database.waitUntilAllIsConfirmed(within: 90)
          let found = Set(try broker.records(in: "outbox.event.order").compactMap(\.payload))
          #expect(Set((21...40).map { #"{"n": \#($0)}"# }).isSubset(of: found))
          #expect((try? String(contentsOfFile: letters, encoding: .utf8))?.isEmpty ?? true)
          child.signal(SIGTERM)
          #expect(try child.exitCode(within: 60) == 0, "\(child.errors.text)")
        }
      }

      @Test func `what is too large ends the relay, or is a letter in a file or a topic, and goes when it may`() throws
      {
        try withBroker { database, broker in
          let small = ["--kafka-property", "message.max.bytes=2000", "--until", "now"]
          try database.psql(
            """
            SELECT place(1); SELECT place(3, 'b');
            INSERT INTO outbox (aggregateid, payload) VALUES ('a', jsonb_build_object('x', repeat('y', 5000)));
            SELECT place(2);
            """)
          let stopped = try start(database, broker, small)
          #expect(try stopped.exitCode(within: 60) == 65)
          #expect(stopped.complaint?.contains("MSG_SIZE_TOO_LARGE") == true, "\(stopped.errors.text)")
          let topic = try start(
            database, broker, small + ["--on-poison", "dead-letter", "--dead-letters", "topic:dead"])
          #expect(try topic.exitCode(within: 60) == 74, "a letter is larger than its event: \(topic.errors.text)")
          let letters = "file:\(database.files.file("letters.ndjson"))"
          let file = try start(database, broker, small + ["--on-poison", "dead-letter", "--dead-letters", letters])
          #expect(try file.exitCode(within: 60) == 0, "\(file.errors.text)")
          let redrive = try database.start(
            Tailrace.built, ["dead-letters", "redrive", "--dead-letters", letters, "--all", "--sink", broker.address],
            environment: ["LD_LIBRARY_PATH": Broker.library])
          #expect(try redrive.exitCode(within: 60) == 0, "\(redrive.errors.text)")
          #expect(Set(try broker.records(in: "outbox.event.order").compactMap(\.key)) == ["a", "b"])
          #expect(try broker.records(in: "outbox.event.order").contains { ($0.payload?.utf8.count ?? 0) > 5000 })
        }
      }

      @Test func `a route that no topic can be called by makes a letter in a topic, which is only written`() throws {
        try withBroker { database, broker in
          try database.psql("INSERT INTO outbox (aggregateid, aggregatetype, payload) VALUES ('a', 'größe', '{}');")
          let child = try start(
            database, broker, ["--on-poison", "dead-letter", "--dead-letters", "topic:dead", "--until", "now"])
          #expect(try child.exitCode(within: 60) == 0, "\(child.errors.text)")
          let letter = try #require(try broker.records(in: "dead").first)
          #expect(letter.key == "a" && letter.payload?.contains("no topic can have the name") == true)
          let list = try database.tailrace(["dead-letters", "list", "--dead-letters", "topic:dead"])
          #expect(try list.exitCode() == 64 && list.complaint?.contains("kcat") == true)
        }
      }

      @Test(arguments: [
        (["--sink", "kafka://u:canary@h:9092"], 64, "sink-password-file"),
        (["--sink", "kafka:h:99999"], 64, "--sink"), (["--sink", "kafka:"], 64, "--sink"),
        (["--sink", "kafka:h:1,,h:2"], 64, "--sink"),
        (["--sink", "kafka:h", "--kafka-property", "sasl.password=canary"], 64, "kafka-properties-file"),
        (["--sink", "kafka:h", "--kafka-property", "acks=1"], 64, "--kafka-property"),
        (["--sink", "kafka:h", "--kafka-property", "nonsense=canary"], 64, "no such property"),
        (["--sink", "kafka:h", "--kafka-property", "debug="], 64, "debug: librdkafka does not take"),
        (["--sink", "kafka:h", "--kafka-property", "a.b.passphrase=canary"], 64, "kafka-properties-file"),
        (["--sink", "kafka:h", "--route", "shop/{type}"], 64, "--route: no topic"),
        (["--sink", "kafka:h", "--kafka-property", "linger.ms=canary"], 64, "linger.ms"),
        (["--sink", "kafka://u@h"], 64, "sasl.mechanisms"),
        (["--sink", "kafka:h", "--sink-password-file", "/nothing"], 64, "--sink-password-file"),
        (["--sink", "kafka:h", "--kafka-properties-file", "/nothing"], 78, "/nothing"),
        (["--sink", "kafka:h", "--envelope", "none"], 64, "--envelope"),
        (["--sink", "stdout", "--route", "x"], 64, "--route"),
        (["--sink", "stdout", "--kafka-mode", "binary"], 64, "kafka"),
        (["--sink", "kafka:h", "--route", "{nothing"], 64, "--route"),
        (
          ["--sink", "kafka:h", "--on-poison", "dead-letter", "--dead-letters", "topic:x", "--park-key"], 64,
          "--park-key"
        ),
        (["--sink", "stdout", "--on-poison", "dead-letter", "--dead-letters", "topic:x"], 64, "--dead-letters"),
      ])
      func `what cannot work is refused before anything is opened`(options: [String], code: Int32, word: String) throws
      {
        let child = try ChildProcess(
          Tailrace.built,
          ["stream", "--database", "host=127.0.0.1 port=9", "--publication", "p", "--slot", "s"] + options)
        #expect(try child.exitCode() == code)
        #expect(child.complaint?.contains(word) == true, "\(child.errors.text)")
        #expect(!child.errors.text.contains("canary"))
      }
    }
  }
#endif
