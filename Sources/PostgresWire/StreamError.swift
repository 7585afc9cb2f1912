/// A failure of a source of frames: what happened, what to do about it, and whether trying again can help.
///
/// Never carries row values or secrets.
public struct StreamError: Error, Hashable, Sendable {
  /// The kind, which decides the exit code.
  public enum Kind: Hashable, Sendable {
    /// The request makes no sense (sysexits 64).
    case usage
    /// The data is malformed (65).
    case badData
    /// The server or a file cannot be reached now (69).
    case unavailable
    /// A defect of this program or an unexpected answer (70).
    case `internal`
    /// Not allowed (77).
    case permission
    /// Something must be set up differently (78).
    case configuration
  }

  /// The kind, which decides the exit code.
  public var kind: Kind
  /// What happened, in one line.
  public var message: String
  /// What the operator can do about it, in one line.
  public var advice: String?
  /// PostgreSQL's error code, where it sent one.
  public var sqlState: String?
  /// Whether the same attempt may succeed later.
  public var isRetryable: Bool

  /// Makes an error; line breaks in the message become spaces.
  public init(
    _ kind: Kind, _ message: String, advice: String? = nil, sqlState: String? = nil, isRetryable: Bool = false
  ) {
    self.kind = kind
    self.message = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    self.advice = advice
    self.sqlState = sqlState
    self.isRetryable = isRetryable
  }
}

extension StreamError: CustomStringConvertible {
  /// The message, the SQLSTATE and the advice in one line.
  public var description: String {
    message + (sqlState.map { " (SQLSTATE \($0))" } ?? "") + (advice.map { "; \($0)" } ?? "")
  }
}
