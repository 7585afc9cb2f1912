// SPDX-License-Identifier: Apache-2.0

#if Kafka
  public import Delivery
  package import PostgresWire

  /// How to produce to Kafka.
  public struct KafkaConfiguration: Sendable {
    /// Where brokers are, as `host:port`; each tells of all others.
    public var servers: [String]
    /// The topic. Default: `outbox.event.{aggregatetype}`, as Debezium's outbox router has it.
    public var route = KafkaConfiguration.defaultRoute
    /// How events are written. Default: binary.
    public var mode = BindingMode.binary
    /// Whether an event without data becomes a record without a value, which deletes its key in a compacted topic. Default: no.
    public var writesTombstones = false
    /// Whether the events of a key that come behind a refused one must not be stored: where that ends the relay, or parks its key.
    public var stopsAtRefusal = true
    /// Who we are, by SASL. Default: nobody.
    public var user: String?
    /// The file of the user's password.
    public var passwordFile: String?
    /// A file of certificate authorities to trust instead of the system's.
    public var authorityFile: String?
    /// A client certificate's file, and its key's.
    public var clientCertificate: (certificate: String, key: String)?
    /// Properties of librdkafka, which come before what is chosen here.
    public var properties: [(name: String, value: String)] = []
    /// A file of further ones, a line of `name=value` each.
    public var propertiesFile: String?

    /// As Debezium's outbox router names topics.
    public static let defaultRoute = Route("outbox.event.", then: "aggregatetype")

    /// Makes a configuration for brokers.
    public init(servers: [String]) {
      self.servers = servers
    }

    /// All properties, later ones before earlier ones; reads the files.
    func settled() throws(Failure) -> [(name: String, value: String)] {
      var all = [
        ("bootstrap.servers", servers.joined(separator: ",")), ("client.id", "tailrace"),
        // Stored means stored by all replicas in step, once, in order, and no record is given up here.
        ("acks", "all"), ("enable.idempotence", "true"), ("message.timeout.ms", "0"),
        // Nothing is stored behind what is not.
        ("enable.gapless.guarantee", "true"),
        // Where Java's producers put a key.
        ("partitioner", "murmur2_random"), ("allow.auto.create.topics", "false"),
        // What is under way is bounded before it comes here.
        ("queue.buffering.max.messages", "10000000"), ("queue.buffering.max.kbytes", "2097151"),
        ("linger.ms", "1"), ("log.queue", "true"),
        // How large a record may be, the topic decides.
        ("message.max.bytes", "1000000000"),
      ]
      if let authorityFile { all.append(("ssl.ca.location", authorityFile)) }
      if let clientCertificate {
        all += [
          ("ssl.certificate.location", clientCertificate.certificate), ("ssl.key.location", clientCertificate.key),
        ]
      }
      if let user { all.append(("sasl.username", user)) }
      if let passwordFile { all.append(("sasl.password", try KafkaProperties.password(passwordFile))) }
      let isSecure = authorityFile != nil || clientCertificate != nil || user != nil
      if isSecure { all.append(("security.protocol", user == nil ? "SSL" : "SASL_SSL")) }
      var given = properties
      if let propertiesFile { given = try KafkaProperties.file(propertiesFile) + given }
      if user != nil, !given.contains(where: { $0.name.hasPrefix("sasl.mechanism") }) {
        throw Failure(
          .settings, "how the user is proved to the brokers is not said",
          advice: "say it with \(setting: "kafka-property", "sasl.mechanisms=SCRAM-SHA-512") or PLAIN")
      }
      return all + given
    }

    /// Refuses a route that leads to no topic, whatever the events.
    package static func check(_ route: Route) throws(Failure) {
      do {
        for text in route.texts { try KafkaRecord.check(piece: Array(text.utf8)[...]) }
        if let topic = route.literal { try KafkaRecord.check(Array(topic.utf8)[...]) }
      } catch {
        throw .setting("sink.route", Wording(error.reason))
      }
    }

    /// The topic of an event; throws where no record can hold the event.
    package func topic(of outgoing: OutgoingEvent) throws(UnwritableEvent) -> String {
      var record = KafkaRecord()
      try record.set(outgoing, self)
      return String(decoding: record.bytes[record.topic], as: UTF8.self)
    }

    /// Whether what is sent can be read on its way.
    package var isPlain: Bool {
      let name = "security.protocol"
      guard let all = try? settled() else { return false }
      return !(all.last { $0.name == name }?.value.uppercased().hasSuffix("SSL") ?? false)
    }
  }
#endif
