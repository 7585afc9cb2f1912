// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import HTTPDelivery
import PostgresWire
import Settings

/// How events are posted.
struct HTTPOptions: ParsableArguments {
  @Option(help: "How events are put into requests.")
  var httpMode: HTTPConfiguration.Mode = .structured

  @Option(help: ArgumentHelp("The most events in a batch.", valueName: "count"))
  var batchSize = 100

  @Option(help: ArgumentHelp("The most bytes in a batch.", valueName: "size"))
  var batchBytes = ByteSize(1 << 20)

  @Option(help: ArgumentHelp("How long a batch that is not full waits for more.", valueName: "duration"))
  var batchLinger = TimeSpan(.milliseconds(5))

  @Option(help: ArgumentHelp("How long connecting may take.", valueName: "duration"))
  var connectTimeout = TimeSpan(.seconds(10))

  @Option(help: ArgumentHelp("How long sending may stand still.", valueName: "duration"))
  var writeTimeout = TimeSpan(.seconds(30))

  @Option(help: ArgumentHelp("How long an answer may be silent.", valueName: "duration"))
  var responseTimeout = TimeSpan(.seconds(30))

  @Option(help: ArgumentHelp("How long a request may take as a whole.", valueName: "duration"))
  var totalTimeout = TimeSpan(.seconds(60))

  @Option(help: ArgumentHelp("Further status codes that are tried again, such as 409,423.", valueName: "codes"))
  var retryStatus: StatusCodes?

  @Option(help: ArgumentHelp("Status codes that are final although they would be tried again.", valueName: "codes"))
  var finalStatus: StatusCodes?

  @Flag(help: "Send each event's id as Idempotency-Key.")
  var idempotencyKey = false

  @Flag(help: "Compress bodies with gzip; the receiver must expect it.")
  var gzip = false

  @Flag(help: "Allow http:// to other hosts than this one.")
  var allowPlainHttp = false

  @Option(
    help: ArgumentHelp("Sign requests (Standard Webhooks) with the secrets in a file, one a line.", valueName: "path"),
    completion: .file())
  var signingSecretFile: String?

  @Option(
    help: ArgumentHelp(
      "Send the headers in a file, a line of 'Name: value' each, which is read again when it changes.",
      valueName: "path"), completion: .file())
  var headerFile: String?

  @Option(
    help: ArgumentHelp("Send the bearer token in a file, which is read again when it changes.", valueName: "path"),
    completion: .file())
  var bearerTokenFile: String?

  @Option(
    help: ArgumentHelp("Send the 'user:password' in a file as basic authentication.", valueName: "path"),
    completion: .file())
  var basicAuthFile: String?

  @Option(help: "The oldest version of TLS that is spoken.")
  var tlsMinimum: HTTPConfiguration.TLSVersion = .v1_2

  func validate() throws { try Flags.checking { () throws(Failure) in try settings.validate() } }

  var settings: HTTPSettings {
    var settings = HTTPSettings()
    settings.mode = httpMode
    settings.batchSize = batchSize
    settings.batchBytes = batchBytes
    settings.batchLinger = batchLinger
    settings.connectTimeout = connectTimeout
    settings.writeTimeout = writeTimeout
    settings.responseTimeout = responseTimeout
    settings.totalTimeout = totalTimeout
    settings.retryStatus = retryStatus
    settings.finalStatus = finalStatus
    settings.idempotencyKey = idempotencyKey
    settings.gzip = gzip
    settings.allowPlainHTTP = allowPlainHttp
    settings.credentials.headers = headerFile
    settings.credentials.bearerToken = bearerTokenFile
    settings.credentials.basic = basicAuthFile
    settings.credentials.signingSecrets = signingSecretFile
    settings.tlsMinimum = tlsMinimum
    settings.proxy = ProxySettings { Environment[$0] }
    return settings
  }
}

extension HTTPConfiguration.Mode: ExpressibleByArgument {}
extension HTTPConfiguration.TLSVersion: ExpressibleByArgument {}
