// SPDX-License-Identifier: Apache-2.0

package import Delivery

// What tests of brokers' sinks share.

extension KeyedDelivery {
  /// One that does not wait long.
  package static var impatient: KeyedDelivery {
    var delivery = KeyedDelivery()
    delivery.attemptEvents = 1000
    delivery.retry.firstPause = .milliseconds(5)
    delivery.retry.longestPause = .milliseconds(50)
    return delivery
  }
}

extension DeadLetterOffice {
  /// One that keeps letters there, or that stops at what is refused.
  package static func keeping(_ letters: MemoryLetters?, parksKeys: Bool = false) -> DeadLetterOffice {
    letters.map { DeadLetterOffice($0, parksKeys: parksKeys) } ?? DeadLetterOffice()
  }
}

/// Events whose ids are their numbers.
package func samples(_ range: Range<Int>, keys: Int, types: Int = 1) -> [Events.Sample] {
  range.map {
    Events.Sample(
      id: "\($0)", key: "k\($0 % keys)", data: #"{"n": \#($0)}"#, aggregateType: types == 1 ? "order" : "t\($0 % types)"
    )
  }
}

/// What did not come to be in its time.
package struct NotInTime: Error {
  package let what: String
}

/// Waits, but not for ever, until something is so.
package func eventually(
  _ what: String, within time: Duration = .seconds(60), _ isSo: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + time
  while ContinuousClock.now < deadline {
    if try await isSo() { return }
    try await Task.sleep(for: .milliseconds(20))
  }
  throw NotInTime(what: what)
}
