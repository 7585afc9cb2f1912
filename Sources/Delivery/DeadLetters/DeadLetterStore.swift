// SPDX-License-Identifier: Apache-2.0

public import IntegrationEvents
public import PostgresWire

/// Where dead letters are kept.
///
/// Calls block until they are done. Several processes may use one store at once. What a store cannot do now but may do later
/// is a failure that is worth another try.
public protocol DeadLetterStore: Sendable {
  /// Whether letters can be read and removed, not only added. Default: they can.
  var isReadable: Bool { get }

  /// Tells whether letters could be kept now. Default: nothing is known against it.
  func check() throws(Failure)

  /// Adds those letters that are not there yet; they are durable when it returns. What could not be seen to succeed may be done
  /// again.
  func append(_ letters: [DeadLetter]) throws(Failure)

  /// Adds a letter if one of the same aggregate is there that stands before it, in one step.
  func appendBehindOthers(_ letter: DeadLetter) throws(Failure) -> Parking

  /// Letters that a query matches, by their position, and where to go on. At most `limit`, fewer when they are large, perhaps
  /// none although there are more. Without a mark, from the beginning.
  func letters(matching query: LetterQuery, after mark: LetterMark?, limit: Int) throws(Failure) -> LetterPage

  /// Removes letters that have been delivered or are to be dropped, by their marks. Work that is linear in their number.
  func remove(_ letters: [DeadLetter]) throws(Failure)

  /// Returns when each letter can be read that was added because of others that are removed by now. Default: at once, where looking
  /// and adding are one step that no removal comes between.
  func awaitParking() throws(Failure)

  /// Tells whether letters could be removed now. Default: nothing is known against it.
  func checkRemoval() throws(Failure)

  /// Gives back the room of what was removed. Called after the last removal of many. Default: there is nothing to give back.
  func tidy() throws(Failure)
}

/// What becomes of an event whose aggregate has a letter.
public enum Parking: Hashable, Sendable {
  /// It is a letter now, behind the others.
  case parked
  /// It is a letter already: it came again.
  case isThere
  /// Letters of its aggregate stand only behind it, so it may be delivered, and later ones may not.
  case ahead
  /// There is no letter of its aggregate, so it may be delivered.
  case free
}

/// A place between two letters of one store.
public struct LetterMark: Hashable, Comparable, Sendable {
  /// Where the letter before it stands in the log.
  public let position: EventPosition
  /// Which one it is of several there: what the store makes of it, a number of its own or an offset.
  public let number: Int64
  /// Of which state of the store the number is, where that matters.
  public let generation: UInt64

  /// Makes a mark.
  public init(_ position: EventPosition, _ number: Int64, generation: UInt64 = 0) {
    self.position = position
    self.number = number
    self.generation = generation
  }

  /// Whether one place comes before another.
  public static func < (left: LetterMark, right: LetterMark) -> Bool {
    left.position == right.position ? left.number < right.number : left.position < right.position
  }
}

/// Some letters, and where those behind them begin.
public struct LetterPage: Sendable {
  /// The letters, by their position; each with its mark.
  public var letters: [DeadLetter]
  /// Where to go on; nil when there are no more.
  public var next: LetterMark?

  /// Makes a page.
  public init(letters: [DeadLetter], next: LetterMark?) {
    self.letters = letters
    self.next = next
  }
}

extension DeadLetterStore {
  /// How many letters are held in memory at once, and how many bytes of them, as far as one alone is not longer.
  package static var pageSize: (letters: Int, bytes: Int) { (200, 1 << 20) }

  /// They can be read.
  public var isReadable: Bool { true }

  /// Nothing is known against it.
  public func check() throws(Failure) {}

  /// They can.
  public func awaitParking() throws(Failure) {}

  /// Nothing is known against it.
  public func checkRemoval() throws(Failure) {}

  /// There is nothing to give back.
  public func tidy() throws(Failure) {}

  /// Calls `body` with all letters that match, a page at a time.
  public func forEachPage(
    matching query: LetterQuery = LetterQuery(), after start: LetterMark? = nil,
    _ body: ([DeadLetter]) throws(Failure) -> Void
  ) throws(Failure) {
    var mark = start
    repeat {
      let page = try letters(matching: query, after: mark, limit: Self.pageSize.letters)
      if !page.letters.isEmpty { try body(page.letters) }
      mark = page.next
    } while mark != nil
  }

  /// Removes all letters that match; how many it were.
  public func removeAll(matching query: LetterQuery) throws(Failure) -> Int {
    var count = 0
    try forEachPage(matching: query) { (letters) throws(Failure) in
      try remove(letters)
      count += letters.count
    }
    if count > 0 { try tidy() }
    return count
  }
}
