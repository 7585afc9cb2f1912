// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// SQS and SNS behind the whole program, as moto speaks them, read by boto3.
  @Suite(
    .timeLimit(.minutes(8)), .enabled(if: Broker.hasQueues, "there is no moto: see Scripts/prerequisites --brokers-sqs")
  )
  struct SQS {
    private func withBroker(_ options: [String] = [], _ body: (OutboxDatabase, Broker) throws -> Void) throws {
      let broker = try Broker("sqs", options)
      defer { broker.remove() }
      try withDatabase { database in try body(database, broker) }
    }

    private func start(
      _ database: OutboxDatabase, _ broker: Broker, _ options: [String] = [], sink: String? = nil,
      command: String = "stream", environment more: [String: String] = [:]
    ) throws -> ChildProcess {
      try database.start(
        Tailrace.path, [command] + database.names + ["--sink", sink ?? broker.address] + options,
        environment: try broker.keys.merging(["HOME": database.files.path]) { $1 }.merging(more) { $1 })
    }

    @Test func `each event is a message once, in the order of its key, after kills`() throws {
      try withBroker { database, broker in
        try database.place(1...600, keys: 30)
        for round in 1...3 {
          let child = try start(database, broker)
          try wait(until: "some are stored", within: 120) {
            try broker.count(inQueue: "orders.fifo") >= 100 * round
          }
          child.signal(SIGKILL)
          _ = try child.exitCode(within: 60)
        }
        let last = try start(database, broker, ["--until", "now"])
        #expect(try last.exitCode(within: 120) == 0, "\(last.errors.text)")
        let messages = try broker.messages(inQueue: "orders.fifo")
        #expect(messages.count == 600 && Set(messages.compactMap { $0.attribute("id") }).count == 600)
        for (group, ones) in Dictionary(grouping: messages, by: \.group) {
          let order = ones.compactMap { $0.attribute("sequence") }
          #expect(order.count == 20 && order == order.sorted() && ones.first?.attribute("partitionkey") == group)
        }
      }
    }

    @Test func `a topic's queue has each event, and a queue without an order is told of`() throws {
      try withBroker { database, broker in
        try database.psql("SELECT place(1, 25);")
        let topic = try start(
          database, broker, ["--until", "now"], sink: "sns:arn:aws:sns:eu-central-1:123456789012:orders.fifo")
        #expect(try topic.exitCode(within: 60) == 0, "\(topic.errors.text)")
        #expect(!topic.errors.text.contains("no order"), "\(topic.errors.text)")
        #expect(Set(try broker.messages(inQueue: "fan.fifo").compactMap { $0.attribute("id") }).count == 25)
        try database.psql("SELECT place(26);")
        let plain = try start(
          database, broker, ["--until", "now"], sink: broker.address.replacing("orders.fifo", with: "orders"))
        #expect(try plain.exitCode(within: 60) == 0)
        #expect(plain.errors.text.contains("the queue orders keeps no order"), "\(plain.errors.text)")
        #expect(try broker.messages(inQueue: "orders").count == 1)
      }
    }

    @Test func `a missing queue ends a start with 78 and a wrong key with 77; a right that goes is waited for`() throws
    {
      try withBroker(["--set", "rights"]) { database, broker in
        try database.psql("SELECT place(1, 3);")
        let nowhere = try start(
          database, broker, sink: broker.address.replacing("orders.fifo", with: "nowhere.fifo"))
        #expect(try nowhere.exitCode(within: 60) == 78)
        #expect(nowhere.complaint?.contains("there is no such queue") == true, "\(nowhere.errors.text)")
        let wrong = try start(database, broker, environment: ["AWS_SECRET_ACCESS_KEY": "canary"])
        #expect(try wrong.exitCode(within: 60) == 77)
        #expect(wrong.complaint?.contains("SignatureDoesNotMatch") == true, "\(wrong.errors.text)")
        #expect(!wrong.errors.text.contains("canary"))
        let unknown = try start(
          database, broker, ["--json"], command: "doctor", environment: ["AWS_ACCESS_KEY_ID": "AKIDNOBODY"])
        #expect(try unknown.exitCodeAfterAllOutput(within: 60) == 78)
        #expect(unknown.output.text.contains("InvalidClientTokenId"), "\(unknown.output.text)")
        let doctor = try start(database, broker, ["--json"], command: "doctor")
        #expect(try doctor.exitCodeAfterAllOutput(within: 60) == 0, "\(doctor.output.text)")

        let letters = database.files.file("letters.ndjson")
        let child = try start(database, broker, ["--on-poison", "dead-letter", "--dead-letters", "file:\(letters)"])
        try wait(until: "all are stored", within: 60) { try broker.count(inQueue: "orders.fifo") == 3 }
        try broker.allow(["sqs:GetQueueAttributes"])
        try database.psql("SELECT place(4, 6);")
        try wait(until: "it is told", within: 60) { child.errors.text.contains("we may not send there") }
        try broker.allow(["sqs:*"])
        try wait(until: "the others are stored", within: 60) { try broker.count(inQueue: "orders.fifo") == 6 }
        child.signal(SIGTERM)
        #expect(try child.exitCode(within: 60) == 0, "\(child.errors.text)")
        #expect((try? String(contentsOfFile: letters, encoding: .utf8))?.isEmpty ?? true)
      }
    }

    @Test func `what cannot be a message becomes a letter in a queue beside, and others go on`() throws {
      try withBroker { database, broker in
        try broker.control([
          #"sqs.create_queue(QueueName="small.fifo", Attributes={"FifoQueue": "true", "MaximumMessageSize": "2048"})"#
        ])
        let sink = broker.address.replacing("orders.fifo", with: "small.fifo")
        try database.psql(
          """
          SELECT place(1);
          INSERT INTO outbox (aggregateid, aggregatetype, payload)
            VALUES ('large', 'order', jsonb_build_object('t', repeat('x', 3000))),
              ('odd', 'order', jsonb_build_object('t', chr(65534)));
          SELECT place(2);
          """)
        let stopped = try start(database, broker, ["--until", "now"], sink: sink)
        #expect(try stopped.exitCode(within: 60) == 65)
        #expect(stopped.complaint?.contains("the queue small.fifo takes 2048") == true, "\(stopped.errors.text)")
        let poison = ["--until", "now", "--on-poison", "dead-letter", "--dead-letters"]
        let kept = try start(database, broker, poison + ["queue:letters"], sink: sink)
        #expect(try kept.exitCode(within: 60) == 0, "\(kept.errors.text)")
        #expect(try broker.messages(inQueue: "small.fifo").count == 2)
        let letters = try broker.messages(inQueue: "letters")
        #expect(letters.count == 2 && letters.contains { $0.body.contains("U+FFFE") }, "\(letters)")

        try database.psql(
          "INSERT INTO outbox (aggregateid, aggregatetype, payload) VALUES ('b', 'order', jsonb_build_object('t', repeat('x', 3000)));"
        )
        let file = "file:\(database.files.file("letters.ndjson"))"
        #expect(try start(database, broker, poison + [file], sink: sink).exitCode(within: 60) == 0)
        let redrive = ["dead-letters", "redrive", "--dead-letters", file, "--all", "--sink", broker.address]
        let driven = try database.start(
          Tailrace.path, redrive, environment: try broker.keys.merging(["HOME": database.files.path]) { $1 })
        #expect(try driven.exitCode(within: 60) == 0, "\(driven.errors.text)")
        #expect(try broker.messages(inQueue: "orders.fifo").map { $0.attribute("partitionkey") } == ["b"])
      }
    }

    private static let queue = "sqs:https://sqs.eu-central-1.amazonaws.com/1/orders.fifo"
    private static let topic = "sns:arn:aws:sns:eu-central-1:1:orders.fifo"

    @Test(arguments: [
      (["--sink", "sqs:http://sqs.example/1/orders"], 64, "--allow-plain-aws"),
      (["--sink", "sqs:https://u:canary@sqs.example/1/orders"], 64, "user"),
      (["--sink", "sqs:https://sqs.example/1/orders?canary"], 64, "?"), (["--sink", "sqs:orders"], 64, "URL"),
      (["--sink", "sqs:https://sqs.example/1/or%64ers"], 64, "name of a queue"),
      (["--sink", "sns:arn:aws:sqs:eu-central-1:1:orders"], 64, "ARN"),
      (["--sink", "sns:arn:aws:sns:eu-central-1:1:or ders"], 64, "name of a topic"),
      (["--sink", queue, "--route", "x"], 64, "--route"),
      (["--sink", queue, "--sink-password-file", "/x"], 64, "--sink-password-file"),
      (["--sink", queue, "--envelope", "none"], 64, "--envelope"),
      (["--sink", topic, "--on-poison", "dead-letter", "--dead-letters", "queue:letters"], 64, "--dead-letters"),
      (["--sink", queue, "--on-poison", "dead-letter", "--dead-letters", "queue:orders.fifo"], 64, "among the events"),
      (["--sink", queue], 78, "AWS_ACCESS_KEY_ID"),
      (["--sink", "sqs:https://sqs.example/1/orders"], 78, "AWS_REGION"),
      (["--sink", "sns:arn:aws-iso:sns:us-iso-east-1:1:orders"], 78, "AWS_ENDPOINT_URL_SNS"),
    ])
    func `what cannot work is refused before anything is opened`(options: [String], code: Int32, word: String) throws {
      let child = try ChildProcess(
        Tailrace.path,
        ["stream", "--database", "host=127.0.0.1 port=9", "--publication", "p", "--slot", "s"] + options,
        environment: ["AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nowhere"])
      #expect(try child.exitCode() == code)
      #expect(child.complaint?.contains(word) == true, "\(child.errors.text)")
      #expect(!child.errors.text.contains("canary"))
    }
  }
}
