// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import PostgresWire
import Settings

/// How events are handed to a receiver or a broker.
struct DeliveryOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The most attempts at once; events of one key go one after another.", valueName: "count"))
  var maxInFlight = 64

  @Option(
    help: ArgumentHelp("How often an event is tried before it is given up. Default: without end.", valueName: "count"))
  var maxAttempts: Int?

  @Option(
    help: ArgumentHelp(
      "How long an event may wait before a failure is its last one: then it is as if it were refused. Default: without end.",
      valueName: "duration"))
  var maxAge: TimeSpan?

  @Option(
    help: ArgumentHelp(
      "How many bytes of events other keys may run ahead of one that cannot be delivered, and so may come again. Default: 1MiB, for brokers 8MiB.",
      valueName: "size"))
  var inFlightBytes: ByteSize?

  @Option(
    help: ArgumentHelp("Trust the certificate authorities in a file instead of the system's.", valueName: "path"),
    completion: .file())
  var caFile: String?

  @Option(help: ArgumentHelp("Show a client certificate (PEM).", valueName: "path"), completion: .file())
  var clientCertificate: String?

  @Option(help: ArgumentHelp("The client certificate's key (PEM).", valueName: "path"), completion: .file())
  var clientKey: String?

  func validate() throws {
    try Flags.checking { () throws(Failure) in
      try settings.validate()
      try certificates.validate()
    }
  }

  var settings: DeliverySettings {
    var settings = DeliverySettings()
    settings.maxInFlight = maxInFlight
    settings.maxAttempts = maxAttempts
    settings.maxAge = maxAge
    settings.inFlightBytes = inFlightBytes
    return settings
  }

  var certificates: CertificateSettings {
    var settings = CertificateSettings()
    settings.authorityFile = caFile
    settings.clientCertificate = clientCertificate
    settings.clientKey = clientKey
    return settings
  }
}
