// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Connections
import NIOCore
import NIOHTTP1
package import PostgresWire

/// Asks a server and reads what it answers, which is up to so many bytes long.
package final class HTTPExchange: Sendable {
  /// What came of it.
  package enum Outcome: Sendable {
    case answer(status: Int, body: [UInt8])
    /// No answer that could be read, and there may be one later.
    case failed(String)
    /// There will be none as things are set up.
    case hopeless(String, advice: Wording?)
  }

  /// The longest answer, in bytes.
  private static let longest = 32 << 20

  private let transport: HTTPTransport
  private let credentials: HTTPCredentials

  /// Reads the files of certificates and credentials.
  ///
  /// - Parameter configuration: Where the server is, without a slash at its end, and who we are.
  package init(_ configuration: HTTPConfiguration) throws(Failure) {
    let address: HTTPAddress
    do { address = try HTTPAddress(configuration.url) } catch { throw Failure(.settings, Wording("\(error)")) }
    try EventLoops.prepare()
    credentials = try HTTPCredentials(configuration.credentials, user: address.user)
    let certificates = try WatchedCertificates(
      authorityFile: configuration.authorityFile, clientCertificate: configuration.clientCertificate,
      minimum: configuration.minimumTLS.ofLibrary)
    transport = HTTPTransport(
      configuration, address, through: try configuration.proxy.proxy(before: address), certificates.current)
  }

  /// Sends one request.
  ///
  /// - Parameters:
  ///   - path: What stands behind the address, with a slash in front.
  ///   - body: What is posted; nil to get.
  ///   - headers: Further fields.
  package func send(_ path: String, body: [UInt8]? = nil, headers: [(String, String)] = []) async -> Outcome {
    await withTaskGroup { group in
      group.addTask { await self.transport.exchange(path, body, headers + self.credentials.proof().headers) }
      group.addTask {
        try? await Task.sleep(for: .nanoseconds(self.transport.totalTimeout.nanoseconds))
        return .failed("no answer within the time for a whole request")
      }
      defer { group.cancelAll() }
      return await group.next() ?? .failed("no answer")
    }
  }

  /// Closes the connections.
  package func close() { transport.close() }

  fileprivate static func read(_ body: HTTPClientResponse.Body) async throws -> [UInt8]? {
    var bytes: [UInt8] = []
    for try await piece in body {
      guard bytes.count + piece.readableBytes <= longest else { return nil }
      bytes.append(contentsOf: piece.readableBytesView)
    }
    return bytes
  }
}

extension HTTPTransport {
  fileprivate func exchange(
    _ path: String, _ body: [UInt8]?, _ headers: [(String, String)]
  ) async -> HTTPExchange.Outcome {
    var request = HTTPClientRequest(url: url + path)
    request.method = body == nil ? .GET : .POST
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if let body { request.body = .bytes(body) }
    do {
      let response = try await client.execute(request, deadline: .now() + totalTimeout)
      guard let bytes = try await HTTPExchange.read(response.body) else { return .failed("its answer is too long") }
      return .answer(status: Int(response.status.code), body: bytes)
    } catch {
      switch Outcome.of(error) {
      case .hopeless(let why, let advice), .untrusted(let why, let advice): return .hopeless(why, advice: advice)
      case .failed(let why), .unpostable(let why): return .failed(why)
      case .answer: return .failed("no answer")
      }
    }
  }
}
