// SPDX-License-Identifier: Apache-2.0

package import Delivery
import DequeModule
package import PostgresWire

/// What is counted of transactions and kinds of events, once a commit and once a batch, where somebody wants to know.
package struct Tally: Sendable {
  /// A transaction with events that is not delivered yet.
  private struct Mark {
    let committed: PostgresTimestamp
    let received: PostgresTimestamp
  }

  /// From the commit, by the server's clock, until it was read.
  package private(set) var received = LatencyHistogram()
  /// From there until it was delivered, with all before it.
  package private(set) var delivered = LatencyHistogram()
  /// Both together.
  package private(set) var whole = LatencyHistogram()
  /// Of what kinds the delivered events were.
  package private(set) var kinds = KindCounts()
  private var open: Deque<Mark> = []
  /// How many transactions end in each batch that is under way, or before.
  private var flights: Deque<Int> = []
  private var (began, ended) = (0, 0)
  private var now = PostgresTimestamp.now

  package init() {}

  /// When the oldest transaction was committed that has been read and is not delivered.
  package var oldest: PostgresTimestamp? { open.first?.committed }

  /// Something is about to be read.
  package mutating func arrive() { now = .now }

  /// A transaction with events has been read whole.
  package mutating func commit(_ time: PostgresTimestamp) {
    began &+= 1
    received.add(from: time, to: now)
    open.append(Mark(committed: time, received: now))
  }

  /// A batch goes to the sink.
  package mutating func submit() { flights.append(began) }

  /// A batch is durable.
  package mutating func finish(_ batch: EventBatch) { kinds.add(batch) }

  /// The first of the batches and all before them are durable.
  package mutating func settle(_ batches: Int) {
    guard batches > 0 else { return }
    let now = PostgresTimestamp.now
    for _ in 0..<batches {
      guard let end = flights.popFirst() else { return }
      while ended < end, let mark = open.popFirst() {
        ended &+= 1
        delivered.add(from: mark.received, to: now)
        whole.add(from: mark.committed, to: now)
      }
    }
  }

  /// Adds what was counted with an earlier sink.
  mutating func add(_ before: Tally) {
    received.add(before.received)
    delivered.add(before.delivered)
    whole.add(before.whole)
    kinds.add(before.kinds)
  }
}
