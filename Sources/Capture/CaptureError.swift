/// A capture file cannot be written.
public struct CaptureError: Error, Hashable, Sendable {
  /// The kind, which decides the exit code.
  public enum Kind: Hashable, Sendable {
    /// The file cannot be created (sysexits 73).
    case cannotCreate
    /// Writing failed (74).
    case writeFailed
  }

  /// The kind.
  public let kind: Kind
  /// What happened, in one line.
  public let message: String

  init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }
}
