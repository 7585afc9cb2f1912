// SPDX-License-Identifier: Apache-2.0

import Connections
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
    let call = HTTPTransport.Call(
      method: body == nil ? "GET" : "POST", url: transport.url + path, headers: headers + credentials.proof().headers,
      body: body ?? [], longestAnswer: Self.longest)
    return switch await transport.exchange(call) {
    case .answer(let answer): .answer(status: answer.status, body: answer.body)
    case .failed(let why), .unpostable(let why): .failed(why)
    case .hopeless(let why, let advice), .untrusted(let why, let advice): .hopeless(why, advice: advice)
    }
  }

  /// Closes the connections.
  package func close() { transport.close() }
}
