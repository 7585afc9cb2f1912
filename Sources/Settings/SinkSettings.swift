// SPDX-License-Identifier: Apache-2.0

import AMQPDelivery
import AWSDelivery
public import Delivery
import FileDelivery
import Files
import HTTPDelivery
public import IntegrationEvents
import NATSDelivery
public import PostgresWire
import RedisDelivery

/// Where events go.
public struct SinkSettings: Hashable, Sendable {
  /// Where an address leads.
  public enum Place: Hashable, Sendable {
    /// Standard output.
    case standardOutput
    /// A file, by its path.
    case file(String)
    /// A receiver, by its URL.
    case http(String)
    /// Kafka's brokers.
    case kafka(BrokerAddress)
    /// RabbitMQ, by its URL.
    case amqp(String)
    /// Redis, by its URL.
    case redis(String)
    /// NATS, by its URL.
    case nats(String)
    /// A queue of SQS or a topic of SNS: `sqs:` and its URL, or `sns:` and its ARN.
    case aws(String)

    /// Whether somebody there answers for what was handed over.
    public var answers: Bool {
      switch self {
      case .standardOutput, .file: false
      case .http, .kafka, .amqp, .redis, .nats, .aws: true
      }
    }

    /// Whether it is a broker.
    public var isBroker: Bool {
      switch self {
      case .kafka, .amqp, .redis, .nats, .aws: true
      case .standardOutput, .file, .http: false
      }
    }
  }

  /// `stdout`, `file:PATH`, an `https://` address, brokers as `kafka:HOST:PORT,…`, an `amqps://`, `rediss://` or NATS's `tls://`
  /// address, `sqs:` and a queue's URL, `sns:` and a topic's ARN. Default: `stdout`.
  public var address = "stdout"
  /// Start a new file before it grows beyond so much. Default: never.
  public var rotateSize: ByteSize?
  /// Start a new file when it is older. Default: never.
  public var rotateInterval: TimeSpan?
  /// Who may read a file that is begun. Default: only we.
  public var fileMode: FileMode?
  /// Whether a file's events are made to survive a crash of the machine before they are confirmed. Default: yes.
  public var fsync = true
  /// How a receiver or a broker is tried.
  public var delivery = DeliverySettings()
  /// Whom we trust there, and who we are.
  public var certificates = CertificateSettings()
  /// How events are posted.
  public var http = HTTPSettings()
  /// Where events go at a broker.
  public var broker = BrokerSettings()
  /// How events are produced to Kafka.
  public var kafka = KafkaSettings()
  /// How events are published to RabbitMQ.
  public var amqp = AMQPSettings()
  /// How events are added to streams of Redis.
  public var redis = RedisSettings()
  /// How events are published to streams of NATS.
  public var nats = NATSSettings()
  /// How events are sent to SQS and SNS.
  public var aws = AWSSettings()

  /// Makes settings with the defaults.
  public init() {}

  /// What the address says.
  public func place() throws(Failure) -> Place {
    guard address == address.trimmedBlanks || address.hasPrefix("file:") else {
      throw .setting("sink", "there is a blank before or behind it")
    }
    if address == "stdout" { return .standardOutput }
    if address.hasPrefix("file:"), address.utf8.count > 5 { return .file(String(address.dropFirst(5))) }
    let start = address.prefix(8).lowercased()
    if start.hasPrefix("http://") || start == "https://" { return .http(address) }
    if address.prefix(6).lowercased() == "kafka:" { return .kafka(try BrokerAddress(address.dropFirst(6), port: 9092)) }
    if start.hasPrefix("amqp://") || start == "amqps://" { return .amqp(address) }
    if address.prefix(9).lowercased() == "rediss://" || start == "redis://" { return .redis(address) }
    if start.hasPrefix("nats://") || start.hasPrefix("tls://") { return .nats(address) }
    if start.hasPrefix("sqs:") || start.hasPrefix("sns:") { return .aws(address) }
    throw .setting("sink", Self.places)
  }

  private static let places: Wording =
    """
    it is not stdout, file:PATH, https://…, kafka:HOST:PORT,…, amqps://…, rediss://…, NATS's tls://…, sqs:https://… or \
    sns:arn:…
    """

