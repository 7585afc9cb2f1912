// SPDX-License-Identifier: Apache-2.0

import DequeModule
import IntegrationEvents
package import PgOutput
package import PostgresWire

/// Which position may be confirmed to the server: the end of the last commit before which everything is durable.
///
/// The stream tells how far it is whole, the sink which batches are durable, and where rows are cleaned up after delivery, the
/// table whether theirs are. Batches may become durable, and clean, in any order; only those before which none is missing count.
/// With nothing under way and no transaction open, the position follows the
/// server's own, so that other tables' traffic does not pin its log. It never goes back.
package struct ConfirmRule {
  /// A transaction with events, by its commit.
  private typealias Read = (lsn: LSN, time: PostgresTimestamp?)

  private struct Flight {
    let confirms: LSN
    let commit: Read?
    let size: Int
    let row: UInt64
    var isDurable = false
    var isClean: Bool
  }

  /// Everything before this is durable.
  package private(set) var flushed: LSN
  /// The newest transaction with events that is durable.
  private var durable: Read?
  /// How many bytes are with the sink.
  package private(set) var bytesInFlight = 0
  /// The end of the last commit, or a later position at which the server says that there is nothing more.
  private var reached = LSN.zero
  /// Up to which place the rows that were there before the slot are durable, and cleaned up; and are read.
  package private(set) var settledRow: UInt64 = 0
  private var reachedRow: UInt64 = 0
  /// The newest transaction with events that has been read.
  private var read: Read?
  /// Where those transactions were prepared whose rows are not all handed over. They are not sent again once their PREPARE
  /// is confirmed.
  private var prepared: [TransactionID: LSN] = [:]
  private var flights: Deque<Flight> = []
  private var firstNumber = 0
  /// Batches that are durable with all before them, but for whose rows, or those of one before, the table still waits.
  private var owed: Deque<Flight> = []
  /// Whether a position waits for the clean-up of the rows before it, too.
  private let awaitsCleanUp: Bool

  /// - Parameter awaitsCleanUp: whether durable is not enough: the rows of a batch have to be cleaned up as well.
  package init(flushed: LSN = .zero, commit: CommitMark? = nil, awaitsCleanUp: Bool = false) {
    self.flushed = flushed
    self.awaitsCleanUp = awaitsCleanUp
    read = commit.map { ($0.lsn, $0.time) }
    durable = read
  }

  /// What may be confirmed once all events so far are durable.
  package var confirmable: LSN { prepared.values.min().map { min($0, reached) } ?? reached }

  /// Whether nothing is with the sink.
  package var isIdle: Bool { flights.isEmpty }

  /// Whether nothing is with the sink, and no clean-up is waited for.
  package var isSettled: Bool { flights.isEmpty && owed.isEmpty }

  /// How many batches are with the sink, or behind one that is.
  package var batchesInFlight: Int { flights.count }

  /// No transaction is open at this position, and all events before it are in batches, or wait to be.
  package mutating func reach(_ end: LSN) { reached = max(reached, end) }

  /// The same for the rows that were there before the slot, which are all at one position.
  mutating func reach(row place: UInt64) { reachedRow = max(reachedRow, place) }

  /// A transaction has been read whole; one with events is known again by its commit. Tells whether it is a new one of these.
  ///
  /// - Parameter newest: the newest event that has been encoded.
  mutating func read(_ commit: Commit, newest: EventPosition?) -> Bool {
    guard newest?.commitLSN == commit.commitLSN.rawValue, commit.commitLSN > read?.lsn ?? .zero else { return false }
    read = (commit.commitLSN, commit.commitTime)
    return true
  }

  /// The newest transaction with events that is durable, or only read.
  package var commit: CommitMark? { durable.map { CommitMark(lsn: $0.lsn, time: $0.time) } }
  var newestRead: CommitMark? { read.map { CommitMark(lsn: $0.lsn, time: $0.time) } }

  /// A transaction has been prepared and waits for the decision.
  package mutating func prepare(_ id: TransactionID, at lsn: LSN) { prepared[id] = lsn }

  /// A transaction has been rolled back, or all its rows are in batches.
  package mutating func settle(_ id: TransactionID) { prepared[id] = nil }

  /// A batch goes to the sink; once it and all before it are durable, what is confirmable now is confirmed. Gives its number.
  package mutating func submit(bytes: Int) -> Int {
    flights.append(Flight(confirms: confirmable, commit: read, size: bytes, row: reachedRow, isClean: !awaitsCleanUp))
    bytesInFlight += bytes
    return firstNumber + flights.count - 1
  }

  /// A batch has become durable; false for a number that is not under way, or not any more.
  package mutating func finish(_ number: Int) -> Bool {
    let index = number - firstNumber
    guard flights.indices.contains(index), !flights[index].isDurable else { return false }
    flights[index].isDurable = true
    while let first = flights.first, first.isDurable {
      flights.removeFirst()
      firstNumber += 1
      bytesInFlight -= first.size
      if first.isClean, owed.isEmpty { confirm(first) } else { owed.append(first) }
    }
    return true
  }

  /// The rows of a batch have been cleaned up, or it has none. Nothing happens for a number that is not waited for.
  package mutating func clean(_ number: Int) {
    let index = number - firstNumber
    if flights.indices.contains(index) {
      flights[index].isClean = true
    } else if owed.indices.contains(owed.count + index) {
      owed[owed.count + index].isClean = true
    }
    while let first = owed.first, first.isClean {
      owed.removeFirst()
      confirm(first)
    }
  }

  private mutating func confirm(_ flight: Flight) {
    flushed = max(flushed, flight.confirms)
    settledRow = max(settledRow, flight.row)
    durable = flight.commit
  }

  /// No event waits to be handed over: if none is with the sink either, and no clean-up is waited for, the stream's own position
  /// counts.
  package mutating func advance() {
    guard isSettled else { return }
    flushed = max(flushed, confirmable)
    settledRow = max(settledRow, reachedRow)
    durable = read
  }

  /// The stream starts anew: what is not complete will come again, and so will transactions that are prepared.
  package mutating func restart() {
    reached = confirmable
    prepared = [:]
  }
}
