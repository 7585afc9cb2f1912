public import IntegrationEvents
import Octets

/// A run of encoded events, in order.
public struct EventBatch: Sendable {
  /// The encoded lines, one after another.
  public var bytes: [UInt8] = []
  /// Where each event lies in `bytes`.
  public var events: [EncodedEvent] = []

  /// Makes an empty batch.
  public init() {}

  /// Empties it, keeping its memory.
  package mutating func clear() {
    bytes.removeAll(keepingCapacity: true)
    events.removeAll(keepingCapacity: true)
  }
}

extension EventBatch {
  /// Adds the event of a dead letter, byte for byte.
  package mutating func append(_ letter: DeadLetter) {
    let start = bytes.count
    bytes.append(contentsOf: letter.event.utf8)
    bytes.append(UInt8(ascii: "\n"))
    var found: [String: Range<Int>] = [:]
    let line = Array(bytes[start...])
    let span = unsafe line.span.bytes
    // An event that cannot be read back is delivered as it is, without a key.
    try? JSONScanner.forEachMember(span, 0..<line.count) { key, value, kind in
      guard kind == .string else { return }
      found[span.text(key)] = (start + value.lowerBound + 1)..<(start + value.upperBound - 1)
    }
    events.append(
      EncodedEvent(
        position: letter.position, line: start..<bytes.count, id: found["id"] ?? 0..<0,
        key: found["partitionkey"] ?? 0..<0, traceParent: found["traceparent"] ?? 0..<0))
  }
}
