import AsyncHTTPClient
import Delivery
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import PostgresWire

/// Sends requests and reads what the receiver says. The only file that knows the HTTP client.
final class HTTPTransport: Sendable {
  /// What came of an attempt.
  enum Outcome: Sendable {
    /// An answer, with what it says about when to come back.
    case answer(status: Int, retryAfter: Duration?)
    /// No answer: the network, a time-out, or TLS that may heal.
    case failed(String)
    /// No answer, and there will not be one: a certificate that is not to be trusted, a malformed address.
    case hopeless(String, advice: Wording? = nil)
  }

  /// A receiver's words are read up to so many bytes, so that the connection can be used again, and then forgotten.
  private static let bodyLimit = 64 * 1024

  private let client: HTTPClient
  private let configuration: HTTPConfiguration

  init(_ configuration: HTTPConfiguration) throws(Failure) {
    var client = HTTPClient.Configuration(
      redirectConfiguration: .disallow,
      timeout: .init(
        connect: TimeAmount(configuration.connectTimeout), read: TimeAmount(configuration.responseTimeout),
        write: TimeAmount(configuration.writeTimeout)))
    client.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = configuration.maximumConnections
    client.connectionPool.retryConnectionEstablishment = false
    client.tlsConfiguration = try Self.tls(configuration)
    self.configuration = configuration
    self.client = HTTPClient(
      eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: client)
  }

  /// Posts one message.
  func post(_ message: HTTPMessage, extra headers: [(String, String)]) async -> Outcome {
    var request = HTTPClientRequest(url: configuration.url)
    request.method = .POST
    for (name, value) in message.headers + headers { request.headers.add(name: name, value: value) }
    request.body = .bytes(message.body)
    return await answer(to: request)
  }

  /// Asks the receiver which methods it has, without a body.
  func ask(_ headers: [(String, String)]) async -> Outcome {
    var request = HTTPClientRequest(url: configuration.url)
    request.method = .OPTIONS
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    return await answer(to: request)
  }

  private func answer(to request: HTTPClientRequest) async -> Outcome {
    do {
      let response = try await client.execute(request, deadline: .now() + TimeAmount(configuration.totalTimeout))
      var count = 0
      do {
        for try await piece in response.body {
          count += piece.readableBytes
          if count > Self.bodyLimit { break }
        }
      } catch {
        // The status is all that counts, and it has arrived.
      }
      let retryAfter = response.headers.first(name: "retry-after")
        .flatMap { RetryAfter.duration($0, nowUnixSeconds: PostgresTimestamp.now.unixSeconds) }
      return .answer(status: Int(response.status.code), retryAfter: retryAfter)
    } catch {
      return Self.outcome(of: error)
    }
  }

  /// Closes the connections; requests that are under way fail.
  func close() { try? client.syncShutdown() }

  deinit { try? client.syncShutdown() }

  private static func outcome(of error: any Error) -> Outcome {
    switch error {
    case let error as HTTPClientError:
      // A malformed address or header stays malformed.
      return error == .invalidURL || error == .emptyHost || error == .emptyScheme
        ? .hopeless("the request cannot be sent: \(error.description)", advice: nil) : .failed(error.description)
    case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
      let text = "\(error)"
      switch TLSWords.meaning(of: text) {
      case .wantsOurs:
        return .hopeless(
          "the receiver wants a client certificate, or another one", advice: "give \(setting: "client-certificate")")
      case .untrusted:
        return .hopeless("the receiver's certificate is not to be trusted (expired, wrong host or unknown authority)")
      case nil: return .failed("TLS: \(text)")
      }
    case let error as NIOConnectionError:
      return .failed("cannot connect to \(error.host), port \(error.port)")
    default:
      return .failed("\(type(of: error)): \(error)")
    }
  }

  private static func tls(_ configuration: HTTPConfiguration) throws(Failure) -> TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    do {
      if let file = configuration.authorityFile {
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file))
      }
      if let files = configuration.clientCertificate {
        tls.certificateChain = try NIOSSLCertificate.fromPEMFile(files.certificate).map { .certificate($0) }
        tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: files.key, format: .pem))
      }
    } catch {
      throw Failure(.credentials, "cannot read a certificate or key: \(String(describing: error))")
    }
    return tls
  }
}

extension TimeAmount {
  init(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }
}
