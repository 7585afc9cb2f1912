// SPDX-License-Identifier: Apache-2.0

package import Files

/// What is kept of a position that is about to be confirmed to the server.
public struct Confirmation: Hashable, Sendable {
  /// The position.
  public var lsn: LSN
  /// The newest transaction with events among those that are confirmed; nil where there was none, or nobody knows of one.
  public var commit: CommitMark?
  /// Whether nobody knows of one because an earlier version made the record.
  public var isEarlier: Bool
  /// Which publications it was read through; nil where nobody knows.
  public var publication: String?

  /// Makes a record.
  public init(lsn: LSN, commit: CommitMark? = nil, publication: String? = nil, isEarlier: Bool = false) {
    self.lsn = lsn
    self.commit = commit
    self.publication = publication
    self.isEarlier = isEarlier
  }
}

/// By what a transaction is known again when the server's log is read once more: a log that was restored and written anew has
/// another one in its place, or none.
public struct CommitMark: Hashable, Sendable {
  /// Where its commit record begins.
  public let lsn: LSN
  /// When it was committed; nil where nobody knows.
  public let time: PostgresTimestamp?

  /// Makes a mark.
  public init(lsn: LSN, time: PostgresTimestamp?) {
    self.lsn = lsn
    self.time = time
  }
}

extension KeyValueText {
  /// Adds what is kept of a confirmation, under a word for its position.
  package mutating func append(_ word: String, _ confirmed: Confirmation) {
    append(word, confirmed.lsn)
    append("commit", confirmed.commit.map { "\($0.lsn) \($0.time?.rawValue ?? 0)" } ?? "none")
    if let publication = confirmed.publication { append("publication", publication) }
  }

  /// What was added under a word; nil where there is no such line.
  package func confirmation(_ word: String) -> Confirmation? {
    guard let lsn = self[word].flatMap({ LSN($0) }) else { return nil }
    return Confirmation(lsn: lsn, commit: commit, publication: self["publication"], isEarlier: self["commit"] == nil)
  }

  private var commit: CommitMark? {
    guard let words = self["commit"]?.split(separator: " "), words.count == 2, let lsn = LSN(String(words[0])),
      let time = Int64(words[1])
    else { return nil }
    return CommitMark(lsn: lsn, time: PostgresTimestamp(rawValue: time))
  }
}
