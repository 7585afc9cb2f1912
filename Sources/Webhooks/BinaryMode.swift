// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets

/// Events whose attributes are header fields. Source: CloudEvents HTTP Protocol Binding 1.0.2, "Binary Content Mode".
struct BinaryMode {
  let limits: WebhookLimits

  /// The event that a request is.
  func event(_ fields: FieldTable, _ body: [UInt8]) throws(WebhookRefusal) -> ReceivedEvent {
    var attributes = EventAttributes()
    for field in fields.names(prefix: "ce-") {
      let name = String(field.dropFirst(3))
      guard name != "datacontenttype", let value = try fields.value(field) else {
        throw WebhookRefusal(.malformed, "ce-datacontenttype is what Content-Type is for")
      }
      // What a server makes of other bytes may be one character for many, and one id for two events'.
      guard value.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
        throw WebhookRefusal(.malformed, "a header field has other bytes than printable ASCII, which are written %XX")
      }
      try attributes.set(name, try Self.decoded(value))
    }
    if let type = try fields.value("content-type"), !type.isEmpty { try attributes.set("datacontenttype", type) }
    var event = try attributes.event()
    guard !body.isEmpty else { return event }
    event.data = body
    // Source: RFC 9110, section 8.3. That it were JSON is said for the JSON format only.
    if event.dataContentType == nil { event.dataContentType = "application/octet-stream" }
    if event.hasJSON { try limits.checkJSON(body) }
    return event
  }

  /// A field's value as the attribute's: quotes taken off, and `%XX` turned into bytes. Source: the same, "HTTP Header Values".
  static func decoded(_ value: String) throws(WebhookRefusal) -> String {
    var bytes = Array(value.utf8)
    if bytes.count >= 2, bytes.first == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\"") {
      bytes = try unquoted(bytes[1..<(bytes.count - 1)])
    }
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var offset = 0
    while offset < bytes.count {
      guard bytes[offset] == UInt8(ascii: "%") else {
        decoded.append(bytes[offset])
        offset += 1
        continue
      }
      guard bytes.count - offset >= 3, let high = Hexadecimal.value(of: bytes[offset + 1]),
        let low = Hexadecimal.value(of: bytes[offset + 2])
      else { throw WebhookRefusal(.malformed, "a per cent sign in a header field begins no byte") }
      decoded.append(high << 4 | low)
      offset += 3
    }
    guard let text = String(validating: decoded, as: UTF8.self) else {
      throw WebhookRefusal(.malformed, "a header field is not valid UTF-8")
    }
    return text
  }

  private static func unquoted(_ bytes: ArraySlice<UInt8>) throws(WebhookRefusal) -> [UInt8] {
    var plain: [UInt8] = []
    var isEscaped = false
    for byte in bytes {
      if !isEscaped, byte == UInt8(ascii: "\\") {
        isEscaped = true
        continue
      }
      guard isEscaped || byte != UInt8(ascii: "\"") else {
        throw WebhookRefusal(.malformed, "a header field has a quotation mark in quotes")
      }
      plain.append(byte)
      isEscaped = false
    }
    guard !isEscaped else { throw WebhookRefusal(.malformed, "a header field ends in an escape") }
    return plain
  }
}
