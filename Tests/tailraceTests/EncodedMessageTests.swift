// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What brokers hold when data is encoded, read by clients that are not ours.
  @Suite(.timeLimit(.minutes(5))) struct EncodedMessages {
    /// `{"n": 1}` in Avro's single-object encoding; the schema's fingerprint as fastavro has it.
    private static let octets = "c301\(fingerprint)02"
    private static let fingerprint = "5dbcce2eb2510f46"

    private static let hasNATS = (try? ChildProcess.run("/usr/bin/env", ["nats-server", "--version"])) != nil

    private func deliver(to broker: Broker, _ options: [String] = []) throws {
      try withDatabase { database in
        let path = try database.files.contracts(["Placed/1.avsc": ContractFiles.avro])
        try database.psql("SELECT place(1);")
        let stream = try database.start(
          Tailrace.path,
          ["stream"] + database.names + ["--until", "now", "--sink", broker.address, "--contracts", path]
            + ["--encode", "avro"] + options)
        #expect(try stream.exitCode(within: 60) == 0, "\(stream.errors.text)")
      }
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/redis-server"), "there is no Redis"))
    func `an entry of Redis has the bytes as its data`() throws {
      let broker = try Broker("redis")
      defer { broker.remove() }
      try deliver(to: broker, ["--route", "orders"])
      let printed = try broker.python(
        """
        import redis
        for _, fields in redis.Redis(port=PORT).xrange('orders'):
            print(fields[b'content-type'].decode(), fields[b'data'].hex())
        """)
      #expect(printed == "application/avro \(Self.octets)\n")
    }

    @Test(
      .enabled(
        if: FileManager.default.isExecutableFile(atPath: "/usr/lib/rabbitmq/bin/rabbitmq-server"),
        "there is no RabbitMQ"))
    func `a message of RabbitMQ has the bytes as its body`() throws {
      let broker = try Broker("rabbitmq")
      defer { broker.remove() }
      try deliver(to: broker, ["--amqp-exchange", "events", "--route", "orders"])
      let printed = try broker.pika(
        "_, p, body = c.basic_get('events', auto_ack=True); print(p.content_type, body.hex())")
      #expect(printed == "application/avro \(Self.octets)\n")
    }

    @Test(.enabled(if: Self.hasNATS, "there is no NATS"))
    func `a message of NATS has the bytes as its payload`() throws {
      let broker = try Broker("nats")
      defer { broker.remove() }
      try deliver(to: broker, ["--route", "outbox.event.orders"])
      let printed = try broker.python(
        """
        import asyncio, nats
        async def main():
            stream = (await nats.connect('nats://127.0.0.1:PORT')).jetstream()
            message = await stream.get_msg('events', seq=1)
            print(message.headers['ce-datacontenttype'], message.data.hex())
        asyncio.run(main())
        """)
      #expect(printed == "application/avro \(Self.octets)\n")
    }
  }
}
