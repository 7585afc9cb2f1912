// SPDX-License-Identifier: Apache-2.0

import Delivery
import Foundation
import TestDelivery
import Testing

@testable import AMQPDelivery

/// A sink that does not wait long.
func amqpSink(
  _ address: String, letters: MemoryLetters? = nil, exchange: String = "events", parksKeys: Bool = false,
  _ change: (inout AMQPConfiguration) -> Void = { _ in }
) throws -> AMQPSink {
  var configuration = AMQPConfiguration(address: address, exchange: exchange)
  configuration.stopsAtRefusal = letters == nil || parksKeys
  change(&configuration)
  var delivery = KeyedDelivery()
  delivery.attemptEvents = 1000
  delivery.retry.firstPause = .milliseconds(5)
  delivery.retry.longestPause = .milliseconds(50)
  return AMQPSink(
    try AMQPPublisher(configuration), delivery,
    deadLetters: letters.map { DeadLetterOffice($0, parksKeys: parksKeys) } ?? DeadLetterOffice())
}

func samples(_ range: Range<Int>, keys: Int) -> [Events.Sample] {
  range.map { Events.Sample(id: "\($0)", key: "k\($0 % keys)", data: #"{"n": \#($0)}"#) }
}

/// Each key's numbers as they were seen first: what comes again is passed over.
func firstSeen(_ ids: [Int], keys: Int) -> [Int: [Int]] {
  var seen: Set<Int> = []
  return ids.reduce(into: [:]) { orders, id in
    if seen.insert(id).inserted { orders[id % keys, default: []].append(id) }
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
