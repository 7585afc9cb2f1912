// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents

/// What an inbox keeps of one event, as statements.
struct Record {
  let insertion: String
  let parameters: [String?]
  /// Takes back what was inserted in the same transaction.
  let removal: String
  let removalParameters: [String?]

  /// Longer ids would not fit into an index.
  private static let longest = 1000

  init(_ event: ReceivedEvent, _ inbox: Inbox) throws(EventRefusal) {
    guard event.id.utf8.count <= Self.longest, event.source.utf8.count <= Self.longest else {
      throw EventRefusal("its id or source has more than \(Self.longest) bytes")
    }
    let table = inbox.table.quoted()
    let identity = [inbox.consumer, event.source, event.id]
    switch inbox.layout {
    case .rows:
      insertion = "INSERT INTO \(table) (consumer, source, id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
      parameters = identity
      removal = "DELETE FROM \(table) WHERE consumer = $1 AND source = $2 AND id = $3"
      removalParameters = identity
    case .days:
      guard let time = event.time else { throw EventRefusal("it has no time, by whose day it would be known again") }
      guard time.unixDay >= Days.today - inbox.retention.days else {
        throw EventRefusal("it is older than the records here, so that nobody knows whether it was handled")
      }
      guard time.unixDay <= Days.today + Days.ahead else {
        throw EventRefusal("its time is more than \(Days.ahead) days ahead, for which there are no records")
      }
      // The day again, so that it is the same whatever the session's time zone and date style.
      insertion =
        "INSERT INTO \(table) (consumer, source, id, day) VALUES ($1, $2, $3, $4::date) ON CONFLICT DO NOTHING"
      parameters = identity + [Days.text(time.unixDay)]
      removal = "DELETE FROM \(table) WHERE consumer = $1 AND source = $2 AND id = $3 AND day = $4::date"
      removalParameters = parameters
    case .positions(let source):
      guard event.source == source else { throw EventRefusal("it comes from another source than the positions here") }
      guard !event.isRedelivery else {
        throw EventRefusal("it is redriven, and an inbox that keeps positions would take it for a double")
      }
      guard let sequence = event.extensions["sequence"], event.position != nil, sequence == event.position?.sequence
      else {
        throw EventRefusal("its sequence is missing or has another form than a position's")
      }
      guard let key = event.key, !key.isEmpty, key.utf8.count <= Self.longest else {
        throw EventRefusal("it has no key of 1 to \(Self.longest) bytes, within which positions are compared")
      }
      insertion = """
        INSERT INTO \(table) AS kept (consumer, aggregatetype, key, sequence) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (consumer, aggregatetype, key) \
        DO UPDATE SET sequence = excluded.sequence, previous = kept.sequence WHERE kept.sequence < excluded.sequence
        """
      let place = [inbox.consumer, try event.aggregateType, key]
      parameters = place + [sequence]
      removal = """
        WITH first AS (DELETE FROM \(table) WHERE consumer = $1 AND aggregatetype = $2 AND key = $3 AND previous IS NULL) \
        UPDATE \(table) SET sequence = previous \
        WHERE consumer = $1 AND aggregatetype = $2 AND key = $3 AND previous IS NOT NULL
        """
      removalParameters = place
    }
  }
}
