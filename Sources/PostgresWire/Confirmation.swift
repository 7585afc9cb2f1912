package import Files

/// What is kept of a position that is about to be confirmed to the server.
public struct Confirmation: Hashable, Sendable {
  /// The position.
  public var lsn: LSN
  /// The newest transaction with events among those that are confirmed; nil where nobody knows of one.
  public var commit: CommitMark?

  /// Makes a record.
  public init(lsn: LSN, commit: CommitMark? = nil) {
    self.lsn = lsn
    self.commit = commit
  }
}

/// By what a transaction is known again when the server's log is read once more: a log that was restored and written anew has
/// another one in its place, or none.
public struct CommitMark: Hashable, Sendable {
  /// Where its commit record begins.
  public let lsn: LSN
  /// When it was committed.
  public let time: PostgresTimestamp

  /// Makes a mark.
  public init(lsn: LSN, time: PostgresTimestamp) {
    self.lsn = lsn
    self.time = time
  }
}

extension KeyValueText {
  /// Adds the line of a transaction.
  package mutating func append(_ commit: CommitMark) { append("commit", "\(commit.lsn) \(commit.time.rawValue)") }

  /// The transaction that was added; nil where there is no such line, or it makes no sense.
  package var commit: CommitMark? {
    guard let words = self["commit"]?.split(separator: " "), words.count == 2, let lsn = LSN(String(words[0])),
      let time = Int64(words[1])
    else { return nil }
    return CommitMark(lsn: lsn, time: PostgresTimestamp(rawValue: time))
  }
}
