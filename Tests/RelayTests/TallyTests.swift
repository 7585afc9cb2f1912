// SPDX-License-Identifier: Apache-2.0

import Delivery
import PostgresWire
import Testing

@testable import Relay

struct TallyTests {
  @Test func `times fall into the bucket whose end they do not pass, and none is lost`() {
    var histogram = LatencyHistogram()
    for time: Int64 in [-5, 0, 250, 251, 60_000_000, 60_000_001, .max] {
      histogram.add(from: PostgresTimestamp(rawValue: 0), to: PostgresTimestamp(rawValue: time))
    }
    #expect(
      histogram.counts[0] == 3 && histogram.counts[1] == 1 && histogram.counts[16] == 1 && histogram.counts[17] == 2)
  }

  @Test func `a transaction is delivered with the batch that holds its end, after all before it`() {
    var tally = Tally()
    func count(_ histogram: LatencyHistogram) -> UInt64 {
      histogram.counts.indices.reduce(0) { $0 + histogram.counts[$1] }
    }
    tally.arrive()
    tally.commit(.now)
    tally.commit(.now)
    tally.submit()
    tally.submit()
    tally.commit(.now)
    tally.submit()
    #expect(count(tally.received) == 3 && count(tally.whole) == 0 && tally.oldest != nil)
    tally.settle(1)
    #expect(count(tally.whole) == 2)
    tally.settle(2)
    #expect(count(tally.whole) == 3 && count(tally.delivered) == 3 && tally.oldest == nil)
  }
}
