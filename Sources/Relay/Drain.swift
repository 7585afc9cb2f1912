// SPDX-License-Identifier: Apache-2.0

import PostgresWire

/// How long the end waits for the sink.
struct Drain {
  private let limit: Duration
  private var deadline: ContinuousClock.Instant?

  init(_ limit: Duration) {
    self.limit = limit
  }

  /// Whether the time is over; it begins with the first question.
  var isOver: Bool {
    mutating get {
      let end = deadline ?? .now + limit
      deadline = end
      return ContinuousClock.now >= end
    }
  }
}

extension Failure {
  /// The same where what lies before it was not delivered: what it advises may pass that too.
  var afterUndelivered: Failure {
    var failure = self
    failure.advice = "what was committed before is not delivered yet: let the sink take it, and run this again first"
    return failure
  }

  /// What was waited for is not confirmed.
  ///
  /// - Parameter hasServer: whether a server sends it again, or a recording is read.
  static func drainGivenUp(after limit: Duration, hasServer: Bool) -> Failure {
    let what: Wording = "gave up waiting for the sink after \(limit.formatted); what it has not taken is not "
    let longer: Wording = "\(setting: "drain-timeout") waits longer"
    return hasServer
      ? Failure(.drainGivenUp, what + "confirmed", advice: "it comes again at the next start; " + longer)
      : Failure(.drainGivenUp, what + "delivered", advice: longer)
  }
}
