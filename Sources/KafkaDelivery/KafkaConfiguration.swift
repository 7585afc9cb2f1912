// SPDX-License-Identifier: Apache-2.0

#if Kafka
  public import Delivery

  /// How to produce to Kafka.
  public struct KafkaConfiguration: Sendable {
    /// How an event is put into a record. Source: CloudEvents Kafka Protocol Binding.
    public enum Mode: String, CaseIterable, Hashable, Sendable {
      /// Attributes as headers `ce_…`, the data as the value.
      case binary
      /// The whole event as the value, in JSON.
      case structured
    }

    /// Where brokers are, as `host:port`; each tells of all others.
    public var servers: [String]
    /// The topic. Default: `outbox.event.{aggregatetype}`, as Debezium's outbox router has it.
    public var route = KafkaConfiguration.defaultRoute
    /// How events are written. Default: binary.
    public var mode = Mode.binary
    /// Whether an event without data becomes a record without a value, which deletes its key in a compacted topic. Default: no.
    public var writesTombstones = false
    /// Whether the events of a key that come behind a refused one must not be stored: where that ends the relay, or parks its key.
    public var stopsAtRefusal = true
    /// Properties of librdkafka, which come before what is chosen here.
    public var properties: [(name: String, value: String)] = []

    /// As Debezium's outbox router names topics.
    public static let defaultRoute = Route("outbox.event.", then: "aggregatetype")

    /// Makes a configuration for brokers.
    public init(servers: [String]) {
      self.servers = servers
    }

    /// What is set, later values before earlier ones.
    func settled() -> [(name: String, value: String)] {
      [
        ("bootstrap.servers", servers.joined(separator: ",")), ("client.id", "tailrace"),
        // Stored means stored by all replicas in step, once, in order, and no record is given up here.
        ("acks", "all"), ("enable.idempotence", "true"), ("message.timeout.ms", "0"),
        ("enable.gapless.guarantee", stopsAtRefusal ? "true" : "false"),
        // Where Java's producers put a key.
        ("partitioner", "murmur2_random"), ("allow.auto.create.topics", "false"),
        // What is under way is bounded before it comes here.
        ("queue.buffering.max.messages", "10000000"), ("queue.buffering.max.kbytes", "2097151"),
        ("linger.ms", "2"), ("log.queue", "true"),
      ] + properties
    }
  }
#endif
