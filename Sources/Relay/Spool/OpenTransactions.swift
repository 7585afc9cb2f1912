// SPDX-License-Identifier: Apache-2.0

import Delivery
import Files
import PgOutput
import PostgresWire

/// Transactions that are not committed yet: in progress, or prepared and undecided.
struct OpenTransactions {
  private let memory: Int
  private let file: SpoolFile
  /// By their top-level identifier.
  private var spooled: [TransactionID: SpooledTransaction] = [:]
  /// The one whose rows come now: of a streamed block, or one that is being prepared.
  private(set) var current: (id: TransactionID, spool: SpooledTransaction)?
  /// How much memory the others take.
  private var memoryOfOthers = 0

  init(_ configuration: SpoolConfiguration) {
    memory = configuration.memory
    file = SpoolFile(in: configuration.directory)
  }

  /// The rows that follow are a transaction's; false when they are not its first and nobody knows those.
  mutating func open(_ id: TransactionID, anew: Bool) -> Bool {
    close()
    if anew { forget(id) }
    guard let spool = anew ? SpooledTransaction() : spooled[id] else { return false }
    spooled[id] = spool
    current = (id, spool)
    memoryOfOthers -= spool.tail.count
    return true
  }

  /// Whether there is none.
  var isEmpty: Bool { spooled.isEmpty && current == nil }

  /// Whether a transaction has begun.
  func knows(_ id: TransactionID) -> Bool { spooled[id] != nil }

  /// No transaction's rows follow.
  mutating func close() {
    // One that was taken out while its rows came is no longer ours.
    if let current, spooled[current.id] === current.spool { memoryOfOthers += current.spool.tail.count }
    current = nil
  }

  /// A transaction, or one of its subtransactions, was rolled back; false when nobody knows what that takes back.
  mutating func abort(_ id: TransactionID, _ subtransaction: TransactionID) -> Bool {
    if id == subtransaction {
      forget(id)
    } else if let spool = spooled[id] {
      if spool.hasMessages { return false }
      let before = spool.tail.count
      spool.abort(subtransaction)
      if spool !== current?.spool { memoryOfOthers += spool.tail.count - before }
    }
    return true
  }

  /// Takes out a transaction that is decided; nil when it is not known.
  mutating func remove(_ id: TransactionID) -> SpooledTransaction? {
    defer { forget(id) }
    return spooled[id]
  }

  private mutating func forget(_ id: TransactionID) {
    guard let spool = spooled.removeValue(forKey: id), spool !== current?.spool else { return }
    memoryOfOthers -= spool.tail.count
  }

  /// What they take. There may be many, so it is asked for now and then.
  var use: SpoolUse {
    var use = SpoolUse()
    for spool in spooled.values {
      use.transactions += 1
      use.memory += spool.tail.count
      use.files += spool.fileSize
    }
    return use
  }

  /// Forgets all: they will come again.
  mutating func removeAll() {
    spooled = [:]
    current = nil
    memoryOfOthers = 0
  }

  /// After a row: keeps to the memory there is, by moving the largest transactions to the file, until half of it is free: looking for
  /// them is work for each transaction there is.
  mutating func bound() throws(Failure) {
    guard let current, memoryOfOthers + current.spool.tail.count > memory else { return }
    for spool in spooled.values.sorted(by: { $0.tail.count > $1.tail.count }) {
      guard memoryOfOthers + current.spool.tail.count > memory / 2, !spool.tail.isEmpty else { return }
      if spool !== current.spool { memoryOfOthers -= spool.tail.count }
      do { try spool.spill(to: file) } catch {
        throw Failure(
          .spool, "spool of transactions in progress: cannot write to \(file.directory): \(error.text)",
          advice:
            "make room there, or choose another place with \(setting: "spool-dir") or more memory with "
            + "\(setting: "spool-memory")")
      }
    }
  }
}
