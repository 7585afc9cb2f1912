// SPDX-License-Identifier: Apache-2.0

import TestDelivery

@testable import Delivery
@testable import HTTPDelivery

/// What a sink is made of.
struct SinkParts {
  var http: HTTPConfiguration
  var delivery = KeyedDelivery()

  init(url: String) {
    http = HTTPConfiguration(url: url)
    // Generous, for a machine that is busy with other tests.
    http.responseTimeout = .seconds(10)
    delivery.retry.firstPause = .milliseconds(5)
    delivery.retry.longestPause = .milliseconds(50)
  }

  func sink(_ office: DeadLetterOffice) throws -> HTTPSink { try HTTPSink(http, delivery, deadLetters: office) }
}

/// Delivers events to a receiver, and waits until all are.
func deliver(
  _ samples: [Events.Sample], to url: String, _ office: DeadLetterOffice = DeadLetterOffice(),
  _ change: (inout SinkParts) -> Void = { _ in }
) async throws {
  var parts = SinkParts(url: url)
  change(&parts)
  let sink = try parts.sink(office)
  defer { sink.close() }
  try await sink.deliver(try Events.batch(samples))
}

func deliver(
  _ samples: [Events.Sample], to receiver: Receiver, _ office: DeadLetterOffice = DeadLetterOffice(),
  _ change: (inout SinkParts) -> Void = { _ in }
) async throws {
  try await deliver(samples, to: receiver.url, office, change)
}
