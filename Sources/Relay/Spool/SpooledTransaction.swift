// SPDX-License-Identifier: Apache-2.0

import Delivery
import Files
import IntegrationEvents
import Octets
import PgOutput
import PostgresWire

/// The rows of a transaction that is not committed yet, as events that lack only what the commit tells; first in memory,
/// then in a file.
final class SpooledTransaction {
  /// Subtransactions that were rolled back.
  private(set) var aborted: Set<TransactionID> = []
  /// What is not in the file yet.
  private(set) var tail: [UInt8] = []
  private var written: SpooledBytes?
  /// How much is in the file.
  var fileSize: Int64 { written?.size ?? 0 }
  /// Errors with which the stream ends if their subtransaction is committed: for each its first.
  private(set) var failures: [TransactionID: Failure] = [:]
  /// Whether there are logical messages among the rows. The server sends each as the whole transaction's, so that nobody
  /// knows which of them a subtransaction takes back.
  private(set) var hasMessages = false
  private var subtransaction: TransactionID = 0
  /// Rows since the last record.
  private var rows: UInt64 = 0

  /// Counts a row, whether it becomes an event or not: ordinals count them all.
  func beginRow(_ subtransaction: TransactionID) {
    if subtransaction != self.subtransaction {
      endRun()
      self.subtransaction = subtransaction
    }
    rows += 1
  }

  /// Counts a logical message.
  func beginMessage(_ subtransaction: TransactionID) {
    beginRow(subtransaction)
    hasMessages = true
  }

  /// Keeps what became of the last row: an event, whose line is given.
  func append(_ event: EncodedEvent, _ line: [UInt8], _ attributes: [EncodedAttribute]) {
    append(.event, size: SpooledEvent.headSize(attributes: attributes.count) + line.count)
    SpooledEvent.append(event, line, attributes, to: &tail)
  }

  /// Keeps what became of the last row: an event that must not leave, for a reason.
  func append(_ event: EncodedEvent, _ line: [UInt8], _ attributes: [EncodedAttribute], refused reason: ForeignText) {
    append(
      .refused,
      size: reason.encodedSize + SpooledEvent.headSize(attributes: attributes.count) + line.count)
    reason.append(to: &tail)
    SpooledEvent.append(event, line, attributes, to: &tail)
  }

  /// Keeps what became of the last row: nothing, for a reason.
  func append(_ row: BadRow) {
    append(.badRow, size: row.spooledSize)
    row.append(to: &tail)
  }

  /// Keeps what became of the last row: an error.
  func append(failure: Failure) {
    guard failures[subtransaction] == nil else { return }
    failures[subtransaction] = failure
    append(.failure, size: 0)
  }

  /// Drops the rows of a subtransaction that was rolled back.
  func abort(_ subtransaction: TransactionID) {
    endRun()
    aborted.insert(subtransaction)
  }

  /// Moves what is in memory to the file.
  func spill(to file: SpoolFile) throws(SystemFailure) {
    let bytes = written ?? SpooledBytes(in: file)
    written = bytes
    try bytes.write(tail)
    // What is counted as free is to be free.
    tail = []
  }

  /// Appends a range of the file to other bytes.
  func append(_ range: Range<Int64>, to bytes: inout [UInt8]) throws(SystemFailure) {
    try written?.append(range, to: &bytes)
  }

  /// Writes down rows that became nothing, before what follows is another's, or nothing follows.
  func endRun() {
    if rows > 0 { append(.rows, size: 0) }
  }

  private func append(_ kind: SpoolRecord.Kind, size: Int) {
    SpoolRecord(kind: kind, subtransaction: subtransaction, rows: rows, size: size).append(to: &tail)
    rows = 0
  }
}
