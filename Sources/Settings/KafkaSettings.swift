// SPDX-License-Identifier: Apache-2.0

public import Delivery
public import PostgresWire

#if Kafka
  import KafkaDelivery
#endif

/// How events are produced to Kafka.
public struct KafkaSettings: Hashable, Sendable {
  /// A property of librdkafka.
  public struct Property: Hashable, Sendable {
    /// Such as `compression.type`.
    public var name: String
    /// What it is set to.
    public var value: String

    /// Makes one.
    public init(name: String, value: String) {
      (self.name, self.value) = (name, value)
    }
  }

  /// How events are put into records. Default: binary.
  public var mode = BindingMode.binary
  /// Whether an event without data becomes a record without a value. Default: no.
  public var tombstones = false
  /// Properties of librdkafka. None of them a secret.
  public var properties: [Property] = []
  /// A file of further ones, which may be secrets.
  public var propertiesFile: String?

  /// Makes settings with the defaults.
  public init() {}

  /// Refuses secrets where everybody reads them.
  public func validate() throws(Failure) {
    for property in properties where Self.isSecret(property.name) {
      throw .setting(
        "sink.kafka-property",
        "\(property.name) is a secret, which does not belong here; put it into \(setting: "kafka-properties-file")")
    }
  }

  private static func isSecret(_ name: String) -> Bool {
    ["password", "passphrase", "secret", "key.pem", "oauthbearer.config"].contains { name.contains($0) }
  }

  /// Refuses what cannot work, where this program can produce to Kafka at all.
  func validate(_ address: BrokerAddress, _ broker: BrokerSettings, _ certificates: CertificateSettings)
    throws(Failure)
  {
    #if Kafka
      if let route = broker.route { try KafkaConfiguration.check(route) }
      // Its files are read when it starts.
      for property in properties { try KafkaProperties.check((property.name, property.value)) }
      let saysHow = propertiesFile != nil || properties.contains { $0.name.hasPrefix("sasl.mechanism") }
      guard address.user == nil || saysHow else {
        throw .setting(
          "sink",
          "how its user is proved is not said: \(setting: "kafka-property", "sasl.mechanisms=SCRAM-SHA-512") or PLAIN")
      }
      guard broker.passwordFile == nil || address.user != nil else {
        throw .setting("sink.sink-password-file", "needs a user: \(setting: "sink", "kafka://USER@HOST:PORT")")
      }
    #else
      throw .setting(
        "sink", "this program is built without Kafka; that of the Debian package has it, see the manual's page Kafka")
    #endif
  }

  #if Kafka
    /// How to produce.
    func configuration(
      _ address: BrokerAddress, _ broker: BrokerSettings, _ certificates: CertificateSettings,
      stopsAtRefusal: Bool = true
    ) -> KafkaConfiguration {
      var configuration = KafkaConfiguration(servers: address.hosts)
      if let route = broker.route { configuration.route = route }
      configuration.mode = mode
      configuration.writesTombstones = tombstones
      configuration.stopsAtRefusal = stopsAtRefusal
      configuration.user = address.user
      configuration.passwordFile = broker.passwordFile
      configuration.authorityFile = certificates.authorityFile
      if let certificate = certificates.clientCertificate, let key = certificates.clientKey {
        configuration.clientCertificate = (certificate, key)
      }
      configuration.properties = properties.map { ($0.name, $0.value) }
      configuration.propertiesFile = propertiesFile
      return configuration
    }

    /// Makes the sink.
    func make(_ configuration: KafkaConfiguration, _ settings: DeliverySettings, _ deadLetters: DeadLetterOffice)
      throws(Failure) -> any Sink
    {
      // Brokers store many events together, and answer for them late.
      var delivery = settings.keyed(inFlight: 8 << 20)
      // Several events are handed over together; librdkafka pipelines them.
      delivery.attemptEvents = 2000
      delivery.linger = .zero
      return KafkaSink(try KafkaPublisher(configuration), delivery, deadLetters: deadLetters)
    }
  #endif
}
