import Delivery
import IntegrationEvents
import Octets

/// What goes into one request: header fields and a body. Source: CloudEvents HTTP Protocol Binding.
struct HTTPMessage {
  var headers: [(String, String)]
  var body: [UInt8]

  /// The request for some events.
  init(_ items: [DeliveryScheduler.Item], mode: HTTPSinkConfiguration.Mode) {
    switch mode {
    case .structured: self.init(structured: items[0])
    case .binary: self.init(binary: items[0])
    case .batch: self.init(batch: items)
    }
    // In the other modes a receiver finds the trace context in the events.
    if items.count == 1, mode != .binary || !headers.contains(where: { $0.0 == "traceparent" }) {
      let event = items[0].event
      if !event.traceParent.isEmpty { headers.append(("traceparent", Self.text(items[0], event.traceParent))) }
    }
  }

  /// Compresses the body, unless that makes it longer.
  mutating func compress() {
    guard let smaller = Gzip.compress(body), smaller.count < body.count else { return }
    body = smaller
    headers.append(("content-encoding", "gzip"))
  }

  private init(structured item: DeliveryScheduler.Item) {
    headers = [("content-type", "application/cloudevents+json; charset=UTF-8")]
    body = Array(item.batch.batch.bytes[item.event.line.dropLast()])
  }

  private init(batch items: [DeliveryScheduler.Item]) {
    headers = [("content-type", "application/cloudevents-batch+json; charset=UTF-8")]
    body = [UInt8(ascii: "[")]
    for item in items {
      if body.count > 1 { body.append(UInt8(ascii: ",")) }
      body.append(contentsOf: item.batch.batch.bytes[item.event.line.dropLast()])
    }
    body.append(UInt8(ascii: "]"))
  }

  private init(binary item: DeliveryScheduler.Item) {
    let bytes = item.batch.batch.bytes
    let span = unsafe bytes.span.bytes
    var headers: [(String, String)] = []
    var body: [UInt8] = []
    var contentType: String?
    var textData: Range<Int>?
    // The line is our own and valid: what cannot be read back leaves the event as it is.
    try? JSONScanner.forEachMember(span, item.event.line) { key, value, kind in
      let name = span.text(key)
      let inner = kind == .string ? (value.lowerBound + 1)..<(value.upperBound - 1) : value
      switch name {
      case "data":
        if kind == .string { textData = inner }
        body = Array(bytes[value])
      case "data_base64": body = Base64.decode(bytes[inner]) ?? []
      case "datacontenttype": contentType = span.text(inner)
      default:
        var text: [UInt8] = []
        _ = text.appendUnescaped(span, inner)
        headers.append(("ce-\(name)", Self.percentEncoded(text)))
      }
    }
    if let textData, contentType == "text/plain" {
      body = []
      _ = body.appendUnescaped(span, textData)
      contentType = "text/plain; charset=UTF-8"
    }
    if let contentType { headers.append(("content-type", contentType)) }
    self.headers = headers
    self.body = body
  }

  /// The id that the receiver knows a request by: the event's, or for a batch its first event's and its length.
  static func id(_ items: [DeliveryScheduler.Item]) -> String {
    let first = text(items[0], items[0].event.id)
    return items.count == 1 ? first : "\(first)+\(items.count - 1)"
  }

  /// A piece of an event's line as a header's value: unescaped, then percent-encoded where a header cannot hold it.
  private static func text(_ item: DeliveryScheduler.Item, _ range: Range<Int>) -> String {
    let bytes = item.batch.batch.bytes
    var text: [UInt8] = []
    _ = unsafe text.appendUnescaped(bytes.span.bytes, range)
    return percentEncoded(text)
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
