// SPDX-License-Identifier: Apache-2.0

import Connections
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
package import PostgresWire

/// Looks whether a receiver could be posted to, step by step, and sends it nothing.
package struct ReceiverProbe: Sendable {
  /// What came of a step.
  package enum Finding: Hashable, Sendable {
    /// It went well; what was found.
    case well(String)
    /// It did not.
    case failed(Wording, advice: Wording?)
    /// A step before did not go well.
    case skipped
  }

  /// Whether files of credentials and certificates can be used.
  package private(set) var files = Finding.skipped
  /// Which address the host's name has.
  package private(set) var name = Finding.skipped
  /// Whether the port takes connections.
  package private(set) var connection = Finding.skipped
  /// Whether TLS comes about.
  package private(set) var tls = Finding.skipped
  /// Until when the receiver's certificate is valid, in seconds since 1970; nil where there is none.
  package private(set) var certificateEnd: Int64?
  /// Whether events would be encrypted.
  package private(set) var isSecure = false
  /// Whether the receiver is on this machine.
  package private(set) var isLoopback = false

  /// Looks. Blocks its thread, in bounded time.
  package init(_ configuration: HTTPConfiguration) {
    let (address, tls, proxy): (HTTPAddress, TLSConfiguration, HTTPAddress?)
    do throws(Failure) {
      do { address = try HTTPAddress(configuration.url) } catch { throw .setting("sink", Wording("\(error)")) }
      _ = try HTTPCredentials(configuration.credentials, user: address.user)
      proxy = try configuration.proxy.proxy(before: address)
      tls = try WatchedCertificates(
        authorityFile: configuration.authorityFile, clientCertificate: configuration.clientCertificate,
        minimum: configuration.minimumTLS.ofLibrary
      ).current
      try EventLoops.prepare()
    } catch {
      files = .failed(error.what, advice: error.advice)
      return
    }
    files = .well("the files of credentials and certificates can be used")
    (isSecure, isLoopback) = (address.isSecure, address.isLoopback)
    // Only the proxy looks for the receiver, and only a request makes it do so.
    let next = proxy ?? address
    let found: SocketAddress
    do { found = try SocketAddress.makeAddressResolvingHost(next.host, port: next.port) } catch {
      name = .failed("the name \(next.host) is not found", advice: "check the address, and the name service")
      return
    }
    name = .well("\(next.host) is \(found.ipAddress ?? "?")")
    let limit = TimeAmount(capped: min(configuration.connectTimeout, .seconds(10)))
    let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connectTimeout(limit)
    do {
      let channel = try bootstrap.connect(host: next.host, port: next.port).wait()
      connection = .well("\(proxy == nil ? "" : "the proxy ")\(next.host), port \(next.port), takes connections")
      try? channel.close().wait()
    } catch {
      connection = Self.failed(error)
      return
    }
    guard isSecure, proxy == nil else { return }
    do throws(ProbeFailure) {
      let (words, end) = try Self.handshake(address, tls, limit)
      (self.tls, certificateEnd) = (.well(words), end)
    } catch {
      self.tls = Self.failed(error.cause)
      // What is wrong with it only the certificate itself tells.
      var trusting = tls
      trusting.certificateVerification = .none
      certificateEnd = (try? Self.handshake(address, trusting, limit))?.end
    }
  }

  private struct ProbeFailure: Error { let cause: any Error }

  private static func failed(_ error: any Error) -> Finding {
    switch HTTPTransport.Outcome.of(error) {
    case .hopeless(let why, let advice), .untrusted(let why, let advice): .failed(Wording(why), advice: advice)
    case .failed(let why), .unpostable(let why): .failed(Wording(why), advice: nil)
    case .answer: .skipped
    }
  }

  /// Opens TLS, as the client that posts does, and closes it.
  private static func handshake(
    _ address: HTTPAddress, _ tls: TLSConfiguration, _ limit: TimeAmount
  ) throws(ProbeFailure) -> (words: String, end: Int64?) {
    let group = MultiThreadedEventLoopGroup.singleton
    let done = group.next().makePromise(of: Handshake.Result.self)
    let isAddress = (try? SocketAddress(ipAddress: address.host, port: 0)) != nil
    let serverName = isAddress ? nil : address.host
    do {
      let context = try NIOSSLContext(configuration: tls)
      let channel = try ClientBootstrap(group: group).connectTimeout(limit).channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let client = try NIOSSLClientHandler(context: context, serverHostname: serverName)
          try channel.pipeline.syncOperations.addHandlers([client, Handshake(client, done)])
        }
      }.connect(host: address.host, port: address.port).wait()
      // Whoever accepts and then says nothing is not waited for without end.
      let timer = channel.eventLoop.scheduleTask(in: limit) { done.fail(ChannelError.connectTimeout(limit)) }
      defer {
        timer.cancel()
        channel.close(promise: nil)
      }
      let result = try done.futureResult.wait()
      return (result.version, result.end)
    } catch {
      done.fail(error)
      throw ProbeFailure(cause: error)
    }
  }
}

/// Waits until TLS has come about, or has not.
private final class Handshake: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  struct Result: Sendable {
    var version: String
    var end: Int64?
  }

  private let client: NIOSSLClientHandler
  private let done: EventLoopPromise<Result>

  init(_ client: NIOSSLClientHandler, _ done: EventLoopPromise<Result>) {
    (self.client, self.done) = (client, done)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case TLSUserEvent.handshakeCompleted = event {
      let version = client.tlsVersion.map { "\($0)" } ?? "TLS"
      done.succeed(Result(version: version, end: client.peerCertificate.map { Int64($0.notValidAfter) }))
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    done.fail(error)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    done.fail(ChannelError.eof)
    context.fireChannelInactive()
  }
}
