// SPDX-License-Identifier: Apache-2.0

import Connections
import Delivery
import NIOCore
import NIOPosix
import PostgresWire

/// The way to the server, with what logging in there takes.
final class NATSLink: Sendable {
  private let password: CredentialFile<String>?
  private let credentials: CredentialFile<NATSCredentials>?
  private let certificates: WatchedCertificates
  private let sessions: SessionLink<NATSSession.Handle, NATSTrouble>

  /// - Parameter advice: what to do where no stream takes a subject.
  init(_ configuration: NATSConfiguration, _ address: NATSAddress, _ advice: Wording) throws(Failure) {
    let password = try configuration.passwordFile.map { (path) throws(Failure) in
      try CredentialFile<String>(passwordIn: path)
    }
    let credentials = try configuration.credentialsFile.map { (path) throws(Failure) in
      try CredentialFile<NATSCredentials>(path) { (text) throws(CredentialFile<NATSCredentials>.Problem) in
        try NATSCredentials(text)
      }
    }
    // A server may want TLS although the address does not say so.
    let certificates = try WatchedCertificates(
      authorityFile: configuration.authorityFile, clientCertificate: configuration.clientCertificate)
    (self.password, self.credentials, self.certificates) = (password, credentials, certificates)
    let (needsTLS, pattern) = (configuration.needsTLS(address), SubjectPattern(configuration.route).text)
    let learned = LearnedHosts(isSecure: needsTLS, staysHere: address.isLoopback)
    let sessions = SessionLink<NATSSession.Handle, NATSTrouble>(address.hosts, closed: .closed) { host in
      _ = certificates.look()
      // As they are now: files are read again.
      let opening = NATSSession.Opening(
        host: host, certificates: certificates, needsTLS: needsTLS,
        login: Self.login(address, password?.current, credentials?.current), inboxPrefix: configuration.inboxPrefix,
        pattern: pattern, advice: advice, startTimeout: configuration.connectTimeout,
        answerTimeout: configuration.answerTimeout,
        learn: learned.take)
      return await Self.connect(to: host, opening, timeout: configuration.connectTimeout)
    }
    learned.onChange { [weak sessions] in sessions?.learn($0) }
    self.sessions = sessions
  }

  private static func login(
    _ address: NATSAddress, _ password: String?, _ credentials: NATSCredentials?
  ) -> NATSLogin {
    if let credentials { return .key(credentials) }
    switch (address.user, password ?? address.password) {
    case (let user?, let password?): return .password(user: user, password)
    case (let token?, nil), (nil, let token?): return .token(token)
    case (nil, nil): return .nobody
    }
  }

  /// What is wrong with files.
  var complaints: [String: String] {
    var complaints = certificates.complaints
    if let password { complaints[password.path] = password.complaint }
    if let credentials { complaints[credentials.path] = credentials.complaint }
    return complaints
  }

  /// Looks whether there are other certificates now. They count from the next connection on.
  func renew() { _ = certificates.look() }

  /// The session that messages go over.
  func session() async throws(NATSTrouble) -> NATSSession.Handle { try await sessions.session() }

  private static func connect(
    to host: BrokerHost, _ opening: NATSSession.Opening, timeout: Duration
  ) async -> Result<NATSSession.Handle, NATSTrouble> {
    let standing = NATSSession.Standing()
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let ready = loop.makePromise(of: Void.self)
    do {
      // In the clear at first: the server speaks before TLS does.
      let (channel, session) = try await host.connect(on: loop, timeout: timeout, nil) {
        NATSSession(opening, standing, ready: ready)
      }
      try await ready.futureResult.get()
      return .success(NATSSession.Handle(channel: channel, standing: standing, session: session))
    } catch {
      ready.fail(error)
      return .failure(NATSTrouble(error))
    }
  }

  /// Closes the connection, in bounded time.
  func close() { sessions.close() }
}
