// SPDX-License-Identifier: Apache-2.0

public import IntegrationEvents
public import PostgresWire

/// A place that events are delivered to.
///
/// There is one level of success: a batch is done when all of it is durable at the destination. What may heal is tried again
/// inside the sink; an error means that the batch never will be durable, and then the relay submits nothing more. Only
/// what lies before the first batch that is not done is confirmed to the server.
///
/// One relay uses one sink. The requirements are called on the relay's thread, which must not wait for a receiver.
public protocol Sink: Sendable {
  /// The newest event that is durable at the destination already, so that it and all before it are not submitted again.
  /// Read once, when the stream is known.
  var resumePosition: EventPosition? { get }

  /// What the destination itself keeps of the newest position that was confirmed to the server; nil when it keeps nothing.
  /// Read once, with `resumePosition`.
  var confirmed: Confirmation? { get }

  /// Keeps a position durably that is about to be confirmed to the server, so that a slot which is ahead of it shows that
  /// somebody else has moved it. Default: keeps nothing.
  func record(confirmed: Confirmation) throws(Failure)

  /// Which tables were outboxes, as the destination keeps it; nil when it keeps nothing. Read once, with `resumePosition`.
  var tables: OutboxTables? { get }

  /// Keeps durably which tables are and were outboxes, before events of a new one are submitted. Default: keeps nothing.
  func record(tables: OutboxTables) throws(Failure)

  /// How far the rows have come that were there before the slot, as the destination keeps it; nil when it keeps nothing. Read once,
  /// with `resumePosition`.
  var initialRows: InitialRows? { get }

  /// Keeps durably how far those rows have come, before more of them are submitted. Default: keeps nothing, and says so.
  ///
  /// - Returns: whether it is kept.
  func record(initialRows: InitialRows) throws(Failure) -> Bool

  /// How much may be under way, read before each batch is submitted. Holding back is the relay's work, so a sink can hold
  /// a whole window. Default: one batch, so that a sink that knows nothing of order keeps it.
  var window: DeliveryWindow { get }

  /// Takes a batch, behind all that were submitted before, and returns without waiting for a receiver.
  ///
  /// - Parameters:
  ///   - batch: events in the order of the log.
  ///   - done: to be called exactly once, on any thread, also before this returns: with nil when the whole batch is durable,
  ///     or else with the reason why it never will be. The relay only notes it.
  func submit(_ batch: EventBatch, done: @escaping Done)

  /// How it is getting on, so that deliveries that fail are told of. Read again and again. Default: nothing is known.
  var health: DeliveryHealth { get }

  /// Tells whether the destination could be delivered to now, without delivering anything. Default: nothing is known
  /// against it.
  func check() async throws(Failure)

  /// Starts a new output where the sink has such a thing, as on SIGHUP. Default: does nothing.
  func reopen()

  /// Ends delivering: no new attempt starts, every open `done` is called, then this returns, in bounded time. What is on the
  /// wire may still arrive. Called once, last; a sink of the same kind may then be made for the same destination.
  func close()
}

extension Sink {
  /// What is called when the fate of a batch is known.
  public typealias Done = @Sendable (Failure?) -> Void

  /// Nothing is known to be there.
  public var resumePosition: EventPosition? { nil }

  /// No position is kept.
  public var confirmed: Confirmation? { nil }

  /// Keeps nothing.
  public func record(confirmed: Confirmation) throws(Failure) {}

  /// Nothing is kept.
  public var tables: OutboxTables? { nil }

  /// Keeps nothing.
  public func record(tables: OutboxTables) throws(Failure) {}

  /// Nothing is kept.
  public var initialRows: InitialRows? { nil }

  /// Keeps nothing.
  public func record(initialRows: InitialRows) throws(Failure) -> Bool { false }

  /// One batch after another.
  public var window: DeliveryWindow { DeliveryWindow() }

  /// Nothing is known.
  public var health: DeliveryHealth { DeliveryHealth() }

  /// Nothing is known against it.
  public func check() async throws(Failure) {}

  /// Does nothing.
  public func reopen() {}
}

/// How much may be under way with a sink at once.
public struct DeliveryWindow: Hashable, Sendable {
  /// Bytes of batches. While fewer are under way another batch may be submitted, however large. Default: 1 MiB.
  public var bytes: Int
  /// Batches. Default: one.
  public var batches: Int
  /// How many batches may be under way before one that is not full waits for more events. Default: as many as `batches`.
  /// Two suit a sink that writes one batch after another: one is being written, one waits, and what comes meanwhile goes
  /// together.
  public var partialBatches: Int

  /// Makes a window.
  public init(bytes: Int = 1 << 20, batches: Int = 1, partialBatches: Int? = nil) {
    self.bytes = bytes
    self.batches = batches
    self.partialBatches = partialBatches ?? batches
  }

  /// Whether another batch may be submitted beside what is under way.
  public func hasRoom(besides batches: Int, bytes: Int) -> Bool { batches < self.batches && bytes < self.bytes }
}
