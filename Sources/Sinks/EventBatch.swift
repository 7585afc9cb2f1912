public import IntegrationEvents

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
