// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets

/// The attributes of one event as they are found, each checked. Source: CloudEvents 1.0, "Context Attributes", "Type System".
struct EventAttributes {
  private var found: [String: String] = [:]

  /// Its id, as far as it is known.
  var id: String? { found["id"] }

  /// Takes one; an empty value is none where the attribute may be missing.
  mutating func set(_ name: String, _ value: String) throws(WebhookRefusal) {
    guard Self.isName(name) else {
      throw WebhookRefusal(.malformed, "the name of an attribute has other characters than a–z and 0–9")
    }
    guard found[name] == nil else { throw WebhookRefusal(.malformed, "the attribute \(name) is there more than once") }
    guard !value.unicodeScalars.contains(where: Self.isForbidden) else {
      throw WebhookRefusal(.malformed, "the attribute \(name) holds a code point that CloudEvents forbids")
    }
    found[name] = value
  }

  /// The event, without its data.
  func event() throws(WebhookRefusal) -> ReceivedEvent {
    guard try required("specversion") == "1.0" else { throw WebhookRefusal(.malformed, "specversion is not 1.0") }
    var event = ReceivedEvent(id: try required("id"), source: try required("source"), type: try required("type"))
    guard EventSource(event.source) != nil else { throw WebhookRefusal(.malformed, "source is no URI reference") }
    event.subject = try optional("subject")
    event.dataContentType = try optional("datacontenttype")
    event.dataSchema = try optional("dataschema")
    if let schema = event.dataSchema, EventSource(schema) == nil {
      throw WebhookRefusal(.malformed, "dataschema is no URI")
    }
    if let type = event.dataContentType, !MediaType.isOne(type) {
      throw WebhookRefusal(.malformed, "datacontenttype is no media type")
    }
    if let time = try optional("time") {
      guard let instant = RFC3339.instant(time) else {
        throw WebhookRefusal(.malformed, "time is not as RFC 3339 has it")
      }
      event.time = instant
    }
    event.extensions = found.filter { !Self.own.contains($0.key) }
    return event
  }

  private func required(_ name: String) throws(WebhookRefusal) -> String {
    guard let value = try optional(name) else { throw WebhookRefusal(.malformed, "\(name) is missing") }
    return value
  }

  private func optional(_ name: String) throws(WebhookRefusal) -> String? {
    guard let value = found[name] else { return nil }
    guard !value.isEmpty else { throw WebhookRefusal(.malformed, "\(name) is empty") }
    return value
  }

  /// Those that CloudEvents names, each text.
  static let own: Set = [
    "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema",
  ]

  /// Whether text has the form of an attribute's name, which can then be shown.
  static func isName(_ name: String) -> Bool {
    !name.isEmpty && name != "data" && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
  }

  /// Control characters and noncharacters; surrogates are in no Swift string.
  private static func isForbidden(_ scalar: UnicodeScalar) -> Bool {
    switch scalar.value {
    case 0...0x1F, 0x7F...0x9F, 0xFDD0...0xFDEF: true
    default: scalar.value & 0xFFFE == 0xFFFE
    }
  }
}

/// Media types. Source: RFC 9110, section 8.3.1.
enum MediaType {
  /// The type itself in lower case, without its parameters.
  static func essence(_ text: String) -> String {
    String(text.prefix { $0 != ";" }).withoutBlanks.lowercasedInASCII
  }

  /// Whether text has the form of one: two tokens and a slash.
  static func isOne(_ text: String) -> Bool {
    let parts = essence(text).split(separator: "/", omittingEmptySubsequences: false)
    return parts.count == 2 && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(isTokenByte) }
  }

  /// Whether a parameter `charset` names another than UTF-8.
  static func hasOtherCharset(_ text: String) -> Bool {
    text.split(separator: ";").dropFirst().contains { parameter in
      let parts = parameter.split(separator: "=", maxSplits: 1).map { String($0).withoutBlanks.lowercasedInASCII }
      return parts.first == "charset" && (parts.count < 2 || !["utf-8", "\"utf-8\"", "us-ascii"].contains(parts[1]))
    }
  }

  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}
