public import PostgresWire

/// Where dead letters are kept, in order.
///
/// Calls block until they are done. Several processes may use one store at once.
public protocol DeadLetterStore: Sendable {
  /// Adds letters; they are durable when it returns.
  func append(_ letters: [DeadLetter]) throws(Failure)

  /// Adds a letter if there is one of the same key, in one step; tells whether there was.
  func appendBehindKey(_ letter: DeadLetter) throws(Failure) -> Bool

  /// At most `limit` letters that a query matches, oldest first, and where to go on. Without a mark, from the beginning.
  func letters(matching query: LetterQuery, after mark: LetterMark?, limit: Int) throws(Failure) -> LetterPage

  /// Calls `body` with all letters that match, a page at a time, each once, as they are at the beginning. Default: by pages
  /// and their marks.
  func forEachPage(
    matching query: LetterQuery, _ body: ([DeadLetter]) throws(Failure) -> Void
  ) throws(Failure)

  /// Removes letters that have been delivered or are to be dropped.
  func remove(_ letters: [DeadLetter]) throws(Failure)
}

/// Which letters are asked for: those that have all that is named; without anything, all.
public struct LetterQuery: Hashable, Sendable {
  /// The aggregate id.
  public var key: String?
  /// The event's id.
  public var id: String?

  /// Makes a query.
  public init(key: String? = nil, id: String? = nil) {
    self.key = key
    self.id = id
  }

  /// Whether a letter is among those asked for.
  public func matches(_ letter: DeadLetter) -> Bool {
    (key.map { $0 == letter.key } ?? true) && (id.map { $0 == letter.id } ?? true)
  }
}

/// A place between two letters of one store. When letters have been removed since, a store may begin anew at it.
public struct LetterMark: Hashable, Sendable {
  /// What the store makes of it: a number of its own, or an offset.
  public let value: Int64
  /// Of which state of the store it is, where that matters.
  public let generation: UInt64

  /// Makes a mark.
  public init(_ value: Int64, generation: UInt64 = 0) {
    self.value = value
    self.generation = generation
  }
}

/// Some letters, and where those behind them begin.
public struct LetterPage: Sendable {
  /// The letters, oldest first.
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
  /// How many letters are held in memory at once.
  static var pageSize: Int { 500 }

  /// All letters.
  public func forEachPage(_ body: ([DeadLetter]) throws(Failure) -> Void) throws(Failure) {
    try forEachPage(matching: LetterQuery(), body)
  }

  /// By pages and their marks.
  public func forEachPage(
    matching query: LetterQuery, _ body: ([DeadLetter]) throws(Failure) -> Void
  ) throws(Failure) {
    var mark: LetterMark?
    repeat {
      let page = try letters(matching: query, after: mark, limit: Self.pageSize)
      try body(page.letters)
      mark = page.next
    } while mark != nil
  }

  /// Removes all letters that match; how many it were.
  public func removeAll(matching query: LetterQuery) throws(Failure) -> Int {
    var count = 0
    while true {
      let page = try letters(matching: query, after: nil, limit: Self.pageSize)
      guard !page.letters.isEmpty else { return count }
      try remove(page.letters)
      count += page.letters.count
    }
  }
}
