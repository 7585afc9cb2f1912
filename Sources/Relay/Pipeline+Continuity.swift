// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import PgOutput
import PostgresWire

/// Whether the log that is read again is the one that was read before. A server that was restored from an older state may have
/// written on beyond our positions: they would pass over what is new.
extension Pipeline {
  /// The newest position that is taken for known: what is behind it is skipped when it comes again.
  var newest: LSN { max(confirm.confirmable, LSN(rawValue: delivered?.commitLSN ?? 0)) }

  /// The newest transaction of which something is taken for known: it may have been cut off.
  var newestTransaction: CommitMark? {
    let newest = delivered?.commitLSN
    if let begun, begun.finalLSN.rawValue == newest { return CommitMark(lsn: begun.finalLSN, time: begun.commitTime) }
    if let commit = releasing?.commit, commit.commitLSN.rawValue == newest {
      return CommitMark(lsn: commit.commitLSN, time: commit.commitTime)
    }
    return [expected, confirm.newestRead].compactMap { $0 }.max { $0.lsn < $1.lsn }
  }

  /// A transaction comes: the one that has to come again, or one that passes it by.
  mutating func expect(_ commit: LSN, _ time: PostgresTimestamp) throws(Failure) {
    guard let mark = expected, commit >= mark.lsn else { return }
    guard commit == mark.lsn, mark.time.map({ $0 == time }) ?? true else { throw missing(mark) }
    expected = nil
  }

  /// The server says that it has sent all before a position.
  mutating func expect(allBefore end: LSN) throws(Failure) {
    if let mark = expected, end > mark.lsn { throw missing(mark) }
  }

  /// The server's log has something else where a transaction was that we know of, or does not show it to us.
  private func missing(_ mark: CommitMark) -> Failure {
    if let earlierPublication {
      return Failure(
        .gap,
        "the transaction at \(mark.lsn), which was delivered, does not come again through another publication than before, so "
          + "nobody can tell what is new",
        advice:
          "go on once with \(setting: "publication", earlierPublication) and \(setting: "until", "now"), where it is still "
          + "there; or pass over what lies before with \(setting: "accept-gap")")
    }
    return Failure(
      .serverRewound,
      "the server's log has another content than before: the transaction at \(mark.lsn), which was delivered, is not there "
        + "any more", advice: .restored)
  }
}
