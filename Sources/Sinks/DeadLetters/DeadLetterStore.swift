/// Where dead letters are kept, in order.
public protocol DeadLetterStore: Sendable {
  /// Adds letters; they are durable when it returns.
  func append(_ letters: [DeadLetter]) throws(SinkError)

  /// Adds a letter if there is one of the same key, in one step; tells whether there was.
  func appendBehindKey(_ letter: DeadLetter) throws(SinkError) -> Bool

  /// All letters, oldest first.
  func letters() throws(SinkError) -> [DeadLetter]

  /// Removes letters that have been delivered or are to be dropped.
  func remove(_ letters: [DeadLetter]) throws(SinkError)
}
