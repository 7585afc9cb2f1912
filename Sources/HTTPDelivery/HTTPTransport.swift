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
package import PostgresWire
import Synchronization

/// Sends requests and reads what the receiver says. Beside it only `TransportTrouble` knows the HTTP client, by its errors.
package final class HTTPTransport: Sendable {
  /// What a receiver says.
  package struct Answer: Sendable {
    package var status: Int
    /// Where it leads, as it may be shown.
    var location: String?
    /// When to come back.
    package var retryAfter: Duration?
    /// What was wrong with it although it could be understood.
    package var remark: String?
    /// Its words, where they matter.
    package var body: [UInt8] = []
    /// Those of its header fields that were asked for, by their names in small letters.
    package var fields: [String: String] = [:]
  }

  /// A request whose answer's words matter.
  package struct Call: Sendable {
    /// Such as `POST`.
    package var method: String
    package var url: String
    package var headers: [(String, String)]
    package var body: [UInt8]
    /// How many bytes of the answer's words are taken.
    package var longestAnswer: Int
    /// Header fields of the answer that matter, in small letters.
    package var fields: [String] = []

    package init(
      method: String, url: String, headers: [(String, String)], body: [UInt8] = [], longestAnswer: Int
    ) {
      (self.method, self.url, self.headers) = (method, url, headers)
      (self.body, self.longestAnswer) = (body, longestAnswer)
    }
  }

  /// What came of an attempt.
  package enum Outcome: Sendable {
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

  private let client: HTTPClient
  /// For heads that are too long for HTTP/2.
  private let oldClient: HTTPClient
  let url: String
  private let totalTimeout: Duration
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
    totalTimeout = configuration.totalTimeout
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

  /// Sends a request, and reads the words of its answer. What is cut off, too long or too slow is no answer.
  package func exchange(_ call: Call) async -> Outcome {
    var request = HTTPClientRequest(url: call.url)
    request.method = HTTPMethod(rawValue: call.method)
    for (name, value) in call.headers { request.headers.add(name: name, value: value) }
    if !call.body.isEmpty { request.body = .bytes(call.body) }
    return await answer(to: request, by: client, reading: call.longestAnswer, call.fields)
  }

  /// - Parameters:
  ///   - request: what is sent.
  ///   - client: what sends it.
  ///   - longest: how many bytes of the answer's words are taken; nil where they do not matter.
  ///   - fields: which of its header fields matter.
  private func answer(
    to request: HTTPClientRequest, by client: HTTPClient, reading longest: Int? = nil, _ fields: [String] = []
  ) async -> Outcome {
    let before = answers.load(ordering: .acquiring)
    do {
      let response = try await client.execute(request, deadline: .now() + TimeAmount(capped: totalTimeout))
      answers.add(1, ordering: .acquiringAndReleasing)
      var body: [UInt8] = []
      if let longest {
        guard let words = try await Self.words(of: response, atMost: longest, within: totalTimeout) else {
          return .failed("its answer has more than \(longest) bytes")
        }
        body = words
      } else {
        await Self.forget(response)
      }
      let retryAfter = response.headers.first(name: "retry-after")
        .flatMap { RetryAfter.duration($0, nowUnixSeconds: PostgresTimestamp.now.unixSeconds) }
      let found = fields.compactMap { name in response.headers.first(name: name).map { (name, $0) } }
      return .answer(
        Answer(
          status: Int(response.status.code),
          location: response.headers.first(name: "location").flatMap(Self.shown),
          retryAfter: retryAfter,
          remark: response.headers.first(name: AnswerHead.remarkField), body: body,
          fields: Dictionary(found) { first, _ in first }))
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

  /// The words behind an answer's head; nil where they are too many.
  private static func words(
    of response: HTTPClientResponse, atMost limit: Int, within time: Duration
  ) async throws -> [UInt8]? {
    try await withThrowingTaskGroup { group in
      group.addTask { () -> [UInt8]? in
        var words: [UInt8] = []
        for try await piece in response.body {
          guard words.count + piece.readableBytes <= limit else { return nil }
          words.append(contentsOf: piece.readableBytesView)
        }
        return words
      }
      group.addTask {
        try await Task.sleep(for: time)
        throw HTTPClientError.deadlineExceeded
      }
      defer { group.cancelAll() }
      return try await group.next() ?? nil
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
  package func close() { _ = shutDown().wait(timeout: .now() + 3) }

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
