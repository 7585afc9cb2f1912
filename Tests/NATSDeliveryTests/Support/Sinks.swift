// SPDX-License-Identifier: Apache-2.0

import Delivery
import TestDelivery

@testable import NATSDelivery

/// A sink that does not wait long.
func natsSink(
  _ address: String, letters: MemoryLetters? = nil, parksKeys: Bool = false,
  _ change: (inout NATSConfiguration) -> Void = { _ in }
) throws -> NATSSink {
  var configuration = NATSConfiguration(address: address)
  configuration.stopsAtRefusal = letters == nil || parksKeys
  change(&configuration)
  return NATSSink(
    try NATSPublisher(configuration), .impatient,
    deadLetters: .keeping(letters, parksKeys: parksKeys))
}
