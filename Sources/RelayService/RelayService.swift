// SPDX-License-Identifier: Apache-2.0

public import Delivery
public import PostgresWire
public import Relay
public import ServiceLifecycle

/// A relay among the services of a process: when the group shuts down gracefully, what has been read is delivered and
/// confirmed; when its task is cancelled, too.
///
///     let relay = RelayService(relay, open: …, sink: …)
///     try await ServiceGroup(services: [relay], gracefulShutdownSignals: [.sigterm], logger: logger).run()
public struct RelayService<Source: FrameSource & ~Copyable>: Service {
  /// Opens the stream; called again after a failure that may heal.
  public typealias Open = @Sendable (Relay.Request) throws(Failure) -> Source
  /// Makes the sink, once it is known which stream it is for.
  public typealias MakeSink = @Sendable (StreamIdentity) throws(Failure) -> any Sink

  private let relay: Relay
  private let open: Open
  private let makeSink: MakeSink

  /// Makes a service of a relay; for the rest see `Relay.run(open:sink:)`.
  public init(_ relay: Relay, open: @escaping Open, sink makeSink: @escaping MakeSink) {
    self.relay = relay
    self.open = open
    self.makeSink = makeSink
  }

  /// Runs until the end that was asked for, a shutdown, or an error that cannot heal.
  public func run() async throws {
    try await withGracefulShutdownHandler {
      _ = try await relay.run(open: open, sink: makeSink)
    } onGracefulShutdown: {
      relay.control.stop()
    }
  }
}
