// SPDX-License-Identifier: Apache-2.0

import Delivery
import Digests
import IntegrationEvents
import Octets

/// What a queue or a topic is given: an event whole in JSON, or a letter.
struct AWSMessage: Sendable {
  /// Which of those that were handed over.
  let index: Int
  let body: [UInt8]
  /// Names with values, unescaped.
  private(set) var attributes: [(name: String, value: [UInt8])] = []
  /// What goes one after another; nil where nothing has an order.
  private(set) var group: String?
  /// What is known by it for five minutes; nil likewise.
  private(set) var deduplication: String?

  /// What counts against the limits, in bytes. Source: Amazon SQS Developer Guide, "Message quotas".
  var size: Int {
    attributes.reduce(body.count) { $0 + $1.name.utf8.count + "String".utf8.count + $1.value.count }
  }

  /// An event, as it is sent.
  ///
  /// - Parameter isOrdered: whether it goes to a FIFO queue or topic.
  init(_ outgoing: OutgoingEvent, index: Int, isOrdered: Bool) throws(UnwritableEvent) {
    try outgoing.requireIdentity()
    self.index = index
    body = Array(outgoing.line)
    guard Self.isSendable(body) else { throw Self.unsendable }
    for (name, range) in [("type", outgoing.event.type), ("aggregatetype", outgoing.event.aggregateType)] {
      // There is no attribute without a value.
      guard !range.isEmpty else { continue }
      let value = outgoing.batch.unescaped(range)
      guard Self.isSendable(value) else { throw Self.unsendable }
      attributes.append((name, value))
    }
    guard isOrdered else { return }
    var source: [UInt8] = []
    outgoing.forEachAttribute { name, value in if name == "source" { source = value } }
    let id = Self.digest(source + [0x0A] + outgoing.batch.unescaped(outgoing.event.id))
    guard let id else { throw UnwritableEvent("libcrypto computes no SHA-256 here: see openssl list -providers") }
    deduplication = id
    // What has no key waits for nobody.
    let key = outgoing.batch.unescaped(outgoing.event.key)
    group = key.isEmpty ? id : Self.isGroup(key) ? String(decoding: key, as: UTF8.self) : Self.digest(key)
  }

  /// A letter, for a queue of letters.
  init(_ letter: DeadLetter, index: Int, isOrdered: Bool) throws(UnwritableEvent) {
    self.index = index
    body = Self.escaped(Array(letter.json.utf8))
    guard isOrdered else { return }
    (group, deduplication) = ("letters", Self.digest(body))
  }

  private static let unsendable = UnwritableEvent(
    "it has a character that no message can have (U+FFFE, U+FFFF, or a control character in its type)")

  /// Whether all characters are such as messages may have: those of XML. Source: Amazon SQS API Reference, "SendMessage".
  static func isSendable(_ bytes: [UInt8]) -> Bool {
    for (index, byte) in bytes.enumerated() {
      if byte < 0x20, byte != 0x09, byte != 0x0A, byte != 0x0D { return false }
      // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
      if byte == 0xEF, index + 2 < bytes.count, bytes[index + 1] == 0xBF, bytes[index + 2] >= 0xBE { return false }
    }
    return true
  }

  /// A JSON text with what no message may have as escapes: it is within strings.
  private static func escaped(_ json: [UInt8]) -> [UInt8] {
    guard !isSendable(json) else { return json }
    var bytes: [UInt8] = []
    for byte in json {
      bytes.append(byte)
      guard byte == 0xBE || byte == 0xBF, bytes.suffix(3).starts(with: [0xEF, 0xBF]) else { continue }
      bytes.removeLast(3)
      bytes += (byte == 0xBE ? #"\ufffe"# : #"\uffff"#).utf8
    }
    return bytes
  }

  /// Whether a group can be named so. Source: Amazon SQS API Reference, "SendMessage", MessageGroupId.
  private static func isGroup(_ key: [UInt8]) -> Bool {
    key.count <= 128 && key.allSatisfy { (0x21...0x7E).contains($0) }
  }

  private static func digest(_ bytes: [UInt8]) -> String? { (try? SHA256.digest(bytes)).map(RequestSigning.text) }
}
