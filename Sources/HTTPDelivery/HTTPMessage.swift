// SPDX-License-Identifier: Apache-2.0

import Delivery
import Digests
import IntegrationEvents
import Octets

/// What goes into one request: header fields and a body. Source: CloudEvents HTTP Protocol Binding.
struct HTTPMessage {
  var headers: [(String, String)] = []
  var body: [UInt8] = []
  /// The body before it was compressed; nil when it is not.
  private(set) var plainBody: [UInt8]?

  /// The request for some events: one, or in batch mode several.
  init(_ events: [OutgoingEvent], mode: HTTPConfiguration.Mode) throws(UnwritableEvent) {
    for event in events { try event.requireIdentity() }
    switch mode {
    case .structured: setStructured(events[0])
    case .binary: try setBinary(events[0])
    case .batch: setBatch(events)
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
    plainBody = body
    body = smaller
    headers.append(("content-encoding", "gzip"))
  }

  private mutating func setStructured(_ event: OutgoingEvent) {
    headers = [("content-type", "application/cloudevents+json; charset=UTF-8")]
    body = Array(event.line)
  }

  private mutating func setBatch(_ events: [OutgoingEvent]) {
    headers = [("content-type", "application/cloudevents-batch+json; charset=UTF-8")]
    body = [UInt8(ascii: "[")]
    for event in events {
      if body.count > 1 { body.append(UInt8(ascii: ",")) }
      body.append(contentsOf: event.line)
    }
    body.append(UInt8(ascii: "]"))
  }

  private mutating func setBinary(_ outgoing: OutgoingEvent) throws(UnwritableEvent) {
    let event = outgoing.event
    var contentType: String?
    var traceParent: String?
    var isNamed = true
    outgoing.forEachAttribute { name, value in
      switch name {
      case "datacontenttype": contentType = Self.contentType(value)
      case "traceparent":
        traceParent = Self.percentEncoded(value)
        headers.append(("ce-traceparent", Self.percentEncoded(value)))
      default:
        isNamed = isNamed && !name.isEmpty && name.utf8.allSatisfy(\.isTokenByte)
        headers.append(("ce-\(name)", Self.percentEncoded(value)))
      }
    }
    guard isNamed else { throw UnwritableEvent("an attribute has a name that no header field can have") }
    body = Array(try outgoing.data())
    if let contentType = outgoing.reencoded?.contentType ?? contentType ?? event.dataKind.contentType {
      headers.append(("content-type", contentType))
    }
    if let traceParent { headers.append(("traceparent", traceParent)) }
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

  /// A media type goes as it is, with its parameters.
  private static func contentType(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.appendPercentEncoded(bytes) { (0x20...0x7E).contains($0) }
    return String(decoding: text, as: UTF8.self)
  }
}

/// The id that a receiver knows a request by, for `webhook-id` and `Idempotency-Key`.
enum RequestID {
  /// Of one event its own; of several a digest of all their ids and positions, so that it is the same only for the same
  /// events in the same order.
  static func of(_ events: [OutgoingEvent]) throws(SHA256.Unavailable) -> String {
    if events.count == 1 { return HTTPMessage.percentEncoded(events[0].batch.unescaped(events[0].event.id)) }
    var names: [UInt8] = []
    for event in events {
      let id = event.batch.unescaped(event.event.id)
      // With its length, so that no two lists of ids make the same bytes.
      names += Array("\(id.count):".utf8) + id + Array(event.event.position.sequence.utf8)
    }
    var text = Array("batch-".utf8)
    for byte in try SHA256.digest(names) { text.appendHexadecimal(byte) }
    return String(decoding: text, as: UTF8.self)
  }
}
