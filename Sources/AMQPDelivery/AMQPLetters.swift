// SPDX-License-Identifier: Apache-2.0

public import Delivery
public import PostgresWire

/// Dead letters as messages in a queue, each as JSON.
public final class AMQPLetters: WrittenLetters {
  private let publisher: AMQPPublisher
  private let queue: String
  private let isCancelled: @Sendable () -> Bool

  /// Names a queue.
  ///
  /// - Parameters:
  ///   - configuration: how its broker is reached.
  ///   - queue: its name.
  ///   - isCancelled: asked now and then while the broker is waited for: true gives up.
  public init(
    _ configuration: AMQPConfiguration, queue: String, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(Failure) {
    var configuration = configuration
    configuration.exchange = ""
    configuration.route = Route(literal: queue)
    publisher = try AMQPPublisher(configuration)
    (self.queue, self.isCancelled) = (queue, isCancelled)
  }

  deinit { publisher.close() }

  /// Looks for the queue.
  public func check() throws(Failure) { try check(publisher, unless: isCancelled) }

  /// Such as `the queue letters`.
  public var place: String { "the queue \(queue)" }

  /// Publishes them, and waits until the broker has stored all.
  public func append(_ letters: [DeadLetter]) throws(Failure) {
    guard !letters.isEmpty else { return }
    let (publisher, queue) = (publisher, queue)
    let verdicts = wait(unless: isCancelled) { await publisher.publish(letters, to: queue) }
    guard let verdicts else { throw givenUp }
    try require(verdicts)
  }
}
