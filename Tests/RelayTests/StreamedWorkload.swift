// SPDX-License-Identifier: Apache-2.0

import TestStream

/// Transactions with subtransactions that are partly rolled back, once as they are sent after their commits, and once as
/// they are sent while they are in progress.
struct StreamedWorkload {
  private(set) var plain: [[UInt8]] = [OutboxStream.relation(), OutboxStream.other()]
  private(set) var streamed: [[UInt8]] = []

  /// A row of a transaction, by the subtransaction that wrote it.
  private struct Row {
    let subtransaction: UInt32
    let message: (UInt32?) -> [UInt8]
  }

  private struct Transaction {
    let id: UInt32
    var left: [Row]
    var written: [Row] = []
    var aborted: Set<UInt32> = []
  }

  init(_ random: inout Randomness) {
    var waiting = (0..<Int(random.next() % 4 + 2)).map { Self.transaction(UInt32(100 * ($0 + 1)), &random) }
    var position: UInt64 = 0x10
    while !waiting.isEmpty {
      let index = Int(random.next() % UInt64(waiting.count))
      if !waiting[index].left.isEmpty {
        sendBlock(of: &waiting[index], &random)
      } else {
        end(waiting.remove(at: index), at: position, &random)
        position += 0x10
      }
    }
  }

  private static func transaction(_ id: UInt32, _ random: inout Randomness) -> Transaction {
    let rows = (0..<Int(random.next() % 40 + 1)).map { number -> Row in
      let subtransaction = id + UInt32(random.next() % 4)
      let isOther = random.next() % 5 == 0
      let name = "\(id)-\(number)\"é"
      let payload = String(repeating: "p", count: Int(random.next() % 300))
      return Row(subtransaction: subtransaction) { xid in
        isOther ? OutboxStream.otherRow(xid) : OutboxStream.row(name, xid: xid, payload: payload)
      }
    }
    return Transaction(id: id, left: rows)
  }

  private mutating func sendBlock(of transaction: inout Transaction, _ random: inout Randomness) {
    let id = transaction.id
    streamed.append(HandBuilt.streamStart(id, first: transaction.written.isEmpty))
    if transaction.written.isEmpty { streamed += [OutboxStream.relation(id), OutboxStream.other(id)] }
    for _ in 0..<min(transaction.left.count, Int(random.next() % 12 + 1)) {
      let row = transaction.left.removeFirst()
      // What is rolled back writes no more.
      guard !transaction.aborted.contains(row.subtransaction) else { continue }
      streamed.append(row.message(row.subtransaction))
      transaction.written.append(row)
    }
    streamed.append(HandBuilt.streamStop)
    let candidate = id + UInt32(random.next() % 4)
    if candidate != id, random.next() % 3 == 0, transaction.written.contains(where: { $0.subtransaction == candidate }),
      transaction.aborted.insert(candidate).inserted
    {
      streamed.append(HandBuilt.streamAbort(id, candidate))
    }
  }

  private mutating func end(_ transaction: Transaction, at position: UInt64, _ random: inout Randomness) {
    guard !transaction.written.isEmpty, random.next() % 5 > 0 else {
      if !transaction.written.isEmpty { streamed.append(HandBuilt.streamAbort(transaction.id, transaction.id)) }
      return
    }
    let time = Int64(position) * 1_000_000
    streamed.append(HandBuilt.streamCommit(transaction.id, position, end: position + 8, time: time))
    plain.append(HandBuilt.begin(position, time: time, xid: transaction.id))
    for row in transaction.written where !transaction.aborted.contains(row.subtransaction) {
      plain.append(row.message(nil))
    }
    plain.append(HandBuilt.commit(position, end: position + 8, time: time))
  }
}
