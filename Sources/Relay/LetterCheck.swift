// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import Octets
import OutboxMapping
import PostgresWire

/// Asks a payload hook again whether letters may leave.
struct LetterCheck {
  private let hook: any PayloadHook
  /// Of whom a letter must not leave, so that later ones stay behind it.
  private var aggregates: Set<Aggregate> = []
  /// How many must not.
  private(set) var refused = 0
  /// Why the first of them must not.
  private(set) var refusal: Wording?

  init(_ hook: any PayloadHook) { self.hook = hook }

  /// The letters are gone through from their beginning.
  mutating func begin() { (aggregates, refused, refusal) = ([], 0, nil) }

  /// Whether a letter, whose event is the last of a batch, may leave; its `dataschema` is added then where it has none.
  mutating func mayLeave(_ letter: DeadLetter, last batch: inout EventBatch) -> Bool {
    do throws(PayloadRefusal) {
      let answer = try batch.ask(hook)
      if let aggregate = letter.aggregate, aggregates.contains(aggregate) { return false }
      if let schema = answer?.schema { batch.addSchema(schema, at: letter.position) }
      return true
    } catch {
      refused += 1
      refusal = refusal ?? error.words
      if let aggregate = letter.aggregate { aggregates.insert(aggregate) }
      return false
    }
  }
}

extension EventBatch {
  /// Asks about the last event, as if it came from its row: what its attributes say lies behind it for so long.
  fileprivate mutating func ask(_ hook: any PayloadHook) throws(PayloadRefusal) -> ReplacedPayload? {
    guard let encoded = events.last else { return nil }
    let end = bytes.count
    defer { bytes.removeSubrange(end...) }
    var event = IntegrationEvent(source: EventSource(path: []), time: .epoch)
    event.position = encoded.position
    event.id = unescapedBehind(encoded.id)
    event.type = unescapedBehind(encoded.type)
    event.aggregateType = unescapedBehind(encoded.aggregateType)
    event.aggregateID = unescapedBehind(encoded.key)
    event.dataVersion = unescapedBehind(encoded.dataVersion)
    encoded.forEachAttribute(in: bytes, attributes) { name, value in
      if name == "dataschema" { event.dataSchema = value }
    }
    switch encoded.dataKind {
    case .none: event.payload = .none
    case .json: event.payload = .json(encoded.data)
    case .text: event.payload = .text(encoded.data)
    case .base64:
      let start = bytes.count
      bytes.append(contentsOf: #"\x"#.utf8)
      for byte in Base64.decode(bytes[encoded.data]) ?? [] { bytes.appendHexadecimal(byte) }
      event.payload = .hexadecimal(start..<bytes.count)
    }
    return try unsafe hook.payload(of: event, in: bytes.span.bytes)
  }

  private mutating func unescapedBehind(_ range: Range<Int>) -> Range<Int> {
    let start = bytes.count
    bytes.append(contentsOf: unescaped(range))
    return start..<bytes.count
  }

  /// Adds `dataschema` to the last event, where the relay writes it: before what its data is.
  fileprivate mutating func addSchema(_ schema: DataSchema, at position: EventPosition) {
    // One that holds nothing else is left as it is.
    guard let encoded = events.last, !encoded.id.isEmpty else { return }
    drop(attributesOf: encoded)
    let start = encoded.line.lowerBound
    let before = Array(#","datacontenttype":"application/json","data":"#.utf8)
    let place = encoded.data.lowerBound - before.count
    let isOurs =
      encoded.dataKind == .json && place > start && bytes[place..<(place + before.count)].elementsEqual(before)
    let end = bytes.lastIndex(of: UInt8(ascii: "}")) ?? start
    bytes.insert(contentsOf: Array(",\"dataschema\":\"\(schema.uri)\"".utf8), at: isOurs ? place : end)
    let line = start..<(bytes.count - 1)
    guard var event = EncodedEvent.read(bytes, line, position: position, &attributes) else { return }
    event.line = start..<bytes.count
    events[events.count - 1] = event
  }

  private mutating func drop(attributesOf event: EncodedEvent) { attributes.removeSubrange(event.attributes) }
}
