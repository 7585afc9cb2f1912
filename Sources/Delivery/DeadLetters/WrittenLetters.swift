// SPDX-License-Identifier: Apache-2.0

public import PostgresWire

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
