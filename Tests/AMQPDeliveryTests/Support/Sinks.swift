// SPDX-License-Identifier: Apache-2.0

import Delivery
import TestDelivery

@testable import AMQPDelivery

/// A sink that does not wait long.
func amqpSink(
  _ address: String, letters: MemoryLetters? = nil, exchange: String = "events", parksKeys: Bool = false,
  _ change: (inout AMQPConfiguration) -> Void = { _ in }
) throws -> AMQPSink {
  var configuration = AMQPConfiguration(address: address, exchange: exchange)
  configuration.stopsAtRefusal = letters == nil || parksKeys
  change(&configuration)
  return AMQPSink(
    try AMQPPublisher(configuration), .impatient,
    deadLetters: .keeping(letters, parksKeys: parksKeys))
}

/// Each key's numbers as they were seen first: what comes again is passed over.
func firstSeen(_ ids: [Int], keys: Int) -> [Int: [Int]] {
  var seen: Set<Int> = []
  return ids.reduce(into: [:]) { orders, id in
    if seen.insert(id).inserted { orders[id % keys, default: []].append(id) }
  }
}
