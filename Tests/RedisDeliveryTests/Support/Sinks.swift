// SPDX-License-Identifier: Apache-2.0

import Delivery
import TestDelivery

@testable import RedisDelivery

/// A sink that does not wait long.
func redisSink(
  _ address: String, letters: MemoryLetters? = nil, parksKeys: Bool = false,
  _ change: (inout RedisConfiguration) -> Void = { _ in }
) throws -> RedisSink {
  var configuration = RedisConfiguration(address: address)
  configuration.stopsAtRefusal = letters == nil || parksKeys
  change(&configuration)
  var delivery = KeyedDelivery.impatient
  delivery.lane = configuration.lane
  return RedisSink(
    try RedisPublisher(configuration), delivery,
    deadLetters: .keeping(letters, parksKeys: parksKeys))
}
