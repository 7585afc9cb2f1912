// SPDX-License-Identifier: Apache-2.0

import Connections
import Delivery
import NIOCore
import NIOPosix
import PostgresWire

/// The way to the server, with what logging in there takes.
final class RedisLink: Sendable {
  private let password: CredentialFile<String>?
  private let certificates: WatchedCertificates?
  private let sessions: SessionLink<RedisSession.Handle, RedisTrouble>

  init(_ configuration: RedisConfiguration, _ address: RedisAddress) throws(Failure) {
    let password = try configuration.passwordFile.map { (path) throws(Failure) in
      try CredentialFile<String>(passwordIn: path)
    }
    let certificates =
      address.isSecure
      ? try WatchedCertificates(
        authorityFile: configuration.authorityFile, clientCertificate: configuration.clientCertificate) : nil
    (self.password, self.certificates) = (password, certificates)
    sessions = SessionLink([address.host], closed: .closed) { host in
      _ = certificates?.look()
      let opening = RedisSession.Opening(
        user: address.user, password: password?.current ?? address.password, database: address.database,
        startTimeout: configuration.connectTimeout, answerTimeout: configuration.answerTimeout)
      return await Self.connect(to: host, opening, certificates, timeout: configuration.connectTimeout)
    }
  }

  /// What is wrong with files.
  var complaints: [String: String] {
    var complaints = certificates?.complaints ?? [:]
    if let password { complaints[password.path] = password.complaint }
    return complaints
  }

  /// How the server keeps what it is given, where that may be lost.
  var doubt: String? { sessions.current?.server.doubt }

  /// Looks whether there are other certificates now. They count from the next connection on.
  func renew() { _ = certificates?.look() }

  /// The session that calls go over.
  func session() async throws(RedisTrouble) -> RedisSession.Handle { try await sessions.session() }

  private static func connect(
    to host: BrokerHost, _ opening: RedisSession.Opening, _ certificates: WatchedCertificates?, timeout: Duration
  ) async -> Result<RedisSession.Handle, RedisTrouble> {
    let standing = RedisSession.Standing()
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let ready = loop.makePromise(of: Void.self)
    do {
      let (channel, session) = try await host.connect(on: loop, timeout: timeout, certificates) {
        RedisSession(opening, standing, ready: ready)
      }
      try await ready.futureResult.get()
      return .success(RedisSession.Handle(channel: channel, standing: standing, session: session))
    } catch {
      ready.fail(error)
      return .failure(RedisTrouble(error))
    }
  }

  /// Closes the connection, in bounded time.
  func close() { sessions.close() }
}
