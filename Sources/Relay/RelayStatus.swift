public import PostgresWire
import Synchronization

/// How a relay stands at one moment.
public struct RelayStatus: Hashable, Sendable {
  /// What it is doing.
  public enum Phase: String, Hashable, Sendable {
    /// Opening the stream, for the first time or again.
    case connecting
    /// Reading, delivering, confirming.
    case streaming
    /// Delivering what has been read, in order to end.
    case draining
    /// Nothing any more.
    case ended
  }

  /// What it is doing.
  public var phase = Phase.connecting
  /// Which stream it reads; nil before the first connection.
  public var identity: StreamIdentity?
  /// The newest position heard of.
  public var received = LSN.zero
  /// The newest position that is confirmed, or is with the next status update.
  public var confirmed = LSN.zero
  /// How many rows and messages have become events.
  public var encodedEvents = 0
  /// How many of these are durable in the sink.
  public var deliveredEvents = 0
  /// How many batches are with the sink.
  public var batchesInFlight = 0
  /// How many bytes are with the sink.
  public var bytesInFlight = 0
  /// How many rows that could not become events are kept as dead letters.
  public var keptRows = 0
  /// What was passed over.
  public var passedOver = PassedOver()
  /// How often the stream was lost and tried again.
  public var retries = 0
  /// Why, the last time.
  public var lastFailure: String?

  /// Makes the status of a relay that has not begun.
  public init() {}
}

/// Where a relay puts up its status for others to look at, from any thread.
public final class StatusBoard: Sendable {
  private let status = Mutex(RelayStatus())

  /// Makes a board for a relay that has not begun.
  public init() {}

  /// How the relay stands.
  public var current: RelayStatus { status.withLock { $0 } }

  func update(_ change: (inout RelayStatus) -> Void) { status.withLock { change(&$0) } }
}
