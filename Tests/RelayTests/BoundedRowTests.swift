// SPDX-License-Identifier: Apache-2.0

import Delivery
import IntegrationEvents
import TestStream
import Testing

@testable import Relay

@Suite struct BoundedRowTests {
  @Test func `long values are cut at a character, and the letter says how much there was`() throws {
    var pipeline = OutboxStream.keepingPipeline()
    pipeline.take(HandBuilt.begin(0x10), OutboxStream.relation())
    let long = String(repeating: "ä", count: 100_000)
    pipeline.take(HandBuilt.insert(1, [nil, .text(long), "order-1", "OrderPlaced", "x"]))
    let letter = try #require(pipeline.takeBadRows().first)
    #expect(letter.wholeSize ?? 0 > 200_000)
    #expect(letter.event.utf8.count < 20_000)
    #expect(letter.event.contains(#""aggregateid":"order-1""#))
    #expect(!letter.event.contains("\u{fffd}"))
  }
}
