// SPDX-License-Identifier: Apache-2.0

package import Delivery
package import IntegrationEvents

/// Batches of CloudEvents as the relay makes them.
package enum Events {
  package struct Sample: Sendable {
    package var id: String
    package var key: String
    package var type: String
    package var data: String
    package var traceParent: String
    package var aggregateType: String

    package init(
      id: String, key: String, type: String = "OrderPlaced", data: String = #"{"n": 1}"#, traceParent: String = "",
      aggregateType: String = "order"
    ) {
      self.aggregateType = aggregateType
      self.id = id
      self.key = key
      self.type = type
      self.data = data
      self.traceParent = traceParent
    }
  }

  /// One transaction's events of a source, with ordinals from a number on.
  package static func batch(
    _ samples: [Sample], from first: UInt64 = 1, source path: [String] = ["shop", "public.outbox"]
  ) throws -> EventBatch {
    var batch = EventBatch()
    for (number, sample) in samples.enumerated() {
      var bytes: [UInt8] = []
      func add(_ text: String) -> Range<Int> {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        return start..<bytes.count
      }
      let time = EventTime(unixMicroseconds: 1_700_000_000_000_000) ?? .epoch
      var event = IntegrationEvent(source: EventSource(path: path), time: time)
      event.hasOwnTime = true
      event.position = EventPosition(commitLSN: 0x1000, ordinal: first + UInt64(number))
      event.id = add(sample.id)
      event.type = add(sample.type)
      event.aggregateType = add(sample.aggregateType)
      event.aggregateID = add(sample.key)
      event.traceParent = add(sample.traceParent)
      if !sample.data.isEmpty { event.payload = .json(add(sample.data)) }
      try batch.encode(event, from: bytes)
    }
    return batch
  }
}

extension EventBatch {
  /// Encodes an event behind the others.
  package mutating func encode(
    _ event: IntegrationEvent, from row: [UInt8],
    with encoder: EnvelopeEncoder = EnvelopeEncoder(envelope: .cloudevents)
  ) throws {
    events.append(try encoder.encode(event, from: row.span.bytes, into: &bytes, &attributes))
  }
}
