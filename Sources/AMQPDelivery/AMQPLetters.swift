// SPDX-License-Identifier: Apache-2.0

public import Delivery
import Dispatch
public import PostgresWire
import Synchronization

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
  public func check() throws(Failure) {
    let publisher = publisher
    if let failure = wait({
      do throws(Failure) {
        try await publisher.check()
        return Failure?.none
      } catch {
        return error
      }
    }) ?? Failure(.connection, "the dead letters' queue \(queue): given up") {
      throw failure
    }
  }

  /// Such as `the queue letters`.
  public var place: String { "the queue \(queue)" }

  /// Publishes them, and waits until the broker has stored all.
  public func append(_ letters: [DeadLetter]) throws(Failure) {
    guard !letters.isEmpty else { return }
    let (publisher, queue) = (publisher, queue)
    let verdicts = wait { await publisher.publish(letters, to: queue) }
    guard let verdicts else { throw Failure(.connection, "the dead letters' queue \(queue): given up") }
    for verdict in verdicts {
      switch verdict {
      case .published: continue
      case .refused(let why): throw Failure(.letters, "a letter cannot be kept in \(place): \(why.reason)")
      case .retry(let why):
        throw Failure(
          .connection, "the dead letters' queue \(queue): \(why.reason)", advice: why.hint.map { Wording($0) })
      case .stop(let failure): throw failure
      }
    }
  }

  /// Waits on this thread; nil when that is given up.
  private func wait<Result: Sendable>(_ body: @escaping @Sendable () async -> Result) -> Result? {
    let result = Mutex<Result?>(nil)
    let isDone = DispatchSemaphore(value: 0)
    Task {
      let found = await body()
      result.withLock { $0 = found }
      isDone.signal()
    }
    while isDone.wait(timeout: .now() + .milliseconds(100)) == .timedOut { if isCancelled() { return nil } }
    return result.withLock(\.self)
  }
}
