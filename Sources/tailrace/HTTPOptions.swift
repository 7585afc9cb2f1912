public import ArgumentParser
import Delivery
import Files
public import HTTPDelivery

/// How events are posted.
struct HTTPOptions: ParsableArguments {
  @Option(help: "How events are put into requests. (values: structured, binary, batch)")
  var httpMode: HTTPSinkConfiguration.Mode = .structured

  @Option(help: ArgumentHelp("The most requests at once; events of one key go one after another.", valueName: "count"))
  var maxInFlight = 64

  @Option(help: ArgumentHelp("The most events in a batch.", valueName: "count"))
  var batchSize = 100

  @Option(help: ArgumentHelp("The most bytes in a batch.", valueName: "size"))
  var batchBytes = ByteSize(bytes: 1 << 20)

  @Option(help: ArgumentHelp("How long a batch that is not full waits for more.", valueName: "duration"))
  var batchLinger = TimeSpan(duration: .milliseconds(5))

  @Option(help: ArgumentHelp("How long connecting may take.", valueName: "duration"))
  var connectTimeout = TimeSpan(duration: .seconds(10))

  @Option(help: ArgumentHelp("How long sending may stand still.", valueName: "duration"))
  var writeTimeout = TimeSpan(duration: .seconds(30))

  @Option(help: ArgumentHelp("How long an answer may be silent.", valueName: "duration"))
  var responseTimeout = TimeSpan(duration: .seconds(30))

  @Option(help: ArgumentHelp("How long a request may take as a whole.", valueName: "duration"))
  var totalTimeout = TimeSpan(duration: .seconds(60))

  @Option(
    help: ArgumentHelp("How often an event is tried before it is given up. Default: without end.", valueName: "count"))
  var maxAttempts: Int?

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
    help: ArgumentHelp("Sign requests (Standard Webhooks) with the secrets in a file, one a line.", valueName: "path"))
  var signingSecretFile: String?

  @Option(help: ArgumentHelp("Send the headers in a file, a line of 'Name: value' each.", valueName: "path"))
  var headerFile: String?

  @Option(
    help: ArgumentHelp("Send the bearer token in a file, which is read again when it changes.", valueName: "path"))
  var bearerTokenFile: String?

  @Option(help: ArgumentHelp("Send the 'user:password' in a file as basic authentication.", valueName: "path"))
  var basicAuthFile: String?

  @Option(help: ArgumentHelp("Trust the certificate authorities in a file instead of the system's.", valueName: "path"))
  var caFile: String?

  @Option(help: ArgumentHelp("Show a client certificate (PEM).", valueName: "path"))
  var clientCertificate: String?

  @Option(help: ArgumentHelp("The client certificate's key (PEM).", valueName: "path"))
  var clientKey: String?

  func validate() throws {
    guard (1...10_000).contains(maxInFlight) else { throw ValidationError("--max-in-flight: from 1 to 10000") }
    guard (1...100_000).contains(batchSize) else { throw ValidationError("--batch-size: from 1 to 100000") }
    guard maxAttempts.map({ $0 > 0 }) ?? true else { throw ValidationError("--max-attempts: at least 1") }
    guard (clientCertificate == nil) == (clientKey == nil) else {
      throw ValidationError("--client-certificate and --client-key go together")
    }
    guard bearerTokenFile == nil || basicAuthFile == nil else {
      throw ValidationError("--bearer-token-file and --basic-auth-file exclude each other")
    }
  }

  /// Refuses an address that is none, or that would carry events in the clear.
  func validate(url: String) throws {
    guard let address = HTTPAddress(url) else { throw ValidationError("--sink: '\(url)' is not an http address") }
    guard address.isSecure || address.isLoopback || allowPlainHttp else {
      throw ValidationError("--sink: events would travel in the clear; use https://, or --allow-plain-http")
    }
  }

  /// Reads the files and makes the sink.
  func make(url: String, deadLetters: DeadLetterOffice) throws(SinkError) -> HTTPSink {
    var configuration = HTTPSinkConfiguration(url: url)
    configuration.mode = httpMode
    configuration.maximumInFlight = maxInFlight
    configuration.batchSize = batchSize
    configuration.batchBytes = Int(batchBytes.bytes)
    configuration.batchLinger = batchLinger.duration
    configuration.connectTimeout = connectTimeout.duration
    configuration.writeTimeout = writeTimeout.duration
    configuration.responseTimeout = responseTimeout.duration
    configuration.totalTimeout = totalTimeout.duration
    configuration.retry.maximumAttempts = maxAttempts
    configuration.retry.retried = retryStatus?.codes ?? []
    configuration.retry.refused = finalStatus?.codes ?? []
    configuration.sendsIdempotencyKey = idempotencyKey
    configuration.compresses = gzip
    configuration.authorityFile = caFile
    if let clientCertificate, let clientKey { configuration.clientCertificate = (clientCertificate, clientKey) }
    configuration.credentials = try credentials()
    return try HTTPSink(configuration, deadLetters: deadLetters)
  }

  private func credentials() throws(SinkError) -> HTTPCredentials {
    var credentials = HTTPCredentials()
    if let headerFile {
      guard let headers = HTTPCredentials.headers(from: try text(of: headerFile)) else {
        throw SinkError(.misconfigured, "\(headerFile): a line is not of the form 'Name: value'")
      }
      credentials.headers = headers
    }
    if let signingSecretFile {
      guard let signing = StandardWebhooks(secrets: try text(of: signingSecretFile)) else {
        throw SinkError(.misconfigured, "\(signingSecretFile): wants lines of whsec_ and base64, of 16 bytes or more")
      }
      credentials.signing = signing
    }
    if let bearerTokenFile {
      do { credentials.bearerToken = try WatchedFile(path: bearerTokenFile) } catch {
        throw SinkError(.misconfigured, "cannot read \(bearerTokenFile): \(error.text)")
      }
    }
    if let basicAuthFile {
      let parts = try text(of: basicAuthFile).split(whereSeparator: \.isNewline).first?.split(
        separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard let parts, parts.count == 2 else {
        throw SinkError(.misconfigured, "\(basicAuthFile): wants a line of user:password")
      }
      credentials.basic = (String(parts[0]), String(parts[1]))
    }
    return credentials
  }

  private func text(of path: String) throws(SinkError) -> String {
    do {
      if let text = try SmallFile.read(path) { return text }
    } catch {
      throw SinkError(.misconfigured, "cannot read \(path): \(error.text)")
    }
    throw SinkError(.misconfigured, "there is no file \(path)")
  }
}

