// SPDX-License-Identifier: Apache-2.0

public import Delivery
public import PostgresWire

/// Dead letters as entries of a stream, each as JSON.
public final class RedisLetters: WrittenLetters {
  private let publisher: RedisPublisher
  private let stream: String
  private let isCancelled: @Sendable () -> Bool

  /// Names a stream.
  ///
  /// - Parameters:
  ///   - configuration: how its server is reached.
  ///   - stream: its name.
  ///   - isCancelled: asked now and then while the server is waited for: true gives up.
  public init(
    _ configuration: RedisConfiguration, stream: String, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(Failure) {
    var configuration = configuration
    configuration.route = Route(literal: stream)
    // Others may keep letters there too.
    configuration.identifiers = .auto
    configuration.maximumLength = nil
    publisher = try RedisPublisher(configuration)
    (self.stream, self.isCancelled) = (stream, isCancelled)
  }

  deinit { publisher.close() }

  /// Looks whether the stream takes entries.
  public func check() throws(Failure) { try check(publisher, unless: isCancelled) }

  /// Such as `the stream letters`.
  public var place: String { "the stream \(stream)" }

  /// Adds them, and waits until all are there.
  public func append(_ letters: [DeadLetter]) throws(Failure) {
    guard !letters.isEmpty else { return }
    let (publisher, stream) = (publisher, stream)
    let verdicts = wait(unless: isCancelled) { await publisher.publish(letters, to: stream) }
    guard let verdicts else { throw givenUp }
    try require(verdicts)
  }
}
