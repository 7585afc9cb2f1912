// SPDX-License-Identifier: Apache-2.0

public import Delivery
public import PostgresWire

/// Dead letters as messages of a subject that a stream takes, each as JSON.
public final class NATSLetters: WrittenLetters {
  private let publisher: NATSPublisher
  private let subject: String
  private let isCancelled: @Sendable () -> Bool

  /// Names a subject.
  ///
  /// - Parameters:
  ///   - configuration: how its server is reached.
  ///   - subject: its name.
  ///   - isCancelled: asked now and then while the server is waited for: true gives up.
  public init(
    _ configuration: NATSConfiguration, subject: String, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(Failure) {
    try Self.check(subject)
    let events = SubjectPattern(configuration.route)
    var configuration = configuration
    configuration.route = Route(literal: subject)
    var pattern = SubjectPattern(configuration.route)
    if configuration.createdStream != nil, pattern.isCovered(by: events.text) {
      // They are among the subjects of the stream that is to be made for the events: whoever comes first makes it for both.
      pattern = events
    } else {
      configuration.createdStream = nil
    }
    publisher = try NATSPublisher(configuration, pattern, NATSTrouble.lettersAdvice)
    (self.subject, self.isCancelled) = (subject, isCancelled)
  }

  /// Refuses what is no subject.
  package static func check(_ subject: String) throws(Failure) {
    guard let problem = SubjectPattern.problem(of: Route(literal: subject)) else { return }
    throw .setting("poison.dead-letters", Wording(problem))
  }

  deinit { publisher.close() }

  /// Looks whether a stream takes the subject.
  public func check() throws(Failure) { try check(publisher, unless: isCancelled) }

  /// Such as `the subject letters`.
  public var place: String { "the subject \(subject)" }

  /// Publishes them, and waits until a stream has stored all.
  public func append(_ letters: [DeadLetter]) throws(Failure) {
    guard !letters.isEmpty else { return }
    let (publisher, subject) = (publisher, subject)
    let verdicts = wait(unless: isCancelled) { await publisher.publish(letters, to: subject) }
    guard let verdicts else { throw givenUp }
    try require(verdicts)
  }
}
