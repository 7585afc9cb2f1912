// SPDX-License-Identifier: Apache-2.0

import Connections
public import Delivery
public import PostgresWire

/// Publishes to RabbitMQ: an event counts as published when the broker confirms that it has stored it, and it did not come back
/// because no queue takes it.
///
/// Of a key one event is on the way at a time, keys side by side. While the broker blocks its publishers, attempts wait.
public final class AMQPPublisher: Publisher {
  private let configuration: AMQPConfiguration
  private let address: AMQPAddress
  private let writer: MessageWriter
  private let link: AMQPLink

  /// Makes a publisher: reads the password and certificates. Nothing is sent before there are events.
  public init(_ configuration: AMQPConfiguration) throws(Failure) {
    do { address = try AMQPAddress(configuration.address) } catch { throw .setting("sink", Wording("\(error)")) }
    self.configuration = configuration
    try Self.check(configuration)
    try EventLoops.prepare()
    writer = MessageWriter(configuration)
    link = try AMQPLink(configuration, address)
  }

  /// Refuses what cannot work, before any file is read.
  package static func check(_ configuration: AMQPConfiguration) throws(Failure) {
    let address: AMQPAddress
    do { address = try AMQPAddress(configuration.address) } catch { throw .setting("sink", Wording("\(error)")) }
    guard configuration.exchange.utf8.count <= 255 else { throw .setting("sink.amqp-exchange", "at most 255 bytes") }
    guard (1...64).contains(configuration.headerPrefix.utf8.count) else {
      throw .setting("sink.amqp-header-prefix", "1 to 64 bytes")
    }
    if let queue = configuration.queue, queue.utf8.count > 255 { throw .setting("sink.route", "at most 255 bytes") }
    let hasPassword = configuration.passwordFile != nil || address.password != nil
    // A broker's own user, who may log in from its own machine only, has his name for a password.
    guard address.user == nil || address.user == "guest" || hasPassword else {
      throw .setting("sink", "the address has a user and no password: give \(setting: "sink-password-file")")
    }
    guard configuration.passwordFile == nil || address.password == nil else {
      throw .setting("sink", "the address has a password; it excludes \(setting: "sink-password-file")")
    }
    guard address.user != nil || !hasPassword else {
      throw .setting("sink", "there is a password and no user: write amqps://user@host")
    }
    guard address.isSecure || (configuration.authorityFile == nil && configuration.clientCertificate == nil) else {
      throw .setting("sink", "certificates need an amqps:// address")
    }
  }

  /// The address, without user, password and parameters.
  public var destination: String { address.shown }

  /// That the broker takes nothing for now.
  public var obstacle: String? { link.obstacle }

  /// What is wrong with files.
  public var complaints: [String: String] { link.complaints }

  /// Hands the events over and waits until each is stored or will not be.
  public func publish(_ events: [OutgoingEvent]) async -> Attempt {
    let session: AMQPSession.Handle
    do { session = try await link.session() } catch { return Attempt(.together(error.verdict)) }
    let written = WrittenAttempt(
      events, writer, frameLimit: session.frameLimit, stopsAtRefusal: configuration.stopsAtRefusal)
    let verdicts = await session.publish(written)
    return Attempt(verdicts.allSatisfy { $0 == Attempt.Verdict.published } ? .together(.published) : .each(verdicts))
  }

  /// Hands letters over for a queue.
  func publish(_ letters: [DeadLetter], to queue: String) async -> [Attempt.Verdict] {
    do {
      let session = try await link.session()
      return await session.publish(WrittenAttempt(letters, for: queue, frameLimit: session.frameLimit))
    } catch {
      return [error.verdict]
    }
  }

  /// Logs in, and looks whether the exchange is there.
  public func check() async throws(Failure) {
    do { _ = try await link.session() } catch { throw error.failure(of: destination) }
  }

  /// Looks whether there are other certificates now.
  public func renew() { link.renew() }

  /// Closes the connection.
  public func close() { link.close() }
}

/// A sink that publishes to RabbitMQ.
public typealias AMQPSink = KeyedSink<AMQPPublisher>
