public import IntegrationEvents

/// A place that events are delivered to.
///
/// There is one level of success: `deliver` returns when the whole batch is durable at the destination. Several
/// deliveries may be under way at once; they are started in order, each running without suspension at least as far as
/// the sink needs to fix its place in that order. After an error no later batch may become durable.
public protocol Sink: Sendable {
  /// The newest event that is durable at the destination already, so that it and all before it are not delivered again.
  var resumePosition: EventPosition? { get }

  /// Whether batches become durable one after another, so that there is no sense in handing over a small one while some
  /// are under way.
  var deliversInTurn: Bool { get }

  /// Delivers a batch; returns when it is durable.
  func deliver(_ batch: EventBatch) async throws(SinkError)

  /// Delivers a batch on the spot where that takes no longer than handing it over; false when it has to be handed over.
  /// Asked only while no delivery is under way.
  func deliverAtOnce(_ batch: EventBatch) throws(SinkError) -> Bool

  /// Starts a new output where the sink has such a thing, as on SIGHUP.
  func reopen()
}

extension Sink {
  /// Nothing is known to be there.
  public var resumePosition: EventPosition? { nil }

  /// Batches go side by side.
  public var deliversInTurn: Bool { false }

  /// Everything has to be handed over.
  public func deliverAtOnce(_ batch: EventBatch) throws(SinkError) -> Bool { false }

  /// Does nothing.
  public func reopen() {}
}

/// A sink cannot deliver.
public struct SinkError: Error, Hashable, Sendable {
  /// The kind, which decides the exit code.
  public enum Kind: Hashable, Sendable {
    /// Whoever read our output has gone: a clean end.
    case readerGone
    /// The output cannot be opened or created (sysexits 73).
    case cannotCreate
    /// Writing failed (74).
    case writeFailed
    /// The output belongs to another stream (78).
    case wrongStream
    /// The sink cannot work as it is set up (78).
    case misconfigured
    /// The receiver will never take an event (65).
    case refused
  }

  /// The kind, which decides the exit code.
  public let kind: Kind
  /// What happened and what to do about it, in one line.
  public let message: String

  /// Makes an error.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }
}
