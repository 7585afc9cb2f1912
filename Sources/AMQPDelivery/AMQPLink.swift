// SPDX-License-Identifier: Apache-2.0

import Connections
import Delivery
import Dispatch
import NIOCore
import NIOPosix
import NIOSSL
import PostgresWire
import Synchronization

/// The way to the broker: one session at a time, made anew when it has ended, by whoever needs it first; all others wait for the
/// same one. After failures it waits longer and longer between two connections, however many want one.
final class AMQPLink: Sendable {
  private struct State {
    var session: AMQPSession.Handle?
    var connecting: Task<Result<AMQPSession.Handle, AMQPTrouble>, Never>?
    /// Connections in a row that came to nothing.
    var failures = 0
    var isClosed = false
    /// The host to begin with.
    var next = 0
  }

  private static let retry: RetryPolicy = {
    var policy = RetryPolicy()
    policy.longestPause = .seconds(10)
    return policy
  }()

  private let address: AMQPAddress
  private let configuration: AMQPConfiguration
  private let password: CredentialFile<String>?
  private let certificates: WatchedCertificates?
  private let state = Mutex(State())

  init(_ configuration: AMQPConfiguration, _ address: AMQPAddress) throws(Failure) {
    self.configuration = configuration
    self.address = address
    password = try configuration.passwordFile.map { (path) throws(Failure) in
      try CredentialFile(path) { (text) throws(CredentialFile<String>.Problem) in
        guard !text.isEmpty, !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
          throw .init("wants one line with a password")
        }
        return text
      }
    }
    certificates =
      address.isSecure
      ? try WatchedCertificates(
        authorityFile: configuration.authorityFile, clientCertificate: configuration.clientCertificate) : nil
  }

  /// What is wrong with files.
  var complaints: [String: String] {
    var complaints = certificates?.complaints ?? [:]
    if let password { complaints[password.path] = password.complaint }
    return complaints
  }

  /// What holds up all that is on its way.
  var obstacle: String? {
    guard state.withLock({ $0.session?.isBlocked ?? false }) else { return nil }
    return "the broker takes nothing for now, short of memory or disk (connection.blocked)"
  }

  /// Looks whether there are other certificates now. They count from the next connection on.
  func renew() { _ = certificates?.look() }

  /// The session that messages go over.
  func session() async throws(AMQPTrouble) -> AMQPSession.Handle {
    let (session, task) = state.withLock {
      state -> (AMQPSession.Handle?, Task<Result<AMQPSession.Handle, AMQPTrouble>, Never>?) in
      if state.isClosed { return (nil, nil) }
      if let session = state.session, session.isAlive { return (session, nil) }
      if let task = state.connecting { return (nil, task) }
      let pause = state.failures == 0 ? nil : Self.retry.pause(afterFailures: state.failures)
      let task = Task { await self.connect(after: pause) }
      state.connecting = task
      return (nil, task)
    }
    if let session { return session }
    guard let task else { throw .closed }
    return try await task.value.get()
  }

  private func connect(after pause: Duration?) async -> Result<AMQPSession.Handle, AMQPTrouble> {
    if let pause { try? await Task.sleep(for: pause) }
    _ = certificates?.look()
    var result = Result<AMQPSession.Handle, AMQPTrouble>.failure(.closed)
    let first = state.withLock(\.next)
    for number in address.hosts.indices {
      guard !state.withLock(\.isClosed) else { break }
      let index = (first + number) % address.hosts.count
      result = await connect(to: address.hosts[index])
      if case .success = result {
        // After its end another one may be the better.
        state.withLock { $0.next = index + 1 }
        break
      }
    }
    let isClosed = state.withLock { state in
      state.connecting = nil
      switch result {
      case .success(let session): (state.session, state.failures) = (session, 0)
      case .failure: (state.session, state.failures) = (nil, state.failures + 1)
      }
      return state.isClosed
    }
    if isClosed, case .success(let session) = result { _ = session.close() }
    return result
  }

  private func connect(to host: AMQPAddress.Host) async -> Result<AMQPSession.Handle, AMQPTrouble> {
    let opening = self.opening
    let standing = AMQPSession.Standing()
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let ready = loop.makePromise(of: Void.self)
    let isAddress = (try? SocketAddress(ipAddress: host.name, port: 0)) != nil
    do {
      let tls = try certificates.map { try NIOSSLContext(configuration: $0.current) }
      let bootstrap = ClientBootstrap(group: loop)
        .connectTimeout(TimeAmount(capped: address.connectTimeout ?? configuration.connectTimeout))
        .channelOption(.socketOption(.so_keepalive), value: 1)
      let (channel, session) = try await bootstrap.connect(host: host.name, port: host.port) { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let tls {
            try pipeline.addHandler(
              NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : host.name))
          }
          let session = AMQPSession(opening, standing, ready: ready)
          try pipeline.addHandler(session)
          return (channel, NIOLoopBound(session, eventLoop: channel.eventLoop))
        }
      }
      try await ready.futureResult.get()
      return .success(AMQPSession.Handle(channel: channel, standing: standing, session: session))
    } catch {
      ready.fail(error)
      return .failure(AMQPTrouble(error))
    }
  }

  /// As it is now: the password is read again.
  private var opening: AMQPSession.Opening {
    let isExternal = address.user == nil && configuration.clientCertificate != nil
    let user = address.user ?? "guest"
    let secret = password?.current ?? address.password ?? "guest"
    let heartbeat = address.heartbeat ?? UInt16(clamping: max(1, configuration.heartbeat.components.seconds))
    return AMQPSession.Opening(
      virtualHost: address.virtualHost, mechanism: isExternal ? "EXTERNAL" : "PLAIN",
      response: isExternal ? [] : [0] + Array(user.utf8) + [0] + Array(secret.utf8), exchange: configuration.exchange,
      queue: configuration.queue, route: configuration.route, heartbeat: heartbeat,
      startTimeout: address.connectTimeout ?? configuration.connectTimeout,
      confirmTimeout: configuration.confirmTimeout, stopsAtRefusal: configuration.stopsAtRefusal)
  }

  /// Closes the connection, in bounded time.
  func close() {
    let (session, task) = state.withLock { state in
      state.isClosed = true
      return (state.session, state.connecting)
    }
    task?.cancel()
    guard let session else { return }
    let closed = DispatchSemaphore(value: 0)
    session.close().whenComplete { _ in closed.signal() }
    _ = closed.wait(timeout: .now() + 3)
  }
}
