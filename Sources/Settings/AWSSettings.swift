// SPDX-License-Identifier: Apache-2.0

import AWSDelivery
import Delivery
public import HTTPDelivery
import PostgresWire

/// How events are sent to queues of SQS and topics of SNS.
public struct AWSSettings: Hashable, Sendable {
  /// Allow `http://` to other hosts than this one. Default: no.
  public var allowPlain = false
  /// What the environment says of credentials, region and endpoints, by the names of its variables. Default: nothing.
  public var environment: [String: String] = [:]
  /// Which proxy stands before AWS. Default: none.
  public var proxy = ProxySettings()

  /// Makes settings with the defaults.
  public init() {}

  /// The variables that count in the environment.
  public static var variables: [String] { AWSConfiguration.variables }

  /// Refuses what cannot work, an address that is none, and one that would carry events in the clear.
  func validate(_ address: String, _ broker: BrokerSettings, _ certificates: CertificateSettings) throws(Failure) {
    guard broker.route == nil else {
      throw .setting(
        "sink.route", "excludes SQS and SNS: the sink's address is the one queue or topic that events go to")
    }
    guard broker.passwordFile == nil else {
      throw .setting(
        "sink.sink-password-file", "excludes SQS and SNS: credentials come from where AWS's own programs find them")
    }
    try AWSPublisher.check(configuration(address, certificates))
  }

  /// A file of keys that others can read.
  func warnings(_ certificates: CertificateSettings) -> [Wording] {
    let given = environment["AWS_SHARED_CREDENTIALS_FILE"].flatMap { $0.isEmpty ? nil : $0 }
    let usual = environment["HOME"].map { "\($0)/.aws/credentials" }
    return certificates.warnings(secrets: [given ?? usual])
  }

  /// That a place keeps no order; nil for one that does.
  func orderWarning(_ address: String) -> Wording? {
    guard let place = try? AWSAddress(address), !place.isOrdered else { return nil }
    return "\(place.place) keeps no order, and may give an event twice: one that does has a name that ends in .fifo"
  }

  /// How to send to an address.
  func configuration(_ address: String, _ certificates: CertificateSettings, connections: Int = 64) -> AWSConfiguration
  {
    var configuration = AWSConfiguration(address: address, environment: environment)
    configuration.allowsPlain = allowPlain
    configuration.proxy = proxy
    configuration.maximumConnections = connections
    configuration.authorityFile = certificates.authorityFile
    configuration.clientCertificate = certificates.client
    return configuration
  }

  /// Makes the sink.
  func make(
    _ configuration: AWSConfiguration, _ settings: DeliverySettings, _ deadLetters: DeadLetterOffice
  ) throws(Failure) -> any Sink {
    var (delivery, configuration) = (settings.keyed(inFlight: 8 << 20), configuration)
    configuration.maximumConnections = settings.maxInFlight
    delivery.attemptEvents = 10
    delivery.attemptBytes = configuration.address.prefix(4).lowercased() == "sns:" ? 256 << 10 : 1 << 20
    // A part of a request can fail, and what comes behind it in its group must not be stored then.
    delivery.isOneOfEachKey = true
    return AWSSink(try AWSPublisher(configuration), delivery, deadLetters: deadLetters)
  }
}
