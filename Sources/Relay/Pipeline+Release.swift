// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import PgOutput
import PostgresWire

/// A transaction that was spooled and is committed.
struct Release {
  var rows: SpoolReader
  let commit: Commit
  let xid: TransactionID
}

/// Moving the events of spooled transactions to batches when they are committed. A large one fills many batches, so this
/// goes on between them.
extension Pipeline {
  /// Whether a committed transaction has rows that did not fit into a batch, which come before any further frame.
  package var isReleasing: Bool { releasing != nil }

  mutating func startRelease(_ xid: TransactionID, _ commit: Commit, _ lsn: LSN) throws(Failure) {
    if let until, commit.commitLSN > until {
      hasReachedEnd = true
      return
    }
    if expected != nil { try expect(commit.commitLSN, commit.commitTime) }
    // Every transaction's rows come before its commit, unless somebody has confirmed its PREPARE already.
    guard let transaction = open.remove(xid) else {
      throw Failure(
        .protocol, "commit of transaction \(xid), whose rows were confirmed before by another client", lsn: lsn)
    }
    received = max(received, commit.endLSN)
    try goOn(with: Release(rows: SpoolReader(transaction), commit: commit, xid: xid))
  }

  /// Goes on with the rows of a committed transaction until a batch is full.
  package mutating func release() {
    // Taken out, so that its buffers are not referred to twice.
    guard let release = releasing.take() else { return }
    do throws(Failure) { try goOn(with: release) } catch { failure = error }
  }

  private mutating func goOn(with started: consuming Release) throws(Failure) {
    var release = started
    let commit = release.commit
    let time = EventTime(unixMicroseconds: commit.commitTime.unixMicroseconds) ?? .epoch
    while !isFull {
      guard let row = try next(&release) else {
        if confirm.read(commit, newest: delivered) { tally?.commit(commit.commitTime) }
        // Only now: a prepared transaction's rows are not sent again once its PREPARE is confirmed.
        confirm.settle(release.xid)
        return finish(commit.endLSN)
      }
      let position = EventPosition(commitLSN: commit.commitLSN.rawValue, ordinal: release.rows.ordinal)
      switch row {
      case .event(let event), .refused(let event, _):
        if let delivered, position <= delivered {
          skippedCount += 1
          if held != nil { recognise(release.rows.row(event), at: position) }
          continue
        }
        if case .refused(_, let reason) = row {
          keep(event, reason, release.rows, committedAt: position, time)
          continue
        }
        growing.append(event, release.rows.attributes, from: release.rows.window, committedAt: position, time)
        delivered = position
        eventCount += 1
      case .badRow(let row): keep(row, at: position)
      }
    }
    releasing = release
  }

  /// The next row; after an error the transaction is still an incomplete one.
  private mutating func next(_ release: inout Release) throws(Failure) -> SpoolReader.Row? {
    do throws(Failure) {
      return try release.rows.nextRow()
    } catch {
      releasing = release
      throw error
    }
  }
}
