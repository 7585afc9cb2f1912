import Delivery
import IntegrationEvents
import Testing

@testable import HTTPDelivery

/// Batches of CloudEvents as the relay makes them.
enum Events {
  struct Sample {
    var id: String
    var key: String
    var type = "OrderPlaced"
    var data = #"{"n": 1}"#
    var traceParent = ""
  }

  static func batch(_ samples: [Sample]) throws -> EventBatch {
    var batch = EventBatch()
    let encoder = EnvelopeEncoder(envelope: .cloudevents)
    let time = try #require(EventTime(unixMicroseconds: 1_700_000_000_000_000))
    for (number, sample) in samples.enumerated() {
      var bytes: [UInt8] = []
      func add(_ text: String) -> Range<Int> {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        return start..<bytes.count
      }
      var event = IntegrationEvent(source: EventSource(path: ["shop", "public.outbox"]), time: time)
      event.position = EventPosition(commitLSN: 0x1000, ordinal: UInt64(number + 1))
      event.id = add(sample.id)
      event.type = add(sample.type)
      event.aggregateType = add("order")
      event.aggregateID = add(sample.key)
      event.traceParent = add(sample.traceParent)
      event.payload = .json(add(sample.data))
      batch.events.append(try encoder.encode(event, from: bytes.span.bytes, into: &batch.bytes))
    }
    return batch
  }
}
