// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import Octets

/// Which event a message is, in whichever mode it was written.
struct EventIdentity: Hashable, Sendable {
  /// What its stream knows it by.
  let messageID: [UInt8]
  /// The CloudEvents `source`; nil where it is no event.
  let source: [UInt8]?

  /// Nil where a stream does not know it by any id.
  init?(headers: ArraySlice<UInt8>, payload: ArraySlice<UInt8>) {
    guard let id = Self.value(of: "nats-msg-id", in: headers) else { return nil }
    messageID = id
    source = Self.value(of: "ce-source", in: headers) ?? Self.source(of: payload)
  }

  /// The value of a header as it was before it was percent-encoded.
  private static func value(of name: String, in headers: ArraySlice<UInt8>) -> [UInt8]? {
    for line in headers.split(separator: 0x0A).dropFirst() {
      let words = line.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
      guard words.count == 2, words[0].elementsEqual(name.utf8, by: { $0 | 0x20 == $1 }) else { continue }
      let value = words[1].drop { $0 == 0x20 }.prefix { $0 != 0x0D }
      return Hexadecimal.percentDecoded(value) ?? Array(value)
    }
    return nil
  }

  /// That of an event which is a payload as a whole.
  private static func source(of payload: ArraySlice<UInt8>) -> [UInt8]? {
    var batch = EventBatch()
    batch.bytes = Array(payload)
    let whole = batch.bytes.indices
    let position = EventPosition(commitLSN: 0, ordinal: 0)
    guard let event = EncodedEvent.read(batch.bytes, whole, position: position, &batch.attributes) else { return nil }
    var source: [UInt8]?
    event.forEachAttribute(in: batch.bytes, batch.attributes) { name, value in
      if name == "source" { source = batch.unescaped(value) }
    }
    return source
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
