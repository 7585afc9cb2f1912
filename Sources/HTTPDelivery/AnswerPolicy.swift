// SPDX-License-Identifier: Apache-2.0

/// Which answers of a receiver mean what.
public struct AnswerPolicy: Hashable, Sendable {
  /// What an answer means.
  public enum Meaning: Hashable, Sendable {
    /// The receiver has it.
    case delivered
    /// Try again later.
    case retry
    /// It speaks of the receiver, not of the event: a redirect, credentials, an address where nobody is. Try again later,
    /// however often.
    case misdirected
    /// The receiver will never take it.
    case refused
    /// The receiver says that it is gone for good.
    case gone
  }

  /// Status codes to try again although they would be final.
  public var retried: Set<Int> = []
  /// Status codes that are final although they would be tried again.
  public var refused: Set<Int> = []

  /// Makes a policy with the defaults.
  public init() {}

  /// What a status code means. A code that no class has counts as 5xx. Source: RFC 9110, section 15.
  public func meaning(of status: Int) -> Meaning {
    if retried.contains(status) { return .retry }
    if status == 410 { return .gone }
    if refused.contains(status) { return .refused }
    switch status {
    case 200..<300: return .delivered
    case 300..<400, 401, 402, 403, 404, 405, 407, 421, 426, 451: return .misdirected
    case 408, 425, 429: return .retry
    case 501: return .refused
    case 400..<500: return .refused
    default: return .retry
    }
  }

  /// What is to be looked at after an answer that speaks of the receiver.
  ///
  /// - Parameters:
  ///   - status: the answer's.
  ///   - location: where it leads.
  ///   - isProved: whether requests say who sends them.
  static func hint(for status: Int, location: String? = nil, isProved: Bool = true) -> String {
    switch status {
    case 300..<400:
      location.map { "redirects are not followed: give the address that it names, \($0)" }
        ?? "redirects are not followed: give the receiver's own address"
    case 401 where !isProved, 403 where !isProved:
      "requests are not signed and have no credentials, and the receiver wants some"
    case 401, 403, 407: "check the credentials; their files are read again when they change"
    default: "check the address"
    }
  }
}