  /// Refuses what cannot work.
  public func validate(_ envelope: EnvelopeEncoder.Envelope) throws(Failure) {
    let place = try place()
    try delivery.validate()
    try certificates.validate()
    if case .http(let url) = place {
      try http.validate(url: url, certificates)
      guard envelope == .cloudevents else {
        throw .setting(
          "outbox.envelope", "over HTTP, \(setting: "http-mode", "binary") has the bare payload in the body")
      }
    }
    if case .kafka(let address) = place {
      try kafka.validate()
      try kafka.validate(address, broker, certificates)
      guard envelope == .cloudevents else {
        throw .setting("outbox.envelope", "a record of the binary mode has the bare payload as its value")
      }
    }
    if case .amqp(let url) = place {
      try amqp.validate(url, broker, certificates)
      guard envelope == .cloudevents else {
        throw .setting("outbox.envelope", "a message of the binary mode has the bare payload as its body")
      }
    }
    if case .redis(let url) = place {
      try redis.validate(url, broker, certificates)
      guard envelope == .cloudevents else {
        throw .setting("outbox.envelope", "an entry of the binary mode has the bare payload as its data")
      }
    }
    if case .nats(let url) = place {
      try nats.validate(url, broker, certificates)
      guard envelope == .cloudevents else {
        throw .setting("outbox.envelope", "a message of the binary mode has the bare payload as its body")
      }
    }
    if case .aws(let address) = place {
      try aws.validate(address, broker, certificates)
      guard envelope == .cloudevents else {
        throw .setting("outbox.envelope", "a message of SQS or SNS is a whole CloudEvent")
      }
    }
    if case .file = place { return }
    if rotateSize != nil { throw .setting("sink.rotate-size", "needs \(setting: "sink", "file:PATH")") }
    if fileMode != nil { throw .setting("sink.file-mode", "needs \(setting: "sink", "file:PATH")") }
    if rotateInterval != nil { throw .setting("sink.rotate-interval", "needs \(setting: "sink", "file:PATH")") }
  }

  /// Where events go, as it may be shown: without secrets.
  public var destination: String {
    switch try? place() {
    case .http(let url): url.withoutSecrets
    case .kafka(let address): "kafka:\(address.hosts.joined(separator: ","))"
    case .amqp(let url): (try? AMQPAddress(url))?.shown ?? url.withoutSecrets
    case .redis(let url): (try? RedisAddress(url))?.shown ?? url.withoutSecrets
    case .nats(let url): (try? NATSAddress(url))?.shown ?? url.withoutSecrets
    case .aws(let address):
      (try? AWSAddress(address))?.shown ?? "\(address.prefix(4))\(address.dropFirst(4).description.withoutSecrets)"
    case .standardOutput, .file, nil: address
    }
  }

  /// What an operator should know about settings that can be used all the same.
  public var warnings: [Wording] {
    switch try? place() {
    case .http(let url): http.warnings(url: url, certificates)
    case .kafka: certificates.warnings(secrets: [broker.passwordFile, kafka.propertiesFile])
    case .amqp, .redis: certificates.warnings(secrets: [broker.passwordFile])
    case .nats: certificates.warnings(secrets: [broker.passwordFile, nats.credentialsFile])
    case .aws(let address): aws.warnings(certificates) + [aws.orderWarning(address)].compactMap(\.self)
    case .standardOutput, .file, nil: []
    }
  }

  /// The same, as far as it speaks of files.
  var fileWarnings: [Wording] {
    if case .aws = try? place() { return aws.warnings(certificates) }
    return warnings
  }

  /// Calls back once when nobody reads standard output any more, where events go there: also before the first one.
  public func watchReader(_ onGone: @escaping @Sendable () -> Void) {
    if case .standardOutput = try? place() { StandardOutputSink.watchReader(onGone) }
  }

