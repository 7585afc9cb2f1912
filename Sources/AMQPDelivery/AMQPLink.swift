// SPDX-License-Identifier: Apache-2.0

import Connections
import Delivery
import NIOCore
import NIOPosix
import PostgresWire

/// The way to the broker, with what logging in there takes.
final class AMQPLink: Sendable {
  private let address: AMQPAddress
  private let configuration: AMQPConfiguration
  private let password: CredentialFile<String>?
  private let certificates: WatchedCertificates?
  private let sessions: SessionLink<AMQPSession.Handle, AMQPTrouble>

  init(_ configuration: AMQPConfiguration, _ address: AMQPAddress) throws(Failure) {
    self.configuration = configuration
    self.address = address
    let password = try configuration.passwordFile.map { (path) throws(Failure) in
      try CredentialFile<String>(passwordIn: path)
    }
    let certificates =
      address.isSecure
      ? try WatchedCertificates(
        authorityFile: configuration.authorityFile, clientCertificate: configuration.clientCertificate) : nil
    (self.password, self.certificates) = (password, certificates)
    sessions = SessionLink(address.hosts, closed: .closed) { host in
      _ = certificates?.look()
      return await Self.connect(
        to: host, Self.opening(configuration, address, password), certificates,
        timeout: address.connectTimeout ?? configuration.connectTimeout)
    }
  }

  /// What is wrong with files.
  var complaints: [String: String] {
    var complaints = certificates?.complaints ?? [:]
    if let password { complaints[password.path] = password.complaint }
    return complaints
  }

  /// What holds up all that is on its way.
  var obstacle: String? {
    guard sessions.current?.isBlocked ?? false else { return nil }
    return "the broker takes nothing for now, short of memory or disk (connection.blocked)"
  }

  /// Looks whether there are other certificates now. They count from the next connection on.
  func renew() { _ = certificates?.look() }

  /// The session that messages go over.
  func session() async throws(AMQPTrouble) -> AMQPSession.Handle { try await sessions.session() }

  private static func connect(
    to host: BrokerHost, _ opening: AMQPSession.Opening, _ certificates: WatchedCertificates?, timeout: Duration
  ) async -> Result<AMQPSession.Handle, AMQPTrouble> {
    let standing = AMQPSession.Standing()
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let ready = loop.makePromise(of: Void.self)
    do {
      let (channel, session) = try await host.connect(on: loop, timeout: timeout, certificates) {
        AMQPSession(opening, standing, ready: ready)
      }
      try await ready.futureResult.get()
      return .success(AMQPSession.Handle(channel: channel, standing: standing, session: session))
    } catch {
      ready.fail(error)
      return .failure(AMQPTrouble(error))
    }
  }

  /// As it is now: the password is read again.
  private static func opening(
    _ configuration: AMQPConfiguration, _ address: AMQPAddress, _ password: CredentialFile<String>?
  ) -> AMQPSession.Opening {
    let isExternal = address.user == nil && configuration.clientCertificate != nil
    let user = address.user ?? "guest"
    let secret = password?.current ?? address.password ?? "guest"
    let heartbeat = address.heartbeat ?? UInt16(clamping: max(1, configuration.heartbeat.components.seconds))
    return AMQPSession.Opening(
      virtualHost: address.virtualHost, mechanism: isExternal ? "EXTERNAL" : "PLAIN",
      response: isExternal ? [] : [0] + Array(user.utf8) + [0] + Array(secret.utf8), exchange: configuration.exchange,
      queue: configuration.queue, route: configuration.route, heartbeat: heartbeat,
      startTimeout: address.connectTimeout ?? configuration.connectTimeout,
      confirmTimeout: configuration.confirmTimeout)
  }

  /// Closes the connection, in bounded time.
  func close() { sessions.close() }
}
