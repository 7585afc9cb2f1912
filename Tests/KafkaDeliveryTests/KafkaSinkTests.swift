// SPDX-License-Identifier: Apache-2.0

#if Kafka
  import CRdkafka
  import Delivery
  import Dispatch
  import Foundation
  import IntegrationEvents
  import PostgresWire
  import Synchronization
  import TestDelivery
  import Testing

  @testable import KafkaDelivery

  @Suite(.serialized, .timeLimit(.minutes(5))) struct KafkaSinkTests {
    private func sink(
      _ cluster: MockCluster, letters: MemoryLetters? = nil, _ change: (inout KafkaConfiguration) -> Void = { _ in }
    ) throws -> KafkaSink {
      var configuration = KafkaConfiguration(servers: cluster.servers)
      configuration.stopsAtRefusal = letters == nil
      configuration.properties = [("reconnect.backoff.max.ms", "200"), ("retry.backoff.ms", "20")]
      change(&configuration)
      return KafkaSink(try KafkaPublisher(configuration), .impatient, deadLetters: .keeping(letters))
    }

    /// It waits for librdkafka, and is not to hold up other tests.
    private func close(_ sink: KafkaSink) async {
      await withCheckedContinuation { continuation in
        DispatchQueue.global().async {
          sink.close()
          continuation.resume()
        }
      }
    }

    /// Each key's ids in the order in which they are stored.
    private func orders(_ records: [MockCluster.Record]) -> [String: [Int]] {
      records.reduce(into: [:]) { orders, record in
        orders[record.key ?? "", default: []].append(record["ce_id"].flatMap { Int($0) } ?? -1)
      }
    }

    @Test func `an event is a record of the binary mode in the topic of its aggregate type`() async throws {
      let cluster = try MockCluster(topics: ["outbox.event.order"])
      let sink = try sink(cluster)
      let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      try await sink.deliver(
        try Events.batch([.init(id: "1", key: "größe", data: #"{ "n" : 1.0 }"#, traceParent: trace)]))
      let record = try #require(try await cluster.records(in: "outbox.event.order").first)
      #expect(record.key == "größe" && record.payload == #"{ "n" : 1.0 }"#)
      #expect(record["ce_id"] == "1" && record["ce_type"] == "OrderPlaced" && record["ce_specversion"] == "1.0")
      #expect(record["ce_partitionkey"] == "größe" && record["ce_aggregatetype"] == "order")
      #expect(record["content-type"] == "application/json" && record["traceparent"] == trace)
      await close(sink)
    }

    @Test func `an event is the whole value in the structured mode`() async throws {
      let cluster = try MockCluster(topics: ["all"])
      let sink = try sink(cluster) {
        $0.mode = .structured
        $0.route = Route("all") ?? KafkaConfiguration.defaultRoute
      }
      let batch = try Events.batch([.init(id: "1", key: "a")])
      try await sink.deliver(batch)
      let record = try #require(try await cluster.records(in: "all").first)
      #expect(record.payload.map { Array($0.utf8) } == Array(batch.line(of: batch.events[0])))
      #expect(record["content-type"] == "application/cloudevents+json; charset=UTF-8" && record["ce_id"] == nil)
      await close(sink)
    }

    @Test func `through injected faults no event is lost or double, and the order of each key holds`() async throws {
      let cluster = try MockCluster(topics: ["outbox.event.order"], partitions: 3)
      // A broker stores nothing behind a batch that is missing, and librdkafka relies on it: where a later one is stored, an earlier
      // one whose answer was lost must have been. This cluster does not look.
      let sink = try sink(cluster) { $0.properties += [("max.in.flight", "1")] }
      let faults: [rd_kafka_resp_err_t] = [
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
      ]
      for round in 0..<20 {
        cluster.answer([
          faults[round % faults.count], RD_KAFKA_RESP_ERR_NO_ERROR, faults[(round * 3 + 1) % faults.count],
        ])
        cluster.moveLeader(of: "outbox.event.order", partition: Int32(round % 3), to: Int32(round % 3 + 1))
        let all = samples(0..<20_000, keys: 17)
        try await sink.deliver(
          try Events.batch(Array(all[(round * 1000)..<(round * 1000 + 1000)]), from: UInt64(round * 1000 + 1)))
      }
      await close(sink)
      let orders = orders(try await cluster.records(in: "outbox.event.order"))
      #expect(orders.values.map(\.count).reduce(0, +) == 20_000)
      for (key, order) in orders { #expect(order == order.sorted() && Set(order).count == order.count, "\(key)") }
    }

    @Test func `a topic that is not there is waited for, and makes no dead letter`() async throws {
      let cluster = try MockCluster(topics: [])
      let letters = MemoryLetters()
      let sink = try sink(cluster, letters: letters) {
        $0.properties += [("topic.metadata.refresh.interval.ms", "500"), ("topic.metadata.propagation.max.ms", "500")]
      }
      cluster.setError(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, of: "outbox.event.order")
      async let delivered: Void = sink.deliver(try Events.batch(samples(0..<10, keys: 2)))
      let deadline = ContinuousClock.now + .seconds(30)
      while sink.health.failures == 0, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
      #expect(sink.health.lastReason.contains("UNKNOWN_TOPIC"), "\(sink.health.lastReason)")
      #expect(sink.health.trouble?.hint?.contains("make the topic") == true)
      cluster.setError(RD_KAFKA_RESP_ERR_NO_ERROR, of: "outbox.event.order")
      try await delivered
      await close(sink)
      #expect(letters.all.isEmpty)
      let orders = orders(try await cluster.records(in: "outbox.event.order"))
      #expect(orders == ["k0": [0, 2, 4, 6, 8], "k1": [1, 3, 5, 7, 9]])
    }

    @Test func `what is too large is refused, and nothing overtakes it where that ends the relay`() async throws {
      let cluster = try MockCluster(topics: ["outbox.event.order"])
      let sink = try sink(cluster) { $0.properties += [("message.max.bytes", "1000000")] }
      let large = Events.Sample(id: "1", key: "a", data: "\"\(String(repeating: "x", count: 2_000_000))\"")
      let failure = await #expect(throws: Failure.self) {
        try await sink.deliver(try Events.batch([.init(id: "0", key: "a"), large, .init(id: "2", key: "a")]))
      }
      #expect(
        failure?.kind == .refused && failure?.description.contains("MSG_SIZE_TOO_LARGE") == true,
        "\(String(describing: failure))")
      await close(sink)
      #expect(orders(try await cluster.records(in: "outbox.event.order")) == ["a": [0]])
    }

    @Test func `a fatal error is survived by a new producer, in order and without a loss`() async throws {
      let cluster = try MockCluster(topics: ["outbox.event.order"], partitions: 1)
      let letters = MemoryLetters()
      let sink = try sink(cluster, letters: letters) { $0.stopsAtRefusal = true }
      // With a guarantee of no gaps, what is refused for good is fatal to the producer. Refused in its batch, and alone.
      cluster.answer([RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE])
      try await sink.deliver(try Events.batch(samples(0..<1, keys: 1)))
      try await sink.deliver(try Events.batch(samples(0..<20, keys: 3), from: 2))
      await close(sink)
      #expect(letters.all.count == 1)
      let orders = orders(try await cluster.records(in: "outbox.event.order"))
      for (key, order) in orders { #expect(order == order.sorted(), "\(key)") }
      #expect(orders.values.map(\.count).reduce(0, +) == 20)
    }

    @Test(arguments: [
      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_RECORD,
    ])
    func `a batch that is refused as a whole makes no letters of events that are not to blame`(
      code: rd_kafka_resp_err_t
    ) async throws {
      let cluster = try MockCluster(topics: ["outbox.event.order"], partitions: 1)
      let letters = MemoryLetters()
      let sink = try sink(cluster, letters: letters) { $0.stopsAtRefusal = false }
      cluster.answer([code])
      try await sink.deliver(try Events.batch(samples(0..<50, keys: 5)))
      #expect(sink.health.remark?.contains("batch.size") == true)
      await close(sink)
      #expect(letters.all.isEmpty)
      let orders = orders(try await cluster.records(in: "outbox.event.order"))
      for (key, order) in orders { #expect(order == order.sorted() && order.count == 10, "\(key)") }
      #expect(orders.count == 5)
    }

    @Test func `what is on the wire when its producer is replaced is not sent again`() async throws {
      let cluster = try MockCluster(topics: ["outbox.event.order"], partitions: 6)
      cluster.setRoundTrip(milliseconds: 300)
      // One batch a partition: this cluster would store a second one behind the one that it refuses, which no broker does.
      let sink = try sink(cluster) { $0.properties += [("linger.ms", "500")] }
      try await sink.deliver(try Events.batch(samples(0..<1, keys: 1)))
      cluster.answer([RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE])
      try await sink.deliver(try Events.batch((1..<600).map { .init(id: "\($0)", key: "k\($0 % 60)") }, from: 2))
      cluster.setRoundTrip(milliseconds: 0)
      await close(sink)
      let orders = orders(try await cluster.records(in: "outbox.event.order"))
      #expect(orders.values.map(\.count).reduce(0, +) == 600)
      for (key, order) in orders { #expect(order == order.sorted(), "\(key)") }
    }

    /// Source: the values that Java's client is tested with, and `(hash & 0x7fffffff) % partitions`.
    @Test func `keys lie in the partitions where Java's producers put them`() async throws {
      let hashes: [String: Int32] = [
        "21": -973_932_308, "foobar": -790_332_482, "a-little-bit-long-string": -985_981_536,
        "a-little-bit-longer-string": -1_486_304_829,
        "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58_897_971, "abc": 479_470_107,
      ]
      let cluster = try MockCluster(topics: ["outbox.event.order"], partitions: 7)
      let sink = try sink(cluster)
      try await sink.deliver(try Events.batch(hashes.keys.map { .init(id: $0, key: $0) }))
      await close(sink)
      let records = try await cluster.records(in: "outbox.event.order")
      #expect(records.count == hashes.count)
      for record in records {
        let hash = try #require(record.key.flatMap { hashes[$0] })
        #expect(record.partition == Int(hash & 0x7FFF_FFFF) % 7, "\(record.key ?? "")")
      }
    }

    @Test func `properties are read again from their file, and what is under way goes on`() async throws {
      let cluster = try MockCluster(topics: ["outbox.event.order"])
      let file = FileManager.default.temporaryDirectory.appending(path: "properties-\(UUID())").path
      defer { try? FileManager.default.removeItem(atPath: file) }
      try Data("# ours\n\nlinger.ms = 200\n".utf8).write(to: URL(filePath: file))
      let sink = try sink(cluster) { $0.propertiesFile = file }
      async let first: Void = sink.deliver(try Events.batch(samples(0..<100, keys: 10)))
      try Data("linger.ms=1\r\nsasl.password=canary\r\n".utf8).write(to: URL(filePath: file))
      sink.reopen()
      async let second: Void = sink.deliver(try Events.batch(samples(0..<100, keys: 10), from: 101))
      try await first
      try await second
      #expect(sink.health.complaints.isEmpty)
      // What makes no sense does not take the place of what does.
      try Data("linger.ms=canary\n".utf8).write(to: URL(filePath: file))
      sink.reopen()
      #expect(sink.health.complaints["Kafka's properties"]?.contains("linger.ms") == true, "\(sink.health.complaints)")
      #expect(sink.health.complaints["Kafka's properties"]?.contains("canary") == false)
      try await sink.deliver(try Events.batch(samples(0..<10, keys: 10), from: 201))
      await close(sink)
      let orders = orders(try await cluster.records(in: "outbox.event.order"))
      #expect(orders.values.map(\.count).reduce(0, +) == 210)
    }

    @Test func `a key without a value deletes it, where that is wanted`() async throws {
      let cluster = try MockCluster(topics: ["outbox.event.order"])
      let sink = try sink(cluster) { $0.writesTombstones = true }
      var sample = Events.Sample(id: "1", key: "a")
      sample.data = ""
      try await sink.deliver(try Events.batch([sample, .init(id: "2", key: "b")]))
      await close(sink)
      let records = try await cluster.records(in: "outbox.event.order")
      #expect(records.first { $0.key == "a" }?.payload == nil && records.first { $0.key == "b" }?.payload != nil)
    }

    @Test func `dead letters are kept in a topic, and not looked for there`() async throws {
      let cluster = try MockCluster(topics: ["dead"])
      let letters = KafkaLetters(KafkaConfiguration(servers: cluster.servers), topic: "dead")
      try letters.check()
      let position = EventPosition(commitLSN: 0x1000, ordinal: 1)
      let letter = DeadLetter(
        event: #"{"id":"1"}"#, id: "1", key: "a", position: position, reason: "no", status: nil, attempts: 3,
        firstAttempt: 1, lastAttempt: 2, sink: "kafka:here")
      try letters.append([letter, letter])
      let found = try await cluster.records(in: "dead")
      #expect(found.map(\.payload) == [letter.json, letter.json] && found.first?.key == "a")
      #expect(throws: Failure.self) { _ = try letters.removeAll(matching: LetterQuery()) }
      cluster.answer([RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED])
      let failure = #expect(throws: Failure.self) { try letters.append([letter]) }
      #expect(failure?.isRetryable == true && failure?.advice != nil)
    }

    @Test(arguments: [
      ("acks", "1"), ("enable.idempotence", "false"), ("message.timeout.ms", "5000"), ("partitioner", "random"),
      ("retries", "3"), ("transactional.id", "x"), ("bootstrap.servers", "elsewhere:9092"),
      ("delivery.report.only.error", "true"), ("enable.gapless.guarantee", "false"),
      ("test.mock.num.brokers", "1"), ("linger.ms", "900000"), ("plugin.library.paths", "/nothing.so"),
    ])
    func `a property that would break a promise is refused`(name: String, value: String) throws {
      var configuration = KafkaConfiguration(servers: ["127.0.0.1:9"])
      configuration.properties = [(name, value)]
      let failure = #expect(throws: Failure.self) { _ = try KafkaPublisher(configuration) }
      #expect(failure?.kind == .settings && failure?.description.contains(name) == true)
    }

    @Test func `brokers that are down are told of, and checked for`() async throws {
      let cluster = try MockCluster(topics: ["outbox.event.order"])
      let sink = try sink(cluster)
      try await sink.check()
      cluster.setDown(true)
      let open = Mutex(false)
      sink.submit(try Events.batch(samples(0..<3, keys: 3))) { failure in open.withLock { $0 = failure == nil } }
      let deadline = ContinuousClock.now + .seconds(30)
      while sink.health.obstacle == nil, ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(20))
      }
      #expect(sink.health.obstacle?.contains("start the brokers") == true)
      cluster.setDown(false)
      while !open.withLock({ $0 }), ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
      #expect(open.withLock { $0 } && sink.health.obstacle == nil)
      await close(sink)
    }

    @Test func `what hinders is told as long as it lasts, and no longer`() async throws {
      let cluster = try MockCluster(topics: ["outbox.event.order"])
      var configuration = KafkaConfiguration(servers: cluster.servers)
      configuration.properties = [("reconnect.backoff.max.ms", "200")]
      let publisher = try KafkaPublisher(configuration, memory: .seconds(3))
      cluster.setDown(true)
      let start = ContinuousClock.now
      // Longer than it is remembered: librdkafka says it again.
      while publisher.obstacle == nil, ContinuousClock.now - start < .seconds(30) {
        try await Task.sleep(for: .milliseconds(20))
      }
      var told = 0
      for _ in 0..<50 {
        try await Task.sleep(for: .milliseconds(100))
        if publisher.obstacle != nil { told += 1 }
      }
      #expect(told > 40)
      cluster.setDown(false)
      let end = ContinuousClock.now
      while publisher.obstacle != nil, ContinuousClock.now - end < .seconds(30) {
        try await Task.sleep(for: .milliseconds(20))
      }
      #expect(publisher.obstacle == nil)
      publisher.close()
    }

    @Test func `brokers that store nothing for want of replicas are told of`() async throws {
      let cluster = try MockCluster(topics: ["outbox.event.order"])
      let sink = try sink(cluster)
      cluster.setError(RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, of: "outbox.event.order")
      let isDone = Mutex(false)
      sink.submit(try Events.batch(samples(0..<3, keys: 3))) { failure in isDone.withLock { $0 = failure == nil } }
      let deadline = ContinuousClock.now + .seconds(60)
      while sink.health.obstacle == nil, ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(50))
      }
      #expect(sink.health.obstacle?.contains("min.insync.replicas") == true)
      cluster.setError(RD_KAFKA_RESP_ERR_NO_ERROR, of: "outbox.event.order")
      while !isDone.withLock({ $0 }), ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(50)) }
      #expect(isDone.withLock { $0 } && sink.health.obstacle == nil)
      await close(sink)
    }

    @Test(arguments: [".", "..", "a b", String(repeating: "x", count: 250)])
    func `a name that no topic can have is refused before it is asked for`(name: String) throws {
      #expect(throws: Failure.self) { try KafkaConfiguration.check(Route(literal: name)) }
      #expect(throws: UnwritableEvent.self) { try KafkaRecord.check(Array(name.utf8)[...]) }
    }

    @Test(arguments: ["...", "a.b", String(repeating: "x", count: 249)])
    func `a name that a topic can have is taken`(name: String) throws {
      try KafkaConfiguration.check(Route(literal: name))
      // What events bring may make a name of a piece that is none.
      try KafkaConfiguration.check(Route(["aggregatetype", "type"], joinedBy: "."))
    }

    @Test(arguments: [("nonsense", "1"), ("acks", "perhaps"), ("linger.ms", "secret-canary")])
    func `a property that librdkafka does not take is refused, without its value`(name: String, value: String) throws {
      var configuration = KafkaConfiguration(servers: ["127.0.0.1:9"])
      configuration.properties = [(name, value)]
      let failure = #expect(throws: Failure.self) { _ = try KafkaPublisher(configuration) }
      #expect(
        failure?.kind == .settings && failure?.description.contains(name) == true, "\(String(describing: failure))")
      #expect(failure?.description.contains("canary") == false)
    }

    @Test func `it holds to what every sink has to hold to`() async throws {
      let conformance = SinkConformance {
        let cluster = try MockCluster(topics: ["outbox.event.order"], partitions: 1)
        let sink = try self.sink(cluster)
        return SinkConformance.Subject(
          sink, arrived: { try await cluster.records(in: "outbox.event.order").compactMap { $0["ce_id"] } },
          hold: { cluster.setDown($0) })
      }
      #expect(try await conformance.violations() == [])
    }
  }
#endif
