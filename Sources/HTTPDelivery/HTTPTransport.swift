// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Connections
import Delivery
import Dispatch
import Files
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import PostgresWire
import Synchronization

/// Sends requests and reads what the receiver says. Beside it only `TransportTrouble` knows the HTTP client, by its errors.
final class HTTPTransport: Sendable {
  /// What a receiver says.
  struct Answer: Sendable {
    var status: Int
    /// Where it leads, as it may be shown.
    var location: String?
    /// When to come back.
    var retryAfter: Duration?
    /// What was wrong with it although it could be understood.
    var remark: String?
  }

  /// What came of an attempt.
  enum Outcome: Sendable {
    case answer(Answer)
    /// No answer: the network, a time-out, or TLS that may heal.
    case failed(String)
    /// No answer, and there will not be one: a malformed address.
    case hopeless(String, advice: Wording? = nil)
    /// Whoever is there cannot prove that it is the receiver, or does not take us: a certificate has to be changed, unless it is
    /// somebody in between.
    case untrusted(String, advice: Wording? = nil)
    /// Nothing was sent: no request can carry this.
    case unpostable(String)
  }

  /// A receiver's words are read up to so many bytes and so long, so that the connection can be used again, and then forgotten.
  private static let bodyLimit = 64 * 1024
  private static let bodyTime: Duration = .seconds(1)
  /// The longest head of a request, in bytes. Connections stop taking at 64 KiB, which the client does not survive inside a
  /// head; receivers take less.
  private static let headLimit = 60 * 1024
  /// The longest head that goes over HTTP/2, whose frames are of 16 KiB: the client does not split one. Longer ones go over
  /// HTTP/1.1.
  private static let frameLimit = 14 * 1024

  let client: HTTPClient
  /// For heads that are too long for HTTP/2.
  private let oldClient: HTTPClient
  let url: String
  let totalTimeout: TimeAmount
  private let connections = OpenConnections()
  private let answers = Atomic(0)
  private let isSpent = Atomic(false)

  /// Whether to make a new one: a request had no answer, and none came to any other meanwhile. Over HTTP/2 the next ones would go
  /// over the same connection, where nothing may ever come through again.
  var isStale: Bool { isSpent.load(ordering: .acquiring) }

  init(
    _ configuration: HTTPConfiguration, _ address: HTTPAddress, through proxy: HTTPAddress?, _ tls: TLSConfiguration
  ) {
    var client = HTTPClient.Configuration(
      redirectConfiguration: .disallow,
      timeout: .init(
        connect: TimeAmount(capped: configuration.connectTimeout),
        read: TimeAmount(capped: configuration.responseTimeout),
        write: TimeAmount(capped: configuration.writeTimeout)))
    client.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = configuration.maximumConnections
    client.connectionPool.retryConnectionEstablishment = false
    client.tlsConfiguration = tls
    client.proxy = proxy.map { proxy in
      .server(host: proxy.host, port: proxy.port, authorization: proxy.user.map(HTTPClient.Authorization.init(user:)))
    }
    client.http1_1ConnectionDebugInitializer = AnswerTidying.install
    client.http2ConnectionDebugInitializer = connections.add
    url = address.url
    totalTimeout = TimeAmount(capped: configuration.totalTimeout)
    let group = HTTPClient.EventLoopGroupProvider.shared(MultiThreadedEventLoopGroup.singleton)
    self.client = HTTPClient(eventLoopGroupProvider: group, configuration: client)
    client.httpVersion = .http1Only
    oldClient = HTTPClient(eventLoopGroupProvider: group, configuration: client)
  }

  /// Posts one message.
  func post(_ message: HTTPMessage, extra headers: [(String, String)]) async -> Outcome {
    let all = message.headers + headers
    let size = all.reduce(url.utf8.count) { $0 + $1.0.utf8.count + $1.1.utf8.count + 4 }
    guard size <= Self.headLimit else {
      return .unpostable(
        "its header fields take \(size) bytes, more than the \(Self.headLimit) that a request may have")
    }
    var request = HTTPClientRequest(url: url)
    request.method = .POST
    for (name, value) in all { request.headers.add(name: name, value: value) }
    request.body = .bytes(message.body)
    return await answer(to: request, by: size > Self.frameLimit ? oldClient : client)
  }

  /// Asks the receiver which methods it has, without a body.
  func ask(_ headers: [(name: String, value: String)]) async -> Outcome {
    var request = HTTPClientRequest(url: url)
    request.method = .OPTIONS
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    return await answer(to: request, by: client)
  }

  private func answer(to request: HTTPClientRequest, by client: HTTPClient) async -> Outcome {
    let before = answers.load(ordering: .acquiring)
    do {
      let response = try await client.execute(request, deadline: .now() + totalTimeout)
      answers.add(1, ordering: .acquiringAndReleasing)
      await Self.forget(response)
      let retryAfter = response.headers.first(name: "retry-after")
        .flatMap { RetryAfter.duration($0, nowUnixSeconds: PostgresTimestamp.now.unixSeconds) }
      return .answer(
        Answer(
          status: Int(response.status.code),
          location: response.headers.first(name: "location").flatMap(Self.shown),
          retryAfter: retryAfter,
          remark: response.headers.first(name: AnswerHead.remarkField)))
    } catch {
      let isSilence = (error as? HTTPClientError).map { Self.silences.contains($0) } ?? false
      let mayRepeat = isSilence || connections.areThere
      if mayRepeat, answers.load(ordering: .acquiring) == before { isSpent.store(true, ordering: .releasing) }
      return .of(error)
    }
  }

  /// Where an answer leads; nil for nowhere.
  private static func shown(_ location: String) -> String? {
    let shown = location.trimmedBlanks.withoutSecrets
    return shown.isEmpty ? nil : String(shown.prefix(300))
  }

  /// What a request without an answer ends with, on a connection that stays.
  private static let silences: [HTTPClientError] = [
    .readTimeout, .writeTimeout, .deadlineExceeded, .getConnectionFromPoolTimeout, .cancelled,
  ]

  /// Reads the words behind an answer's head. The head is all that counts, and it has arrived.
  private static func forget(_ response: HTTPClientResponse) async {
    if response.headers.first(name: "content-length") == "0" { return await read(response.body) }
    await withTaskGroup { group in
      group.addTask { await read(response.body) }
      group.addTask { try? await Task.sleep(for: bodyTime) }
      await group.next()
      // Whoever has not finished by then is left, and with it the connection.
      group.cancelAll()
    }
  }

  private static func read(_ body: HTTPClientResponse.Body) async {
    var count = 0
    do {
      for try await piece in body {
        count += piece.readableBytes
        if count > bodyLimit { return }
      }
    } catch {}
  }

  /// Closes the connections, in bounded time; requests that are under way fail.
  func close() { _ = shutDown().wait(timeout: .now() + 3) }

  private func shutDown() -> DispatchGroup {
    let group = DispatchGroup()
    for client in [client, oldClient] {
      group.enter()
      client.shutdown { _ in group.leave() }
    }
    connections.close()
    return group
  }

  deinit { _ = shutDown() }
}

extension HTTPClient.Authorization {
  /// Basic authentication by `user:password`.
  fileprivate init(user: String) {
    let colon = user.firstIndex(of: ":") ?? user.endIndex
    self = .basic(username: String(user[..<colon]), password: String(user[colon...].dropFirst()))
  }
}
