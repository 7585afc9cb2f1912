// SPDX-License-Identifier: Apache-2.0

import Dispatch
public import PostgresWire
import Synchronization

/// Dead letters that go where nobody can look for one, as a broker's queue: they can be written only, and whoever wants to see
/// them consumes that. A letter may come twice.
public protocol WrittenLetters: DeadLetterStore {
  /// Where they are, such as `the queue letters`.
  var place: String { get }
}

extension WrittenLetters {
  private var unreadable: Failure {
    Failure(
      .settings, "the dead letters are in \(place), which is only written here",
      advice: "read them with a consumer; letters that are to be listed and redriven belong into a file or a table")
  }

  /// They cannot be read.
  public var isReadable: Bool { false }

  /// Cannot be done: nobody looks into it.
  public func appendBehindOthers(_ letter: DeadLetter) throws(Failure) -> Parking { throw unreadable }

  /// Cannot be done.
  public func letters(
    matching query: LetterQuery, after mark: LetterMark?, limit: Int
  ) throws(Failure) -> LetterPage { throw unreadable }

  /// Cannot be done.
  public func remove(_ letters: [DeadLetter]) throws(Failure) { throw unreadable }

  /// Cannot be done.
  public func checkRemoval() throws(Failure) { throw unreadable }
}

extension WrittenLetters {
  /// Waits on this thread for what is done elsewhere; nil when that is given up.
  package func wait<Result: Sendable>(
    unless isCancelled: () -> Bool, _ body: @escaping @Sendable () async -> Result
  ) -> Result? {
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

  /// Asks a publisher whether it could publish.
  package func check(_ publisher: some Publisher, unless isCancelled: () -> Bool) throws(Failure) {
    let failure = wait(unless: isCancelled) { () async -> Failure? in
      do throws(Failure) {
        try await publisher.check()
        return nil
      } catch {
        return error
      }
    }
    if let failure = failure ?? givenUp { throw failure }
  }

  /// Nobody waits any more.
  package var givenUp: Failure { Failure(.connection, "the dead letters in \(place): given up") }

  /// Refuses where not all were stored.
  package func require(_ verdicts: [Attempt.Verdict]) throws(Failure) {
    for verdict in verdicts {
      switch verdict {
      case .published: continue
      case .refused(let why):
        throw Failure(
          .letters, "a letter cannot be kept in \(place): \(why.reason)",
          advice: why.hint.map { Wording($0) }
            ?? "letters that are larger belong into a file or a table (\(setting: "dead-letters"))")
      case .retry(let why):
        throw Failure(.connection, "the dead letters in \(place): \(why.reason)", advice: why.hint.map { Wording($0) })
      case .stop(let failure): throw failure
      }
    }
  }
}
