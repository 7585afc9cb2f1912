// SPDX-License-Identifier: Apache-2.0

import IntegrationEvents
import Octets

/// Events in JSON. Source: CloudEvents JSON Event Format 1.0.2.
struct StructuredMode {
  let limits: WebhookLimits

  /// The event that a body is.
  func event(_ body: [UInt8]) throws(WebhookRefusal) -> ReceivedEvent {
    try limits.checkDepth(body, around: 1)
    return try event(body, 0..<body.count, nil)
  }

  /// The events of an array; none for an empty one.
  func events(_ body: [UInt8]) throws(WebhookRefusal) -> [ReceivedEvent] {
    try limits.checkDepth(body, around: 2)
    var ranges: [(Range<Int>, JSONScanner.Kind)] = []
    do {
      let isWhole = try unsafe JSONScanner.forEachElement(body.span.bytes, 0..<body.count) { range, kind in
        guard ranges.count < limits.batchEvents else { return false }
        ranges.append((range, kind))
        return true
      }
      guard isWhole else { throw WebhookRefusal(.tooLarge, "a batch has more than \(limits.batchEvents) events") }
    } catch let failure as JSONScanner.Failure {
      throw WebhookRefusal(.malformed, "the body is no JSON array (byte \(failure.offset))")
    } catch {
      throw (error as? WebhookRefusal) ?? WebhookRefusal(.malformed, "the body is no JSON array")
    }
    var events: [ReceivedEvent] = []
    for (index, (range, kind)) in ranges.enumerated() {
      guard kind == .object else {
        throw WebhookRefusal(.malformed, "it is no JSON object", blame: .init(index: index, id: nil))
      }
      events.append(try event(body, range, index))
    }
    return events
  }

  /// The event in a range, which is the one at a place of a batch.
  private func event(_ body: [UInt8], _ range: Range<Int>, _ index: Int?) throws(WebhookRefusal) -> ReceivedEvent {
    var members: [(Range<Int>, Range<Int>, JSONScanner.Kind)] = []
    do {
      try unsafe JSONScanner.forEachMember(body.span.bytes, range) { members.append(($0, $1, $2)) }
    } catch {
      throw WebhookRefusal(.malformed, "the body is no JSON object (byte \(error.offset))")
    }
    var attributes = EventAttributes()
    do throws(WebhookRefusal) {
      var data: (Range<Int>, JSONScanner.Kind)?
      var base64: (Range<Int>, JSONScanner.Kind)?
      var names: Set<String> = []
      for (key, value, kind) in members {
        let name = try text(body, key)
        guard names.insert(name).inserted else { throw WebhookRefusal(.malformed, "a member is there more than once") }
        switch name {
        case "data": data = (value, kind)
        // Null is no value, but for data, where it is one of JSON's.
        case "data_base64": if kind != .null { base64 = (value, kind) }
        default: if kind != .null { try attributes.set(name, self.value(body, value, kind, name)) }
        }
      }
      var event = try attributes.event()
      if let (range, kind) = base64 {
        guard data == nil || data?.1 == .null else {
          throw WebhookRefusal(.malformed, "it has data and data_base64")
        }
        guard kind == .string, let bytes = Base64.decode(Array(try text(body, range.inner).utf8)) else {
          throw WebhookRefusal(.malformed, "data_base64 is no base64")
        }
        event.data = bytes
        if event.dataContentType == nil { event.dataContentType = "application/octet-stream" }
        if event.hasJSON { try limits.checkJSON(bytes) }
      } else if let (range, kind) = data {
        event.data = try self.data(body, range, kind, hasJSON: event.hasJSON)
      }
      return event
    } catch {
      guard let index else { throw error }
      throw WebhookRefusal(error.kind, error.reason, blame: .init(index: index, id: attributes.id))
    }
  }

  /// What the data is: a JSON value as it stands, or text of another type without its quotes.
  private func data(
    _ body: [UInt8], _ range: Range<Int>, _ kind: JSONScanner.Kind, hasJSON: Bool
  ) throws(WebhookRefusal) -> [UInt8]? {
    if hasJSON { return Array(body[range]) }
    if kind == .null { return nil }
    guard kind == .string else { return Array(body[range]) }
    return Array(try text(body, range.inner).utf8)
  }

  /// The value of an attribute as text.
  private func value(
    _ body: [UInt8], _ range: Range<Int>, _ kind: JSONScanner.Kind, _ name: String
  ) throws(WebhookRefusal) -> String {
    // A name that is none may be anything, and is refused as such elsewhere.
    let attribute = EventAttributes.isName(name) ? "the attribute \(name)" : "an attribute"
    guard kind == .string || !EventAttributes.own.contains(name) else {
      throw WebhookRefusal(.malformed, "\(attribute) is no string")
    }
    switch kind {
    case .string: return try text(body, range.inner)
    case .boolean: return String(decoding: body[range], as: UTF8.self)
    case .number:
      // Source: CloudEvents 1.0, "Type System", Integer.
      let digits = String(decoding: body[range], as: UTF8.self)
      guard let number = Int32(digits) else {
        throw WebhookRefusal(.malformed, "\(attribute) is no integer of 32 bits")
      }
      return "\(number)"
    default: throw WebhookRefusal(.malformed, "\(attribute) is an array or an object")
    }
  }

  /// The text inside a string's quotes.
  private func text(_ body: [UInt8], _ range: Range<Int>) throws(WebhookRefusal) -> String {
    var bytes: [UInt8] = []
    guard unsafe bytes.appendUnescaped(body.span.bytes, range), let text = String(validating: bytes, as: UTF8.self)
    else {
      throw WebhookRefusal(.malformed, "a string has half a surrogate pair")
    }
    return text
  }
}

extension Range<Int> {
  /// Without the first and the last: what a string's quotes hold.
  fileprivate var inner: Range<Int> { (lowerBound + 1)..<(upperBound - 1) }
}
