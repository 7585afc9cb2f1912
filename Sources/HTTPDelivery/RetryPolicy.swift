/// Which answers of a receiver mean what, and how long to wait before trying again.
public struct RetryPolicy: Sendable {
  /// What an answer means.
  public enum Verdict: Hashable, Sendable {
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
  /// How often to try before giving an event up. Default: without end.
  public var maximumAttempts: Int?
  /// The first pause; each further one may be twice as long. Default: 200 ms.
  public var firstPause: Duration = .milliseconds(200)
  /// The longest pause. Default: 30 s.
  public var longestPause: Duration = .seconds(30)
  /// The longest `Retry-After` that is obeyed in full. Default: 10 min.
  public var longestRetryAfter: Duration = .seconds(600)

  /// Makes a policy with the defaults.
  public init() {}

  /// What a status code means. 408, 425, 429 and 5xx other than 501 may pass; all others will not.
  public func verdict(on status: Int) -> Verdict {
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

  /// The pause after so many failures: exponential, with full jitter.
  public func pause(afterFailures failures: Int) -> Duration {
    let doublings = min(max(0, failures - 1), 20)
    return min(firstPause * (1 << doublings), longestPause) * Double.random(in: 0...1)
  }
}
