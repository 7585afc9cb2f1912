// SPDX-License-Identifier: Apache-2.0

public import Delivery
import NATSDelivery
import PostgresWire

/// How events are published to streams of NATS.
public struct NATSSettings: Hashable, Sendable {
  /// How events are put into messages. Default: binary.
  public var mode = BindingMode.binary
  /// A stream to make where it is not there. Default: none.
  public var createdStream: String?
  /// A file with a user's JWT and the seed of its NKey. Default: none.
  public var credentialsFile: String?
  /// What subjects of answers begin with. Default: `_INBOX`.
  public var inboxPrefix = "_INBOX"
  /// Allow `nats://` to other hosts than this one. Default: no.
  public var allowPlain = false

  /// Makes settings with the defaults.
  public init() {}

  /// Refuses what cannot work, an address that is none, and one that would carry events in the clear.
  func validate(_ address: String, _ broker: BrokerSettings, _ certificates: CertificateSettings) throws(Failure) {
    let place: NATSAddress
    do { place = try NATSAddress(address) } catch { throw .setting("sink", Wording("\(error)")) }
    let configuration = configuration(address, broker, certificates)
    let isSecure = configuration.needsTLS(place)
    guard isSecure || place.isLoopback || allowPlain else {
      throw .setting(
        "sink", "events and the password would travel in the clear; use tls://, or \(setting: "allow-plain-nats")")
    }
    guard !isSecure || !allowPlain else {
      throw .setting("sink.allow-plain-nats", "needs a nats:// address, and no certificates")
    }
    try NATSPublisher.check(configuration)
  }

  /// How to publish to an address.
  func configuration(
    _ address: String, _ broker: BrokerSettings, _ certificates: CertificateSettings, stopsAtRefusal: Bool = true
  ) -> NATSConfiguration {
    var configuration = NATSConfiguration(address: address)
    if let route = broker.route { configuration.route = route }
    configuration.mode = mode
    configuration.createdStream = createdStream
    configuration.inboxPrefix = inboxPrefix
    configuration.stopsAtRefusal = stopsAtRefusal
    configuration.passwordFile = broker.passwordFile
    configuration.credentialsFile = credentialsFile
    configuration.authorityFile = certificates.authorityFile
    configuration.clientCertificate = certificates.client
    return configuration
  }

  /// Makes the sink.
  func make(
    _ configuration: NATSConfiguration, _ settings: DeliverySettings, _ deadLetters: DeadLetterOffice
  ) throws(Failure) -> any Sink {
    var delivery = settings.keyed(inFlight: 8 << 20)
    // Several events are written at once, and answered as streams store them.
    delivery.attemptEvents = 500
    delivery.linger = .zero
    return NATSSink(try NATSPublisher(configuration), delivery, deadLetters: deadLetters)
  }
}
