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
    /// The sink was closed before the batch was done.
    case closed
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

  /// What open batches are told when their sink is closed.
  public static let closed = SinkError(.closed, "the sink was closed")
}
