// SPDX-License-Identifier: Apache-2.0

import Delivery
import Dispatch
package import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A connection that a broker has taken, as others hold it.
package protocol LinkedSession: Sendable {
  /// Whether anything can still go over it.
  var isAlive: Bool { get }

  /// Closes it; gives what is fulfilled when it is closed.
  func close() -> EventLoopFuture<Void>
}

/// The way to a broker: one session at a time, made anew when it has ended, by whoever needs it first; all others wait for the
/// same one. After failures it waits longer and longer between two connections, however many want one.
package final class SessionLink<Session: LinkedSession, Trouble: Error>: Sendable {
  private struct State {
    var session: Session?
    var connecting: Task<Result<Session, Trouble>, Never>?
    /// Connections in a row that came to nothing.
    var failures = 0
    var isClosed = false
    /// The host to begin with.
    var next = 0
    /// Hosts that the others have told of.
    var learned: [BrokerHost] = []
  }

  private static var retry: RetryPolicy {
    var policy = RetryPolicy()
    policy.longestPause = .seconds(10)
    return policy
  }

  private let hosts: [BrokerHost]
  private let closed: Trouble
  private let connect: @Sendable (BrokerHost) async -> Result<Session, Trouble>
  private let state = Mutex(State())

  /// Makes one that is not connected.
  ///
  /// - Parameters:
  ///   - hosts: where to connect, each for the others.
  ///   - closed: what whoever wants a session is told after the end.
  ///   - connect: makes a session with a host.
  package init(
    _ hosts: [BrokerHost], closed: Trouble,
    connect: @escaping @Sendable (BrokerHost) async -> Result<Session, Trouble>
  ) {
    (self.hosts, self.closed, self.connect) = (hosts, closed, connect)
  }

  /// Takes hosts that a broker has told of, for those that were told of before: they are tried when none of the given ones answers.
  package func learn(_ hosts: [BrokerHost]) {
    let others = hosts.filter { !self.hosts.contains($0) }
    state.withLock { $0.learned = others }
  }

  /// The session that is there; nil where none is.
  package var current: Session? { state.withLock(\.session) }

  /// The session that messages go over.
  package func session() async throws(Trouble) -> Session {
    let (session, task) = state.withLock { state -> (Session?, Task<Result<Session, Trouble>, Never>?) in
      if state.isClosed { return (nil, nil) }
      if let session = state.session, session.isAlive { return (session, nil) }
      if let task = state.connecting { return (nil, task) }
      let pause = state.failures == 0 ? nil : Self.retry.pause(afterFailures: state.failures)
      let task = Task { await self.connect(after: pause) }
      state.connecting = task
      return (nil, task)
    }
    if let session { return session }
    guard let task else { throw closed }
    return try await task.value.get()
  }

  private func connect(after pause: Duration?) async -> Result<Session, Trouble> {
    if let pause { try? await Task.sleep(for: pause) }
    var result = Result<Session, Trouble>.failure(closed)
    let first = state.withLock(\.next)
    for number in hosts.indices {
      guard !state.withLock(\.isClosed) else { break }
      let index = (first + number) % hosts.count
      result = await connect(hosts[index])
      if case .success = result {
        // After its end another one may be the better.
        state.withLock { $0.next = index + 1 }
        break
      }
    }
    if case .failure = result {
      // What is told is why the given ones do not answer.
      for host in state.withLock(\.learned) where !state.withLock(\.isClosed) {
        let other = await connect(host)
        guard case .success = other else { continue }
        result = other
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

  /// Closes the connection, in bounded time.
  package func close() {
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

extension BrokerHost {
  /// Connects, with TLS where there are certificates to look at.
  ///
  /// - Parameters:
  ///   - loop: whose connection it is.
  ///   - timeout: how long connecting may take.
  ///   - certificates: whom to trust; nil for a connection in the clear.
  ///   - handler: makes what speaks on it.
  package func connect<Handler: ChannelHandler & SendableMetatype>(
    on loop: any EventLoop, timeout: Duration, _ certificates: WatchedCertificates?,
    handler: @escaping @Sendable () -> Handler
  ) async throws -> (channel: any Channel, handler: NIOLoopBound<Handler>) {
    let tls = try certificates.map { try NIOSSLContext(configuration: $0.current) }
    let hostname = serverName
    let bootstrap = ClientBootstrap(group: loop).connectTimeout(TimeAmount(capped: timeout))
      .channelOption(.socketOption(.so_keepalive), value: 1)
    return try await bootstrap.connect(host: name, port: port) { channel in
      channel.eventLoop.makeCompletedFuture {
        let pipeline = channel.pipeline.syncOperations
        if let tls { try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: hostname)) }
        let made = handler()
        try pipeline.addHandler(made)
        return (channel, NIOLoopBound(made, eventLoop: channel.eventLoop))
      }
    }
  }

  /// Speaks TLS from now on, on a connection that began in the clear. Called on its event loop.
  package func startTLS(on channel: any Channel, _ certificates: WatchedCertificates) throws {
    let tls = try NIOSSLContext(configuration: certificates.current)
    try channel.pipeline.syncOperations.addHandler(
      NIOSSLClientHandler(context: tls, serverHostname: serverName), position: .first)
  }

  /// What its certificate has to be for; nil for an address, which is looked at by itself.
  private var serverName: String? { Self.isAddress(certifiedName) ? nil : certifiedName }

  /// Whether a host's name is an address, for which others cannot show a certificate.
  package static func isAddress(_ name: String) -> Bool { (try? SocketAddress(ipAddress: name, port: 0)) != nil }
}
