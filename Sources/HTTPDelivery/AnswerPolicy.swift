/// Which answers of a receiver mean what.
public struct AnswerPolicy: Hashable, Sendable {
  /// What an answer means.
  public enum Meaning: Hashable, Sendable {
    /// The receiver has it.
    case delivered
    /// Try again later.
    case retry
    /// The receiver will never take it.
    case refused
  }

  /// Status codes to try again although they would be final.
  public var retried: Set<Int> = []
  /// Status codes that are final although they would be tried again.
  public var refused: Set<Int> = []

  /// Makes a policy with the defaults.
  public init() {}

  /// What a status code means. 408, 425, 429 and 5xx other than 501 may pass; all others will not.
  public func meaning(of status: Int) -> Meaning {
    if refused.contains(status) { return .refused }
    if retried.contains(status) { return .retry }
    switch status {
    case 200..<300: return .delivered
    case 408, 425, 429: return .retry
    case 501: return .refused
    case 500..<600: return .retry
    default: return .refused
    }
  }
}
