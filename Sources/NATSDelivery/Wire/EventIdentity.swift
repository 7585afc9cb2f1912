// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import Octets

/// Which event a message is, in whichever mode it was written.
struct EventIdentity: Hashable, Sendable {
  /// What an event says, whenever and from wherever in the log it was sent.
  private struct Content: Hashable {
    var type: [UInt8] = []
    var key: [UInt8] = []
    var aggregateType: [UInt8] = []
    var data: [UInt8] = []
  }

  /// What its stream knows it by.
  let messageID: [UInt8]
  /// The CloudEvents `source`; nil where it is no event.
  private(set) var source: [UInt8]?
  /// Where it stands in its log; nil where it does not say.
  private var sequence: [UInt8]?
  private var content = Content()

  /// Nil where a stream does not know it by any id.
  init?(headers: ArraySlice<UInt8>, payload: ArraySlice<UInt8>) {
    let headers = Self.values(of: headers)
    guard let id = headers["nats-msg-id"] else { return nil }
    messageID = id
    if headers["ce-source"] != nil {
      for (name, value) in headers where name.hasPrefix("ce-") { note(String(name.dropFirst(3)), value) }
      content.data = Array(payload)
    } else {
      read(payload)
    }
  }

  /// Whether it is the same event. An id alone does not say so: two servers can have the same source, and ids can begin anew. Nor
  /// does a position alone say that it is another: an event that is polled, or delivered again, has another one.
  func isSame(as other: EventIdentity) -> Bool {
    source == other.source && (sequence.map { $0 == other.sequence } == true || content == other.content)
  }

  private mutating func note(_ name: String, _ value: [UInt8]) {
    switch name {
    case "source": source = value
    case "sequence": sequence = value
    case "type": content.type = value
    case "partitionkey": content.key = value
    case "aggregatetype": content.aggregateType = value
    default: break
    }
  }

  /// Takes an event that is a payload as a whole, or a payload that is none.
  private mutating func read(_ payload: ArraySlice<UInt8>) {
    var batch = EventBatch()
    batch.bytes = Array(payload)
    let whole = batch.bytes.indices
    let position = EventPosition(commitLSN: 0, ordinal: 0)
    guard let event = EncodedEvent.read(batch.bytes, whole, position: position, &batch.attributes) else {
      content.data = batch.bytes
      return
    }
    let outgoing = OutgoingEvent(batch, event)
    outgoing.forEachAttribute { name, value in note(name, value) }
    do throws(UnwritableEvent) { content.data = Array(try outgoing.data()) } catch {
      content.data = Array(batch.bytes[event.data])
    }
  }

  /// The first value of each header, as it was before it was percent-encoded, by its name in small letters.
  private static func values(of headers: ArraySlice<UInt8>) -> [String: [UInt8]] {
    var values: [String: [UInt8]] = [:]
    for line in headers.split(separator: 0x0A).dropFirst() {
      let words = line.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
      guard words.count == 2 else { continue }
      let name = String(decoding: words[0], as: UTF8.self).lowercased()
      guard values[name] == nil else { continue }
      let value = words[1].drop { $0 == 0x20 }.prefix { $0 != 0x0D }
      values[name] = Hexadecimal.percentDecoded(value) ?? Array(value)
    }
    return values
  }
}

extension EventIdentity {
  /// That of a message as a stream hands it out; nil where it hands out none, or it has no id. Source: NATS documentation,
  /// "JetStream wire API Reference", STREAM.MSG.GET.
  init?(answer: JSONValue) {
    guard let message = answer["message"], let headers = message["hdrs"]?.string.flatMap({ Base64.decode($0.utf8) }),
      let payload = Base64.decode((message["data"]?.string ?? "").utf8)
    else { return nil }
    self.init(headers: headers[...], payload: payload[...])
  }
}
