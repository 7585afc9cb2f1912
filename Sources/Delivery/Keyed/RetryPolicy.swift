// SPDX-License-Identifier: Apache-2.0

/// How long to wait before trying again, and how often to try.
public struct RetryPolicy: Hashable, Sendable {
  /// How often to try before giving an event up; attempts that failed because of the receiver alone are not counted. Default:
  /// without end.
  public var maximumAttempts: Int?
  /// The first pause; each further one may be twice as long. Default: 200 ms.
  public var firstPause: Duration = .milliseconds(200)
  /// The longest pause. Default: 30 s.
  public var longestPause: Duration = .seconds(30)
  /// The longest pause that a receiver's wish is obeyed for in full. Default: 10 min.
  public var longestRetryAfter: Duration = .seconds(600)

  /// Makes a policy with the defaults.
  public init() {}

  /// The pause after so many failures: exponential, with full jitter.
  public func pause(afterFailures failures: Int) -> Duration {
    let doublings = min(max(0, failures - 1), 20)
    return min(firstPause * (1 << doublings), longestPause) * Double.random(in: 0...1)
  }
}