/// Status codes, as `409,423` or `500-599`.
struct StatusCodes: ExpressibleByArgument, Hashable {
  let codes: Set<Int>

  init?(argument: String) {
    var codes: Set<Int> = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard let first = ends.first.flatMap({ $0 }), let last = ends.last.flatMap({ $0 }), ends.count <= 2,
        (300...599).contains(first), (first...599).contains(last)
      else { return nil }
      codes.formUnion(first...last)
    }
    self.codes = codes
  }
}

/// What must be known of an address before anything is sent there.
struct HTTPAddress {
  let isSecure: Bool
  let isLoopback: Bool

  init?(_ url: String) {
    let lower = url.lowercased()
    guard lower.hasPrefix("http://") || lower.hasPrefix("https://"), let scheme = lower.firstRange(of: "://"),
      url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { return nil }
    isSecure = lower.hasPrefix("https://")
    let authority = lower[scheme.upperBound...].prefix { !"/?#".contains($0) }
    let hostAndPort = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
    let host =
      hostAndPort.hasPrefix("[")
      ? String(hostAndPort.dropFirst().prefix { $0 != "]" }) : String(hostAndPort.prefix { $0 != ":" })
    guard !host.isEmpty else { return nil }
    let octets = host.split(separator: ".", omittingEmptySubsequences: false)
    let isIPv4Loopback = octets.count == 4 && octets[0] == "127" && octets.allSatisfy { UInt8($0) != nil }
    isLoopback = host == "localhost" || host == "::1" || isIPv4Loopback
  }
}

extension HTTPSinkConfiguration.Mode: ExpressibleByArgument {}
