import Crypto
import Delivery
import IntegrationEvents
import Octets

/// The id that a receiver knows a request by, for `webhook-id` and `Idempotency-Key`.
enum RequestID {
  /// Of one event its own; of several a digest of all their ids and positions, so that it is the same only for the same
  /// events in the same order.
  static func of(_ events: [OutgoingEvent]) -> String {
    if events.count == 1 { return HTTPMessage.percentEncoded(events[0].batch.unescaped(events[0].event.id)) }
    var digest = SHA256()
    for event in events {
      let id = event.batch.unescaped(event.event.id)
      // With its length, so that no two lists of ids make the same bytes.
      digest.update(data: Array("\(id.count):".utf8) + id + Array(event.event.position.sequence.utf8))
    }
    var text = Array("batch-".utf8)
    for byte in digest.finalize() { text.appendHexadecimal(byte) }
    return String(decoding: text, as: UTF8.self)
  }
}
