// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import Octets
import OutboxMapping
import PgOutput
import PostgresWire

/// Rows that cannot become events, and events that must not leave.
extension Pipeline {
  mutating func takeBadRows() -> [DeadLetter] {
    defer { badRows = [] }
    if !badRows.isEmpty { polling?.noteLeft() }
    return badRows
  }

  /// A row that cannot become an event ends the stream, or goes to the dead letters. Of an open transaction it waits for
  /// the commit, as all its rows.
  ///
  /// - Parameter row: what is kept of it, for a reason.
  mutating func keepBadRow(_ error: MappingError, _ row: (_ reason: String) -> BadRow) throws(Failure) {
    let isKept = keepsBadRows && error.isAboutRow
    guard let current = open.current else {
      guard isKept else { throw error.failure }
      return keep(row(error.failure.text(show)), at: mapper.event.position)
    }
    if isKept {
      current.spool.append(row(error.failure.text(show)))
    } else {
      current.spool.append(failure: error.failure)
    }
  }

  /// An event that must not leave becomes a dead letter as it would have left: always a whole CloudEvent, which can be
  /// delivered later. One that could be none is a row.
  @inline(never)
  mutating func keepRefused(
    _ outcome: EventMapper.Outcome, _ message: RawSpan, _ refusal: MappingError, _ relation: RelationVersion?
  ) throws(MappingError) {
    let reason = ForeignText(refusal.failure(isKept: true).text(show)).prefix(4096)
    var batch = EventBatch()
    let encoded: EncodedEvent
    do throws(EnvelopeError) {
      encoded = try mapper.write(
        outcome, message, with: EnvelopeEncoder(envelope: .cloudevents), into: &batch.bytes, &batch.attributes)
    } catch {
      throw mapper.located(error, relation: relation, lsn: refusal.lsn)
    }
    if let current = open.current {
      current.spool.append(encoded, batch.bytes, batch.attributes, refused: reason)
    } else {
      delivered = encoded.position
      keep(encoded, of: batch, reason)
    }
  }

  /// The same for one that was spooled, now that its commit tells position and time.
  mutating func keep(
    _ event: EncodedEvent, _ reason: ForeignText, _ rows: borrowing SpoolReader, committedAt position: EventPosition,
    _ time: EventTime
  ) {
    delivered = position
    var one = GrowingBatch()
    one.append(event, rows.attributes, from: rows.window, committedAt: position, time)
    keep(one.batch.events[0], of: one.batch, reason)
  }

  private mutating func keep(_ event: EncodedEvent, of batch: EventBatch, _ reason: ForeignText) {
    let now = PostgresTimestamp.now.unixSeconds
    badRows.append(
      DeadLetter(OutgoingEvent(batch, event), reason: reason.raw, attempts: 0, first: now, last: now, sink: ""))
  }

  mutating func keep(_ row: BadRow, at position: EventPosition) {
    if let delivered, position <= delivered { return }
    delivered = position
    badRows.append(row.letter(at: position))
  }
}
