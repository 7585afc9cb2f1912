// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Testing

@testable import Supervision

struct TrendTests {
  @Test func `lag in seconds is the age of the log's end at that place`() {
    var history = TrendHistory()
    let start = ContinuousClock.now
    func add(_ second: Int, end: UInt64, at position: UInt64) -> Trend {
      history.add(
        .init(
          time: start + .seconds(second), events: second * 10, bytes: 0, confirmed: LSN(rawValue: position),
          end: LSN(rawValue: end), serverTime: Double(1000 + second)),
        [("server", LSN(rawValue: end)), ("confirmed", LSN(rawValue: position))])
    }
    #expect(add(0, end: 100, at: 100).lagSeconds["confirmed"] == 0)
    #expect(add(10, end: 200, at: 100).lagSeconds["confirmed"] == 10)
    let trend = add(20, end: 300, at: 150)
    #expect(trend.lagSeconds["confirmed"] == 15)
    #expect(trend.eventsPerSecond == 10 && trend.writtenPerSecond == 10 && trend.confirmedPerSecond == 2.5)
    #expect(trend.secondsLeft(of: 150) == nil)
    #expect(trend.secondsUntilWritten(50) == 5)
  }
}