  /// Makes the sink for a stream.
  ///
  /// - Parameters:
  ///   - identity: whose events they are.
  ///   - envelope: how events are written.
  ///   - deadLetters: what becomes of events that the sink refuses.
  ///   - encoding: how data is encoded where it leaves; nil where it leaves as it is.
  ///   - isStandby: whether to wait for a process that still has an output file.
  ///   - onNotice: told what an operator should know of how the output was found.
  public func make(
    _ identity: StreamIdentity, _ envelope: EnvelopeEncoder.Envelope, _ deadLetters: DeadLetterOffice,
    encoding: (any DataEncoding)? = nil, isStandby: Bool = false, onNotice: (Wording) -> Void = { _ in }
  ) throws(Failure) -> any Sink {
    switch try? place() {
    case .http, .kafka, .amqp, .redis, .nats, .aws: return try makeAnswering(deadLetters, encoding: encoding)
    case .file(let path):
      var configuration = fileConfiguration(path, envelope)
      configuration.waitsForLock = isStandby
      let sink = try FileSink(configuration, of: identity)
      if let repair = sink.repair { onNotice(repair) }
      return sink
    case .standardOutput: return try StandardOutputSink()
    case nil: throw Failure(.settings, Self.places)
    }
  }

  /// Makes the sink for a receiver or a broker.
  func makeAnswering(_ deadLetters: DeadLetterOffice, encoding: (any DataEncoding)?) throws(Failure) -> any Sink {
    let sink = try makeAnswering(deadLetters)
    if let encoding {
      guard let sink = sink as? any EncodingSink else { throw Failure(.internal, "what goes there cannot be encoded") }
      sink.encode(by: encoding)
    }
    return sink
  }

  /// The same, with data as it is.
  func makeAnswering(_ deadLetters: DeadLetterOffice) throws(Failure) -> any Sink {
    switch try? place() {
    case .http(let url): return try http.make(url: url, certificates, delivery, deadLetters)
    case .amqp(let url):
      let stops = deadLetters.store == nil || deadLetters.parksKeys
      return try amqp.make(
        amqp.configuration(url, broker, certificates, stopsAtRefusal: stops), delivery, deadLetters)
    case .redis(let url):
      let stops = deadLetters.store == nil || deadLetters.parksKeys
      return try redis.make(
        redis.configuration(url, broker, certificates, stopsAtRefusal: stops), delivery, deadLetters)
    case .nats(let url):
      let stops = deadLetters.store == nil || deadLetters.parksKeys
      return try nats.make(nats.configuration(url, broker, certificates, stopsAtRefusal: stops), delivery, deadLetters)
    case .aws(let address): return try aws.make(aws.configuration(address, certificates), delivery, deadLetters)
    #if Kafka
      case .kafka(let address):
        let stops = deadLetters.store == nil || deadLetters.parksKeys
        let configuration = kafka.configuration(address, broker, certificates, stopsAtRefusal: stops)
        return try kafka.make(configuration, delivery, deadLetters)
    #endif
    default: throw Failure(.settings, "this program cannot deliver to \(destination)")
    }
  }

  /// How to write a file.
  func fileConfiguration(_ path: String, _ envelope: EnvelopeEncoder.Envelope) -> FileSink.Configuration {
    var configuration = FileSink.Configuration(path: path)
    configuration.rotateSize = rotateSize?.bytes
    configuration.rotateInterval = rotateInterval.map { max(1, $0.duration.components.seconds) }
    configuration.mode = fileMode?.bits
    configuration.synchronizes = fsync
    configuration.linesHaveSequence = envelope == .cloudevents
    return configuration
  }

  /// Refuses what a poller cannot do: what it reads again has another position, and others poll beside it.
  func validatePolling() throws(Failure) {
    guard case .redis = try place(), redis.identifiers == .position else { return }
    throw .setting(
      "sink.redis-id",
      "what is polled has no place of its own in the log: it would be there twice after a crash; polling needs \(setting: "redis-id", "auto")"
    )
  }

  /// Makes a sink for events that come from no stream. They may be older than what a file holds, so a file cannot be one.
  public func makeDetached(
    _ deadLetters: DeadLetterOffice, encoding: (any DataEncoding)? = nil
  ) throws(Failure) -> any Sink {
    if case .redis = try? place(), redis.identifiers == .position {
      throw .setting(
        "sink.redis-id",
        "events that come later than their place in the log need \(setting: "redis-id", "auto"), and a stream of their own (route)"
      )
    }
    switch try? place() {
    case .http, .kafka, .amqp, .redis, .nats, .aws: return try makeAnswering(deadLetters, encoding: encoding)
    case .standardOutput: return try StandardOutputSink()
    case .file, nil: throw Failure(.settings, "dead letters go to stdout, an https:// address or a broker")
    }
  }
}
