import Delivery
import IntegrationEvents
import Octets

/// What goes into one request: header fields and a body. Source: CloudEvents HTTP Protocol Binding.
struct HTTPMessage {
  var headers: [(String, String)]
  var body: [UInt8]

  /// The request for some events: one, or in batch mode several.
  init(_ events: [OutgoingEvent], mode: HTTPConfiguration.Mode) {
    switch mode {
    case .structured: self.init(structured: events[0])
    case .binary: self.init(binary: events[0])
    case .batch: self.init(batch: events)
    }
    // In the other modes a receiver finds the trace context in the events.
    if events.count == 1, mode != .binary {
      let event = events[0].event
      if !event.traceParent.isEmpty { headers.append(("traceparent", Self.text(events[0], event.traceParent))) }
    }
  }

  /// Compresses the body, unless that makes it longer.
  mutating func compress() {
    guard let smaller = Gzip.compress(body), smaller.count < body.count else { return }
    body = smaller
    headers.append(("content-encoding", "gzip"))
  }

  private init(structured event: OutgoingEvent) {
    headers = [("content-type", "application/cloudevents+json; charset=UTF-8")]
    body = Array(event.line)
  }

  private init(batch events: [OutgoingEvent]) {
    headers = [("content-type", "application/cloudevents-batch+json; charset=UTF-8")]
    body = [UInt8(ascii: "[")]
    for event in events {
      if body.count > 1 { body.append(UInt8(ascii: ",")) }
      body.append(contentsOf: event.line)
    }
    body.append(UInt8(ascii: "]"))
  }

  private init(binary outgoing: OutgoingEvent) {
    let event = outgoing.event
    var headers: [(String, String)] = []
    var contentType: String?
    var traceParent: String?
    outgoing.forEachAttribute { name, value in
      switch name {
      case "datacontenttype": contentType = Self.percentEncoded(value)
      case "traceparent":
        traceParent = Self.percentEncoded(value)
        headers.append(("ce-traceparent", Self.percentEncoded(value)))
      default: headers.append(("ce-\(name)", Self.percentEncoded(value)))
      }
    }
    switch event.dataKind {
    case .none: body = []
    case .json:
      body = Array(outgoing.batch.bytes[event.data])
      contentType = contentType ?? "application/json"
    case .text:
      body = outgoing.batch.unescaped(event.data)
      contentType = "text/plain; charset=UTF-8"
    case .base64:
      body = Base64.decode(outgoing.batch.bytes[event.data]) ?? []
      contentType = contentType ?? "application/octet-stream"
    }
    if let contentType { headers.append(("content-type", contentType)) }
    if let traceParent { headers.append(("traceparent", traceParent)) }
    self.headers = headers
  }

  /// The id that the receiver knows a request by: the event's, or for a batch its first event's and its length.
  static func id(_ events: [OutgoingEvent]) -> String {
    let first = text(events[0], events[0].event.id)
    return events.count == 1 ? first : "\(first)+\(events.count - 1)"
  }

  /// A piece of an event's line as a header's value: unescaped, then percent-encoded where a header cannot hold it.
  private static func text(_ event: OutgoingEvent, _ range: Range<Int>) -> String {
    percentEncoded(event.batch.unescaped(range))
  }

  /// Everything but printable ASCII, and the blank, the quotation mark and the per cent sign, as `%XX`.
  static func percentEncoded(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.appendPercentEncoded(bytes) {
      (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "%")
    }
    return String(decoding: text, as: UTF8.self)
  }
}
