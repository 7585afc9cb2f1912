// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HTTPDelivery
import PostgresWire
import Settings

/// Where events go.
struct SinkOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where events go: stdout, file:PATH, an https:// address to post to, Kafka's brokers as kafka:HOST:PORT,…, RabbitMQ at an amqps:// address, Redis at a rediss:// address, NATS at a tls:// address, or a queue or topic of AWS as sqs:URL or sns:ARN.",
      valueName: "sink"))
  var sink = "stdout"

  @OptionGroup(title: "Options of receivers and brokers") var delivery: DeliveryOptions
  @OptionGroup(title: "HTTP options") var http: HTTPOptions
  @OptionGroup(title: "Options of brokers") var broker: BrokerOptions
  @OptionGroup(title: "Kafka options") var kafka: KafkaOptions
  @OptionGroup(title: "RabbitMQ options") var amqp: AMQPOptions
  @OptionGroup(title: "Redis options") var redis: RedisOptions
  @OptionGroup(title: "NATS options") var nats: NATSOptions
  @OptionGroup(title: "AWS options") var aws: AWSOptions

  @Option(help: ArgumentHelp("Start a new file before it grows beyond this, such as 100MB.", valueName: "size"))
  var rotateSize: ByteSize?

  @Option(help: ArgumentHelp("Start a new file when it is older than this, such as 1h.", valueName: "duration"))
  var rotateInterval: TimeSpan?

  @Option(
    help: ArgumentHelp(
      "Who may read a file that is begun: 0600 only we (default), 0640 our group, 0644 everybody.", valueName: "mode"))
  var fileMode: FileMode?

  @Option(
    help: ArgumentHelp(
      "When a file's events are made to survive a crash of the machine: before they are confirmed, or never.",
      valueName: "when"))
  var fsync: Synchronization = .always

  enum Synchronization: String, ExpressibleByArgument, CaseIterable {
    case always, never
  }

  /// What is written for another kind of sink would be ignored.
  func validate() throws {
    let place = try Flags.checking { () throws(Failure) in try settings.place() }
    var isHTTP: Bool { if case .http = place { true } else { false } }
    var isFile: Bool { if case .file = place { true } else { false } }
    var isKafka: Bool { if case .kafka = place { true } else { false } }
    var isAMQP: Bool { if case .amqp = place { true } else { false } }
    var isNATS: Bool { if case .nats = place { true } else { false } }
    var isRedis: Bool { if case .redis = place { true } else { false } }
    var isAWS: Bool { if case .aws = place { true } else { false } }
    if isAWS, let flag = Flags.written(of: broker) {
      throw ValidationError("\(flag) has no meaning with SQS and SNS: the address is the one place that events go to")
    }
    if !isAWS, let flag = Flags.written(of: aws) { throw ValidationError("\(flag) needs --sink sqs:http://… or sns:…") }
    if !place.answers, let flag = Flags.written(of: delivery) {
      throw ValidationError("\(flag) needs --sink https://… or a broker")
    }
    if !place.isBroker, let flag = Flags.written(of: broker) {
      throw ValidationError("\(flag) needs a broker as --sink")
    }
    if !isKafka, let flag = Flags.written(of: kafka) { throw ValidationError("\(flag) needs --sink kafka:HOST:PORT") }
    if !isAMQP, let flag = Flags.written(of: amqp) { throw ValidationError("\(flag) needs --sink amqps://…") }
    if !isRedis, let flag = Flags.written(of: redis) { throw ValidationError("\(flag) needs --sink rediss://…") }
    if !isNATS, let flag = Flags.written(of: nats) { throw ValidationError("\(flag) needs --sink tls://…") }
    if !isHTTP, let flag = Flags.written(of: http) {
      throw ValidationError("\(flag) needs --sink \(flag == "--allow-plain-http" ? "http" : "https")://…")
    }
    if http.httpMode != .batch, let flag = Flags.written(of: http, where: { $0.hasPrefix("--batch-") }) {
      throw ValidationError("\(flag) needs --http-mode batch")
    }
    if sink.prefix(8).lowercased() != "https://", Flags.isWritten("--tls-minimum") {
      throw ValidationError("--tls-minimum needs --sink https://…")
    }
    if !isFile, Flags.isWritten("--fsync") { throw ValidationError("--fsync needs --sink file:PATH") }
  }

  var settings: SinkSettings {
    var settings = SinkSettings()
    settings.address = sink
    settings.rotateSize = rotateSize
    settings.rotateInterval = rotateInterval
    settings.fileMode = fileMode
    settings.fsync = fsync == .always
    settings.delivery = delivery.settings
    settings.certificates = delivery.certificates
    settings.http = http.settings
    settings.broker = broker.settings
    settings.kafka = kafka.settings
    settings.amqp = amqp.settings
    settings.redis = redis.settings
    settings.nats = nats.settings
    settings.aws = aws.settings
    return settings
  }
}
