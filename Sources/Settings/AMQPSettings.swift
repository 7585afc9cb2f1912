// SPDX-License-Identifier: Apache-2.0

import AMQPDelivery
public import Delivery
import PostgresWire

/// How events are published to RabbitMQ.
public struct AMQPSettings: Hashable, Sendable {
  /// The exchange; empty for the default one, whose routing keys are names of queues. It has to be given.
  public var exchange: String?
  /// How events are put into messages. Default: binary.
  public var mode = BindingMode.binary
  /// What stands in front of an attribute's name in a header. Default: `ce-`.
  public var headerPrefix = "ce-"
  /// Allow `amqp://` to other hosts than this one. Default: no.
  public var allowPlain = false

  /// Makes settings with the defaults.
  public init() {}

  /// Refuses what cannot work, an address that is none, and one that would carry events in the clear.
  func validate(_ address: String, _ broker: BrokerSettings, _ certificates: CertificateSettings) throws(Failure) {
    let place: AMQPAddress
    do { place = try AMQPAddress(address) } catch { throw .setting("sink", Wording("\(error)")) }
    guard exchange != nil else {
      throw .setting(
        "sink.amqp-exchange", "has to be given: the exchange's name, or an empty one for queues by their names")
    }
    guard place.isSecure || place.isLoopback || allowPlain else {
      throw .setting(
        "sink", "events and the password would travel in the clear; use amqps://, or \(setting: "allow-plain-amqp")")
    }
    guard !place.isSecure || !allowPlain else { throw .setting("sink.allow-plain-amqp", "needs an amqp:// address") }
    if !place.isSecure, let setting = certificates.firstSetting {
      throw .setting(setting, "needs an amqps:// address")
    }
    try AMQPPublisher.check(configuration(address, broker, certificates))
  }

  /// How to publish to an address.
  func configuration(
    _ address: String, _ broker: BrokerSettings, _ certificates: CertificateSettings, stopsAtRefusal: Bool = true
  ) -> AMQPConfiguration {
    var configuration = AMQPConfiguration(address: address, exchange: exchange ?? "")
    if let route = broker.route { configuration.route = route }
    configuration.mode = mode
    configuration.headerPrefix = headerPrefix
    configuration.stopsAtRefusal = stopsAtRefusal
    configuration.passwordFile = broker.passwordFile
    configuration.authorityFile = certificates.authorityFile
    configuration.clientCertificate = certificates.client
    return configuration
  }

  /// Makes the sink.
  func make(
    _ configuration: AMQPConfiguration, _ settings: DeliverySettings, _ deadLetters: DeadLetterOffice
  ) throws(Failure) -> any Sink {
    var delivery = settings.keyed(inFlight: 8 << 20)
    // Several events are written at once, and confirmed as the broker stores them.
    delivery.attemptEvents = 500
    delivery.linger = .zero
    return AMQPSink(try AMQPPublisher(configuration), delivery, deadLetters: deadLetters)
  }
}
