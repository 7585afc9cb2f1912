// SPDX-License-Identifier: Apache-2.0

import Delivery
public import HTTPDelivery
public import PostgresWire

/// How events are posted.
public struct HTTPSettings: Hashable, Sendable {
  /// How events are put into requests. Default: structured.
  public var mode = HTTPConfiguration.Mode.structured
  /// The most events in a batch. Default: 100.
  public var batchSize = 100
  /// The most bytes in a batch. Default: 1 MiB.
  public var batchBytes = ByteSize(1 << 20)
  /// How long a batch that is not full waits for more. Default: 5 ms.
  public var batchLinger = TimeSpan(.milliseconds(5))
  /// How long connecting may take. Default: 10 s.
  public var connectTimeout = TimeSpan(.seconds(10))
  /// How long sending may stand still. Default: 30 s.
  public var writeTimeout = TimeSpan(.seconds(30))
  /// How long an answer may be silent. Default: 30 s.
  public var responseTimeout = TimeSpan(.seconds(30))
  /// How long a request may take as a whole. Default: 60 s.
  public var totalTimeout = TimeSpan(.seconds(60))
  /// Further status codes that are tried again.
  public var retryStatus: StatusCodes?
  /// Status codes that are final although they would be tried again.
  public var finalStatus: StatusCodes?
  /// Send each event's id as `Idempotency-Key`. Default: no.
  public var idempotencyKey = false
  /// Compress bodies. Default: no.
  public var gzip = false
  /// Allow `http://` to other hosts than this one. Default: no.
  public var allowPlainHTTP = false
  /// What proves who we are.
  public var credentials = CredentialFiles()
  /// The oldest version of TLS that is spoken. Default: 1.2.
  public var tlsMinimum = HTTPConfiguration.TLSVersion.v1_2
  /// Which proxy stands before the receiver. Default: none.
  public var proxy = ProxySettings()

  /// Makes settings with the defaults.
  public init() {}

  /// Refuses what cannot work, an address that is none, and one that would carry events in the clear.
  func validate(url: String, _ certificates: CertificateSettings) throws(Failure) {
    let address: HTTPAddress
    do { address = try HTTPAddress(url) } catch { throw .setting("sink", Wording("\(error)")) }
    guard address.user == nil || (credentials.bearerToken == nil && credentials.basic == nil) else {
      throw .setting(
        "sink",
        "the address has a user; it excludes \(setting: "bearer-token-file") and \(setting: "basic-auth-file")")
    }
    guard address.isSecure || address.isLoopback || allowPlainHTTP else {
      throw .setting(
        "sink", "events would travel in the clear; use https://, or \(setting: "allow-plain-http")")
    }
    guard !address.isSecure || !allowPlainHTTP else {
      throw .setting("sink.http.allow-plain-http", "needs an http:// address")
    }
    if !address.isSecure, let file = certificates.firstSetting { throw .setting(file, "needs an https:// address") }
    try validate()
  }

  /// Refuses what cannot work whatever the address is.
  public func validate() throws(Failure) {
    guard (1...100_000).contains(batchSize) else { throw .setting("sink.http.batch-size", "from 1 to 100000") }
    guard batchLinger.duration <= .seconds(60) else { throw .setting("sink.http.batch-linger", "at most 1m") }
    if let both = retryStatus?.codes.intersection(finalStatus?.codes ?? []).min() {
      throw .setting("sink.http.retry-status", "\(both) cannot be in \(setting: "final-status") too")
    }
    guard credentials.bearerToken == nil || credentials.basic == nil else {
      throw .setting("sink.http.bearer-token-file", "excludes \(setting: "basic-auth-file")")
    }
  }

  /// Files that others can reach although they are not to, and a password that others can read on its way.
  func warnings(url: String, _ certificates: CertificateSettings) -> [Wording] {
    certificates.warnings(credentials) + [proxy.warning(before: url)].compactMap { $0 }
  }

  /// How to post to an address.
  func configuration(url: String, _ certificates: CertificateSettings, connections: Int) -> HTTPConfiguration {
    var configuration = HTTPConfiguration(url: url)
    configuration.mode = mode
    configuration.maximumConnections = connections
    configuration.connectTimeout = connectTimeout.duration
    configuration.writeTimeout = writeTimeout.duration
    configuration.responseTimeout = responseTimeout.duration
    configuration.totalTimeout = totalTimeout.duration
    configuration.answers.retried = retryStatus?.codes ?? []
    configuration.answers.refused = finalStatus?.codes ?? []
    configuration.sendsIdempotencyKey = idempotencyKey
    configuration.compresses = gzip
    configuration.minimumTLS = tlsMinimum
    configuration.authorityFile = certificates.authorityFile
    configuration.credentials = credentials
    configuration.proxy = proxy
    configuration.clientCertificate = certificates.client
    return configuration
  }

  /// Reads the files and makes the sink.
  func make(
    url: String, _ certificates: CertificateSettings, _ settings: DeliverySettings, _ deadLetters: DeadLetterOffice
  ) throws(Failure) -> any Sink {
    var delivery = settings.keyed()
    delivery.attemptEvents = batchSize
    delivery.attemptBytes = Int(batchBytes.bytes)
    delivery.linger = batchLinger.duration
    return try HTTPSink(
      configuration(url: url, certificates, connections: settings.maxInFlight), delivery, deadLetters: deadLetters)
  }
}
