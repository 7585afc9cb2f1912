import IntegrationEvents
import Outbox
import PgOutput

/// The events of a transaction that is not committed yet, encoded but for what only the commit tells.
struct SpooledTransaction {
  /// Rows that one subtransaction wrote in a row.
  private struct Run {
    let subtransaction: TransactionID
    /// All rows, whether they became events or not: ordinals count them all.
    var rows: UInt64
    /// Indices into `events`, whose ordinals count from the start of the run.
    var events: Range<Int>
  }

  private(set) var bytes: [UInt8] = []
  private var events: [EncodedEvent] = []
  private var runs: [Run] = []

  /// Goes on with a subtransaction; gives the ordinal of its run's last row so far.
  mutating func resume(_ subtransaction: TransactionID) -> UInt64 {
    if let last = runs.last, last.subtransaction == subtransaction { return last.rows }
    runs.append(Run(subtransaction: subtransaction, rows: 0, events: events.count..<events.count))
    return 0
  }

  /// Notes how many rows the run has now.
  mutating func advance(to rows: UInt64) { runs[runs.count - 1].rows = rows }

  /// Encodes an event of the run.
  mutating func append(
    _ outbox: borrowing Outbox, _ outcome: Outbox.Outcome, _ message: RawSpan, with encoder: EnvelopeEncoder
  ) throws(EnvelopeError) {
    events.append(try outbox.write(outcome, message, with: encoder, into: &bytes))
    runs[runs.count - 1].events = runs[runs.count - 1].events.lowerBound..<events.count
  }

  /// Drops the rows of a subtransaction that was rolled back.
  mutating func abort(_ subtransaction: TransactionID) {
    for index in runs.indices where runs[index].subtransaction == subtransaction {
      runs[index].rows = 0
      runs[index].events = 0..<0
    }
  }

  /// Calls `body` with each event of the committed transaction, in order.
  func forEachEvent(commitLSN: UInt64, _ body: (EncodedEvent, EventPosition) -> Void) {
    var ordinal: UInt64 = 0
    for run in runs {
      for event in events[run.events] {
        body(event, EventPosition(commitLSN: commitLSN, ordinal: ordinal + event.position.ordinal))
      }
      ordinal += run.rows
    }
  }
}
