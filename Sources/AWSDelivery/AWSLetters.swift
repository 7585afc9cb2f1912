// SPDX-License-Identifier: Apache-2.0

public import Delivery
import IntegrationEvents
public import PostgresWire

/// Dead letters as messages of a queue beside the one that events go to, each as JSON.
public final class AWSLetters: WrittenLetters {
  private let publisher: AWSPublisher
  private let queue: String
  private let isCancelled: @Sendable () -> Bool

  /// Names a queue of the same account.
  ///
  /// - Parameters:
  ///   - configuration: how events are sent to their queue.
  ///   - queue: the letters' queue, by its name.
  ///   - isCancelled: asked now and then while SQS is waited for: true gives up.
  public init(
    _ configuration: AWSConfiguration, queue: String, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(Failure) {
    var configuration = configuration
    do throws(AWSAddress.Problem) {
      configuration.address = try AWSAddress(configuration.address).sibling(queue).shown
    } catch { throw .setting("poison.dead-letters", Wording("\(error)")) }
    publisher = try AWSPublisher(configuration)
    (self.queue, self.isCancelled) = (queue, isCancelled)
  }

  deinit { publisher.close() }

  /// Looks whether there is such a queue.
  public func check() throws(Failure) { try check(publisher, unless: isCancelled) }

  /// Such as `the queue letters`.
  public var place: String { "the queue \(queue)" }

  /// Sends them, and waits until all are stored.
  public func append(_ letters: [DeadLetter]) throws(Failure) {
    guard !letters.isEmpty else { return }
    let publisher = publisher
    let verdicts = wait(unless: isCancelled) { await publisher.publish(letters) }
    guard let verdicts else { throw givenUp }
    for (letter, verdict) in zip(letters, verdicts) {
      guard case .refused(let why) = verdict else { continue }
      throw Failure(
        .letters, "the letter of the event at \(letter.position.sequence) cannot be kept in \(place): \(why.reason)",
        advice: "keep the letters in a file or a table (\(setting: "dead-letters", "file:PATH"), or table:)")
    }
    try require(verdicts)
  }
}
