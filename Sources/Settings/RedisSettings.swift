// SPDX-License-Identifier: Apache-2.0

public import Delivery
import PostgresWire
public import RedisDelivery

/// How events are added to streams of Redis.
public struct RedisSettings: Hashable, Sendable {
  /// How events are put into entries. Default: binary.
  public var mode = BindingMode.binary
  /// What an entry's id is. Default: the position.
  public var identifiers = RedisConfiguration.Identifiers.position
  /// About how many entries a stream keeps. Default: all.
  public var maximumLength: Int?
  /// Allow `redis://` to other hosts than this one. Default: no.
  public var allowPlain = false

  /// Makes settings with the defaults.
  public init() {}

  /// Refuses what cannot work, an address that is none, and one that would carry events in the clear.
  func validate(_ address: String, _ broker: BrokerSettings, _ certificates: CertificateSettings) throws(Failure) {
    let place: RedisAddress
    do { place = try RedisAddress(address) } catch { throw .setting("sink", Wording("\(error)")) }
    guard place.isSecure || place.isLoopback || allowPlain else {
      throw .setting(
        "sink", "events and the password would travel in the clear; use rediss://, or \(setting: "allow-plain-redis")")
    }
    guard !place.isSecure || !allowPlain else { throw .setting("sink.allow-plain-redis", "needs a redis:// address") }
    if !place.isSecure, let setting = certificates.firstSetting {
      throw .setting(setting, "needs a rediss:// address")
    }
    try RedisPublisher.check(configuration(address, broker, certificates))
  }

  /// How to add to streams at an address.
  func configuration(
    _ address: String, _ broker: BrokerSettings, _ certificates: CertificateSettings, stopsAtRefusal: Bool = true
  ) -> RedisConfiguration {
    var configuration = RedisConfiguration(address: address)
    if let route = broker.route { configuration.route = route }
    configuration.mode = mode
    configuration.identifiers = identifiers
    configuration.maximumLength = maximumLength
    configuration.stopsAtRefusal = stopsAtRefusal
    configuration.passwordFile = broker.passwordFile
    configuration.authorityFile = certificates.authorityFile
    configuration.clientCertificate = certificates.client
    return configuration
  }

  /// Makes the sink.
  func make(
    _ configuration: RedisConfiguration, _ settings: DeliverySettings, _ deadLetters: DeadLetterOffice
  ) throws(Failure) -> any Sink {
    var delivery = settings.keyed(inFlight: 8 << 20)
    // Several events go in one call, which nothing else can run beside.
    delivery.attemptEvents = 500
    delivery.linger = .zero
    delivery.lane = configuration.lane
    return RedisSink(try RedisPublisher(configuration), delivery, deadLetters: deadLetters)
  }
}
