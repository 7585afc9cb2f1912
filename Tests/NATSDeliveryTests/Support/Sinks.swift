// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
import TestDelivery
import Testing

@testable import NATSDelivery

/// A sink that does not wait long.
func natsSink(
  _ address: String, letters: MemoryLetters? = nil, parksKeys: Bool = false,
  _ change: (inout NATSConfiguration) -> Void = { _ in }
) throws -> NATSSink {
  var configuration = NATSConfiguration(address: address)
  configuration.stopsAtRefusal = letters == nil || parksKeys
  change(&configuration)
  var delivery = KeyedDelivery()
  delivery.attemptEvents = 1000
  delivery.retry.firstPause = .milliseconds(5)
  delivery.retry.longestPause = .milliseconds(50)
  return NATSSink(
    try NATSPublisher(configuration), delivery,
    deadLetters: letters.map { DeadLetterOffice($0, parksKeys: parksKeys) } ?? DeadLetterOffice())
}

func samples(_ range: Range<Int>, keys: Int, types: Int = 1) -> [Events.Sample] {
  range.map {
    Events.Sample(
      id: "\($0)", key: "k\($0 % keys)", data: #"{"n": \#($0)}"#, aggregateType: types == 1 ? "order" : "t\($0 % types)"
    )
  }
}

/// Waits, but not for ever, until something is so.
func eventually(
  _ what: Comment, within time: Duration = .seconds(60), _ isSo: () async throws -> Bool,
  sourceLocation: SourceLocation = #_sourceLocation
) async throws {
  let deadline = ContinuousClock.now + time
  while ContinuousClock.now < deadline {
    if try await isSo() { return }
    try await Task.sleep(for: .milliseconds(20))
  }
  Issue.record(what, sourceLocation: sourceLocation)
}
